//! Pinyin: how a Chinese name is typed by somebody in a hurry.

use pinyin::ToPinyin;

/// Surnames that are not read as their first character usually is.
const SURNAMES: &[(char, &str)] = &[
    ('单', "shan"),
    ('曾', "zeng"),
    ('仇', "qiu"),
    ('解', "xie"),
    ('查', "zha"),
    ('盖', "ge"),
    ('朴', "piao"),
    ('覃', "qin"),
    ('缪', "miao"),
    ('翟', "zhai"),
    ('冼', "xian"),
    ('乐', "yue"),
    ('任', "ren"),
    ('区', "ou"),
    ('华', "hua"),
    ('尉', "wei"),
    ('万', "wan"),
    ('沈', "shen"),
    ('洗', "xian"),
    ('卜', "bu"),
];

/// Characters that are read otherwise in a given name than a dictionary reads them first.
const IN_NAMES: &[(char, &str)] = &[('长', "chang"), ('朝', "chao"), ('重', "chong"), ('行', "xing")];

/// Surnames of two characters, whole.
const LONG_SURNAMES: &[(&str, [&str; 2])] = &[
    ("欧阳", ["ou", "yang"]),
    ("司马", ["si", "ma"]),
    ("诸葛", ["zhu", "ge"]),
    ("上官", ["shang", "guan"]),
    ("慕容", ["mu", "rong"]),
    ("尉迟", ["yu", "chi"]),
    ("皇甫", ["huang", "fu"]),
    ("东方", ["dong", "fang"]),
    ("令狐", ["ling", "hu"]),
    ("长孙", ["zhang", "sun"]),
    ("夏侯", ["xia", "hou"]),
    ("公孙", ["gong", "sun"]),
];

/// The syllables of a text; what is no Chinese character stays as it is, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Syllables {
    parts: Vec<String>,
    surname: usize,
}

/// Reads an ordinary text: a place, a department.
pub fn read(text: &str) -> Syllables {
    Syllables { parts: text.chars().filter_map(syllable).collect(), surname: 0 }
}

/// Reads a person's name, with the surname in its own reading.
pub fn read_name(name: &str) -> Syllables {
    let mut parts: Vec<String> = name.chars().filter_map(in_name).collect();
    let mut surname = usize::from(!parts.is_empty());
    if let Some((_, reading)) = LONG_SURNAMES.iter().find(|(long, _)| name.starts_with(long)) {
        for (part, reading) in parts.iter_mut().zip(reading) {
            (*reading).clone_into(part);
        }
        surname = 2;
    } else if let Some((_, reading)) = SURNAMES.iter().find(|(one, _)| name.starts_with(*one))
        && let Some(part) = parts.first_mut()
    {
        (*reading).clone_into(part);
    }
    Syllables { parts, surname }
}

fn in_name(letter: char) -> Option<String> {
    let special = IN_NAMES.iter().find(|(one, _)| *one == letter);
    special.map_or_else(|| syllable(letter), |(_, reading)| Some((*reading).to_owned()))
}

fn syllable(letter: char) -> Option<String> {
    if letter.is_whitespace() || letter == '·' {
        return None;
    }
    match letter.to_pinyin() {
        // The keyboard has no ü; everybody types v.
        Some(reading) => Some(reading.plain().replace('ü', "v")),
        None if letter.is_alphanumeric() => Some(letter.to_lowercase().collect()),
        None => None,
    }
}

impl Syllables {
    /// `linqiuyan`
    pub fn whole(&self) -> String {
        self.parts.concat()
    }

    /// `lqy`
    pub fn initials(&self) -> String {
        self.parts.iter().filter_map(|part| part.chars().next()).collect()
    }

    /// `Lin Qiuyan`: surname and given name as they are written in Latin letters.
    pub fn shown(&self) -> String {
        let (surname, given) = self.parts.split_at(self.surname.min(self.parts.len()));
        [surname.concat(), given.concat()]
            .iter()
            .filter(|part| !part.is_empty())
            .map(|part| capital(part))
            .collect::<Vec<_>>()
            .join(" ")
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_with_its_surname_as_people_say_it() {
        assert_eq!(read_name("林秋雁").shown(), "Lin Qiuyan");
        assert_eq!(read_name("单远帆").whole(), "shanyuanfan");
        assert_eq!(read_name("欧阳明德").shown(), "Ouyang Mingde");
        assert_eq!(read_name("欧阳明德").initials(), "oymd");
        assert_eq!(read_name("吕望").whole(), "lvwang");
    }

    #[test]
    fn latin_letters_and_digits_stay() {
        assert_eq!(read("CT室 2").whole(), "ctshi2");
        assert_eq!(read("心血管内科").initials(), "xxgnk");
        assert_eq!(read_name("").shown(), "");
    }
}
