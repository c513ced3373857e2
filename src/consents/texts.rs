//! The texts that people sign, by version, in both languages.
//!
//! A text that was put before a patient is never changed again: a better one gets the next
//! number and the old one stays here, because consents of years ago point to it. The hash is
//! kept with each consent, so that it shows if somebody changed the words after all.

use aws_lc_rs::digest::{SHA256, digest};

use super::model::Scope;
use crate::words;

words! {
    /// The language a text was read in.
    pub enum TextLang {
        /// Chinese.
        Zh = "zh",
        /// English.
        En = "en",
    }
}

/// One text in one language.
#[derive(Debug, PartialEq, Eq)]
pub struct Text {
    /// What it is about.
    pub scope: Scope,
    /// 1, 2, 3, …
    pub version: i64,
    /// In which language.
    pub lang: TextLang,
    /// The words; the first line is the heading.
    pub words: &'static str,
}

const TEXTS: &[Text] = &[
    text(Scope::Consult, 1, TextLang::Zh, include_str!("texts/consult-1.zh.txt")),
    text(Scope::Consult, 1, TextLang::En, include_str!("texts/consult-1.en.txt")),
    text(Scope::Referral, 1, TextLang::Zh, include_str!("texts/referral-1.zh.txt")),
    text(Scope::Referral, 1, TextLang::En, include_str!("texts/referral-1.en.txt")),
];

const fn text(scope: Scope, version: i64, lang: TextLang, words: &'static str) -> Text {
    Text { scope, version, lang, words }
}

impl Text {
    /// SHA-256 of the words, hex.
    pub fn hash(&self) -> String {
        digest(&SHA256, self.words.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A text that there is or was.
pub fn find(scope: Scope, version: i64, lang: TextLang) -> Option<&'static Text> {
    TEXTS.iter().find(|text| text.scope == scope && text.version == version && text.lang == lang)
}

/// The newest text about `scope` in each language.
pub fn newest(scope: Scope) -> Vec<&'static Text> {
    let last = TEXTS.iter().filter(|text| text.scope == scope).map(|text| text.version).max();
    TEXTS.iter().filter(|text| text.scope == scope && Some(text.version) == last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was put before patients. A line here is never changed; a new version adds two.
    const SIGNED: &[(Scope, i64, TextLang, &str)] = &[
        (Scope::Consult, 1, TextLang::Zh, "fdebcbd68c8358c0a9b9e3c07dd7b13948162e285f70739243ae7c563890f27a"),
        (Scope::Consult, 1, TextLang::En, "eb74cf47df54dc5e8246449fecfca4d24816c6f416b2b8b8a62fa410f1e2796d"),
        (
            Scope::Referral,
            1,
            TextLang::Zh,
            "f8b275771f6aa0f3d3a80b48e7787b49563f37c662e5f7993ddadae46e47bc69",
        ),
        (
            Scope::Referral,
            1,
            TextLang::En,
            "eee88e5dca06f56dac3bea5b11552fe1d620ba08ba5174782756a69c3940eb66",
        ),
    ];

    #[test]
    fn a_text_that_was_signed_is_never_changed() {
        let now: Vec<_> =
            TEXTS.iter().map(|text| (text.scope, text.version, text.lang, text.hash())).collect();
        let then: Vec<_> = SIGNED
            .iter()
            .map(|(scope, version, lang, hash)| (*scope, *version, *lang, (*hash).to_owned()))
            .collect();

        assert_eq!(now, then);
    }

    #[test]
    fn the_newest_text_is_there_in_both_languages() {
        for scope in Scope::ALL {
            let langs: Vec<_> = newest(*scope).iter().map(|text| text.lang).collect();
            assert_eq!(langs, [TextLang::Zh, TextLang::En], "{scope}");
        }
    }
}
