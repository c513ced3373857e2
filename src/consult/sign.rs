//! The signature under an opinion.
//!
//! Ed25519 (RFC 8032) under a key of this installation, derived from the vault: it shows
//! that the server stored these words at this time for this author and that nobody has
//! changed them since. It is **not a qualified CA signature** of the doctor, and says so
//! in its kind, `local_ed25519`. A hospital's signature service would stand here.

use std::fmt::Write as _;

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::Ed25519KeyPair,
};
use serde_json::json;

use super::model::{NextStep, OpinionText};
use crate::kernel::{ConsultId, Timestamp, UserId, Vault};

/// What kind of signature [`sign`] makes.
pub const KIND: &str = "local_ed25519";

/// What is signed: the words, and what ties them to one consult, author and time.
pub struct Signed<'a> {
    /// Of which consult.
    pub consult: ConsultId,
    /// Which version of its opinion.
    pub version_no: i64,
    /// Whose words.
    pub author: UserId,
    /// When.
    pub at: Timestamp,
    /// The words.
    pub text: &'a OpinionText,
    /// What to do next.
    pub next: NextStep,
}

impl Signed<'_> {
    /// One text for one content: JSON with its keys in order and no spaces.
    fn canonical(&self) -> String {
        json!({
            "v": 1, "consult": self.consult, "version_no": self.version_no, "author": self.author,
            "signed_at": self.at, "opinion": self.text, "next": self.next,
        })
        .to_string()
    }

    /// SHA-256 of the canonical text, hex.
    pub fn hash(&self) -> String {
        digest(&SHA256, self.canonical().as_bytes()).as_ref().iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("writing to a String cannot fail");
            hex
        })
    }
}

/// Signs the hash.
pub fn sign(vault: &Vault, hash: &str) -> Vec<u8> {
    pair(vault).sign(hash.as_bytes()).as_ref().to_vec()
}

/// The installation's key. Two terms of 128 bit each, as hex, are hashed to the 32 bytes of a seed.
fn pair(vault: &Vault) -> Ed25519KeyPair {
    let words = [vault.term("signing key", "ed25519/1"), vault.term("signing key", "ed25519/2")].concat();
    Ed25519KeyPair::from_seed_unchecked(digest(&SHA256, words.as_bytes()).as_ref())
        .expect("a SHA-256 digest has the length of an Ed25519 seed")
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519, KeyPair as _, UnparsedPublicKey};

    use super::*;
    use crate::{consult::model::Diagnosis, kernel::LoadedDice};

    /// True if this installation signed `hash`.
    fn holds(vault: &Vault, hash: &str, signature: &[u8]) -> bool {
        let pair = pair(vault);
        UnparsedPublicKey::new(&ED25519, pair.public_key().as_ref())
            .verify(hash.as_bytes(), signature)
            .is_ok()
    }

    #[test]
    fn a_changed_word_breaks_the_signature() {
        let (at, dice, vault) =
            (Timestamp::from_millis(1_763_776_800_000), LoadedDice::new(2), Vault::new(&[7; 32]));
        let mut text = OpinionText {
            conclusion: "Stable".to_owned(),
            advice: "Go on".to_owned(),
            diagnoses: vec![Diagnosis { code: None, text: "Angina".to_owned() }],
        };
        let (consult, author) = (ConsultId::draw(at, &dice), UserId::draw(at, &dice));
        let hash_of = |text: &OpinionText| {
            Signed { consult, version_no: 1, author, at, text, next: NextStep::TreatHere }.hash()
        };

        let hash = hash_of(&text);
        let signature = sign(&vault, &hash);
        assert!(holds(&vault, &hash, &signature));

        text.advice.push('.');
        assert!(!holds(&vault, &hash_of(&text), &signature));
        assert!(!holds(&Vault::new(&[8; 32]), &hash, &signature));
    }
}
