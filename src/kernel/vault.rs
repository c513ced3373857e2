//! The vault: what a thief of the disk must not read, and how it is still found.
//!
//! Fields are sealed with AES-256-GCM under a key derived from the master key; the place
//! of the field (`table/column/row`) is authenticated with it, so that a sealed value
//! cannot be moved to another row. Search terms are HMAC-SHA-256 under a second key, cut
//! to 128 bit, and are matched by equality.

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hkdf, hmac,
};

use super::{Dice, DiceExt};

/// Format 1: version byte, 96-bit nonce, ciphertext and tag.
const FORMAT: u8 = 1;
const NONCE: usize = 12;

/// Seals and opens fields, and turns search words into terms.
pub struct Vault {
    seal: LessSafeKey,
    terms: hmac::Key,
}

/// A sealed value that this vault's key does not open, or not at this place.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a sealed value does not open")]
pub struct CannotOpen;

struct KeyLength;

impl hkdf::KeyType for KeyLength {
    fn len(&self) -> usize {
        32
    }
}

/// Derives the key for one purpose (RFC 5869).
fn derive(master: &[u8; 32], purpose: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"causeway vault 1")
        .extract(master)
        .expand(&[purpose], KeyLength)
        .and_then(|okm| okm.fill(&mut key))
        .expect("32 bytes are within what HKDF-SHA-256 gives");
    key
}

impl Vault {
    /// A vault under `master`, 32 random bytes that live outside the database.
    pub fn new(master: &[u8; 32]) -> Self {
        let seal = UnboundKey::new(&AES_256_GCM, &derive(master, b"fields")).expect("the key has 32 bytes");
        Self {
            seal: LessSafeKey::new(seal),
            terms: hmac::Key::new(hmac::HMAC_SHA256, &derive(master, b"search terms")),
        }
    }

    /// Seals `plain` for its `place`, such as `patients/name/pat-…`.
    pub fn seal(&self, place: &str, plain: &[u8], dice: &dyn Dice) -> Vec<u8> {
        let nonce = dice.bytes::<NONCE>();
        let mut body = plain.to_vec();
        self.seal
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.as_bytes()),
                &mut body,
            )
            .expect("a field is far shorter than the limit of AES-GCM");
        let mut sealed = Vec::with_capacity(1 + NONCE + body.len());
        sealed.push(FORMAT);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        sealed
    }

    /// Opens what [`Vault::seal`] sealed for the same `place`.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, CannotOpen> {
        let (&format, rest) = sealed.split_first().ok_or(CannotOpen)?;
        let (nonce, body) = rest.split_at_checked(NONCE).ok_or(CannotOpen)?;
        if format != FORMAT {
            return Err(CannotOpen);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| CannotOpen)?;
        let mut body = body.to_vec();
        let plain =
            self.seal.open_in_place(nonce, Aad::from(place.as_bytes()), &mut body).map_err(|_| CannotOpen)?;
        Ok(plain.to_vec())
    }

    /// Seals a text.
    pub fn seal_text(&self, place: &str, plain: &str, dice: &dyn Dice) -> Vec<u8> {
        self.seal(place, plain.as_bytes(), dice)
    }

    /// Opens a text.
    pub fn open_text(&self, place: &str, sealed: &[u8]) -> Result<String, CannotOpen> {
        String::from_utf8(self.open(place, sealed)?).map_err(|_| CannotOpen)
    }

    /// The term under which `word` of one `kind` (such as `name` or `phone`) is found: 32 hex digits.
    pub fn term(&self, kind: &str, word: &str) -> String {
        let mut context = hmac::Context::with_key(&self.terms);
        context.update(kind.as_bytes());
        context.update(&[0]);
        context.update(word.as_bytes());
        context.sign().as_ref()[..16].iter().fold(String::with_capacity(32), |mut hex, byte| {
            use fmt::Write as _;
            write!(hex, "{byte:02x}").expect("writing to a String cannot fail");
            hex
        })
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::LoadedDice;

    #[test]
    fn a_sealed_value_opens_only_at_its_place_and_under_its_key() {
        let (vault, dice) = (Vault::new(&[7; 32]), LoadedDice::new(1));

        let sealed = vault.seal_text("patients/name/1", "赵长河", &dice);

        assert_eq!(vault.open_text("patients/name/1", &sealed).as_deref(), Ok("赵长河"));
        assert_eq!(vault.open("patients/name/2", &sealed), Err(CannotOpen));
        assert_eq!(Vault::new(&[8; 32]).open("patients/name/1", &sealed), Err(CannotOpen));
        assert_eq!(vault.open("patients/name/1", &sealed[..5]), Err(CannotOpen));
    }

    #[test]
    fn a_term_is_the_same_for_the_same_word_and_kind_only() {
        let vault = Vault::new(&[7; 32]);

        assert_eq!(vault.term("name", "zch"), vault.term("name", "zch"));
        assert_ne!(vault.term("name", "zch"), vault.term("phone", "zch"));
    }
}
