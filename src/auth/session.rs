//! Sessions: an opaque token in a cookie, its hash in the database. No signed tokens: a
//! session that is ended is over at once.

use std::{fmt, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::kernel::{Dice, DiceExt};

/// The cookie's name. The prefix makes browsers refuse it without `Secure`, with a domain or with another path.
pub const COOKIE: &str = "__Host-sid";

/// A shift: after this long a person signs in again, whatever they did.
pub const LIFE: Duration = Duration::from_hours(12);

/// What the cookie (or a one-time link) holds: 256 random bits.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Draws a fresh one.
    pub fn draw(dice: &dyn Dice) -> Self {
        Self(URL_SAFE_NO_PAD.encode(dice.bytes::<32>()))
    }

    /// Takes what a caller sent, if it can be a token at all.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).ok()?;
        (bytes.len() == 32).then(|| Self(text.trim().to_owned()))
    }

    /// Finds the session's token in a `Cookie` header.
    pub fn in_cookies(header: &str) -> Option<Self> {
        let value = header.split(';').find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
        Self::read(value)
    }

    /// What the database keeps instead of the token.
    pub fn hash(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.0.as_bytes()))
    }

    /// The token itself, for the cookie, the link or a test's caller.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The `Set-Cookie` that hands it to the browser.
    pub fn set_cookie(&self) -> String {
        format!("{COOKIE}={}; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age={}", self.0, LIFE.as_secs())
    }
}

/// The `Set-Cookie` that takes it away again.
pub fn clear_cookie() -> String {
    format!("{COOKIE}=; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=0")
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::LoadedDice;

    #[test]
    fn a_token_is_found_among_other_cookies_and_is_not_its_own_hash() {
        let token = Token::draw(&LoadedDice::new(3));

        let found = Token::in_cookies(&format!("lang=zh; {COOKIE}={}; x=1", token.reveal()));

        assert_eq!(found.as_ref(), Some(&token));
        assert_ne!(token.hash(), token.reveal());
        assert_eq!(format!("{token:?}"), "Token(…)");
    }

    #[test]
    fn what_cannot_be_a_token_is_not_looked_up() {
        assert_eq!(Token::in_cookies("__Host-sid=short"), None);
        assert_eq!(Token::in_cookies("__Host-sid2=AAAA"), None);
        assert_eq!(Token::in_cookies(""), None);
    }
}
