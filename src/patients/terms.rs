//! By what words a patient is found. Pure; the store keeps only their HMACs.
//!
//! Every prefix of the name, every pair of its characters, its pinyin and initials with
//! their prefixes, the telephone and the identity number whole and by their last four, and
//! the record number. A search is one equality on the HMAC of what was typed.

use crate::kernel::pinyin;

/// The shortest run of letters that is a term: one letter would fit half the list.
const FEWEST_LETTERS: usize = 2;

/// What is known of a person that they may be found by.
#[derive(Default)]
pub struct Known<'a> {
    /// Their name.
    pub name: &'a str,
    /// Their telephone.
    pub phone: Option<&'a str>,
    /// Their identity number.
    pub identity: Option<&'a str>,
    /// Their record number.
    pub record_no: &'a str,
}

/// Every word by which a person is found, once each.
pub fn of(known: &Known) -> Vec<String> {
    let name: Vec<char> = normal(known.name).chars().collect();
    let mut words: Vec<String> = (1..=name.len()).map(|end| name[..end].iter().collect()).collect();
    words.extend(name.windows(2).map(|pair| pair.iter().collect::<String>()));
    let latin = pinyin::read_name(known.name);
    words.extend(prefixes(&latin.whole()));
    words.extend(prefixes(&latin.initials()));
    for number in [known.phone, known.identity].into_iter().flatten() {
        let number = normal(number);
        words.extend(number.get(number.len().saturating_sub(4)..).map(str::to_owned));
        words.push(number);
    }
    let record = normal(known.record_no);
    words.extend(record.rsplit('-').next().map(|digits| digits.trim_start_matches('0').to_owned()));
    words.push(record);
    words.retain(|word| !word.is_empty());
    words.sort_unstable();
    words.dedup();
    words
}

/// What was typed into the search, or written into a record, made equal: no white space, no
/// dots between names, small letters, plain digits.
pub fn normal(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '·' | '•' | '\''))
        .map(|c| match c {
            '０'..='９' | 'Ｘ' | 'ｘ' => char::from_u32(c as u32 - '０' as u32 + '0' as u32).unwrap_or(c),
            other => other,
        })
        .flat_map(char::to_lowercase)
        .collect()
}

/// What is looked for: a line of a card reader, or one that was pasted from a list, is looked for
/// by the identity number in it.
pub fn asked(typed: &str) -> String {
    let is_of_number = |c: char| c.is_ascii_digit() || c == 'x';
    // Word for word first: a telephone behind the number is not part of it.
    for part in typed.split_whitespace().chain([typed]).map(normal) {
        if let Some(number) = part.split(|c| !is_of_number(c)).find(|run| run.len() == 18 || run.len() == 15)
        {
            return number.to_owned();
        }
    }
    normal(typed)
}

fn prefixes(letters: &str) -> Vec<String> {
    (FEWEST_LETTERS..=letters.len()).filter_map(|end| letters.get(..end)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(name: &str, typed: &str) -> bool {
        let known = Known {
            name,
            phone: Some("199 0000 0147"),
            identity: Some("99010219680312123X"),
            record_no: "P-000123",
        };
        of(&known).contains(&normal(typed))
    }

    #[test]
    fn a_name_is_found_by_characters_pinyin_and_initials() {
        for typed in
            ["赵", "赵长", "赵长河", "长河", "zhao", "ZhaoChang", "zhaochanghe", "zch", "zc", "赵 长河"]
        {
            assert!(finds("赵长河", typed), "{typed}");
        }
        for typed in ["河", "z", "hao", "李"] {
            assert!(!finds("赵长河", typed), "{typed}");
        }
    }

    #[test]
    fn numbers_are_found_whole_and_by_their_tails() {
        for typed in ["0147", "19900000147", "０１４７", "123x", "123X", "p-000123", "123"] {
            assert!(finds("赵长河", typed), "{typed}");
        }
        assert!(!finds("赵长河", "014"));
    }

    #[test]
    fn the_number_in_a_pasted_line_is_what_is_looked_for() {
        for line in [
            "赵长河，９９０１０２１９６８０３１２１２３Ｘ",
            "身份证号: 990102 19680312 123x",
            "99010219680312123x 19900000147",
            "99010219680312123X",
        ] {
            assert_eq!(asked(line), "99010219680312123x", "{line}");
        }
        assert_eq!(asked("199 0000 0147"), "19900000147");
        assert_eq!(asked("赵长河"), "赵长河");
    }

    #[test]
    fn a_surname_is_read_as_a_surname() {
        assert!(finds("曾小贤", "zeng"));
    }

    #[test]
    fn a_name_with_a_middle_dot_is_found_with_and_without_it() {
        assert!(finds("买买提·吐尔逊", "买买提吐尔逊"));
        assert!(finds("买买提·吐尔逊", "买买提·吐"));
    }
}
