//! Passwords: Argon2id, two at a time, off the threads that serve requests.

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::kernel::{Dice, DiceExt};

/// 19 MiB, two passes, one lane: the least that OWASP recommends.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The least characters of a password that stands alone (ASVS 5.0, 6.2.9).
pub const LEAST: usize = 15;
/// The most: enough for any sentence, too little to keep the hash busy.
pub const MOST: usize = 256;

/// Two hashes at once: each takes 19 MiB and a whole core.
static GATE: Semaphore = Semaphore::const_new(2);

/// Why a new password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// Fewer than [`LEAST`] characters.
    #[error("at least {LEAST} characters")]
    TooShort,
    /// More than [`MOST`] characters.
    #[error("at most {MOST} characters")]
    TooLong,
    /// One that everybody tries first.
    #[error("too easy to guess")]
    TooEasy,
}

/// Judges a new password. No rules about kinds of characters: length is what counts.
///
/// # Errors
/// Says what is wrong with it.
pub fn judge(password: &str, login: &str) -> Result<(), BadPassword> {
    let length = password.chars().count();
    if length < LEAST {
        return Err(BadPassword::TooShort);
    }
    if length > MOST {
        return Err(BadPassword::TooLong);
    }
    let lower = password.to_lowercase();
    let mut different: Vec<char> = lower.chars().collect();
    different.sort_unstable();
    different.dedup();
    let known = ["causeway", "password", "123456789", "qwertyuiop", "adminadmin"];
    if different.len() < 5 || lower.contains(login) || known.iter().any(|word| lower.contains(word)) {
        return Err(BadPassword::TooEasy);
    }
    Ok(())
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("these are within Argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

async fn gated<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let _permit = GATE.acquire().await.expect("the gate is never closed");
    spawn_blocking(work).await.expect("hashing does not panic")
}

/// The hash to keep, as a PHC string.
pub async fn hash(password: &str, dice: &dyn Dice) -> String {
    let (password, salt) = (password.to_owned(), dice.bytes::<16>());
    gated(move || {
        let hash: PasswordHash = argon2()
            .hash_password_with_salt(password.as_bytes(), &salt)
            .expect("the salt has 16 bytes and the output is of default length");
        hash.to_string()
    })
    .await
}

/// Whether `password` fits `kept`. Takes as long when there is nobody to compare with, so
/// that the time of the answer does not tell which names exist.
pub async fn fits(password: &str, kept: Option<String>) -> bool {
    let password = password.to_owned();
    gated(move || match kept.as_deref().map(PasswordHash::new) {
        Some(Ok(hash)) => argon2().verify_password(password.as_bytes(), &hash).is_ok(),
        Some(Err(_)) | None => {
            let mut out = [0; 32];
            let _ = argon2().hash_password_into(password.as_bytes(), b"nobody is called that", &mut out);
            false
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::LoadedDice;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_nobody_fits_nothing() {
        let kept = hash("a boat across the reeds", &LoadedDice::new(1)).await;

        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(fits("a boat across the reeds", Some(kept.clone())).await);
        assert!(!fits("a boat across the Reeds", Some(kept)).await);
        assert!(!fits("a boat across the reeds", None).await);
    }

    #[test]
    fn a_password_is_long_and_not_one_that_everybody_tries() {
        assert_eq!(judge("short", "lin.qiuyan"), Err(BadPassword::TooShort));
        assert_eq!(judge(&"长".repeat(257), "lin.qiuyan"), Err(BadPassword::TooLong));
        assert_eq!(judge("aaaaaaaaaaaaaaaaaa", "lin.qiuyan"), Err(BadPassword::TooEasy));
        assert_eq!(judge("lin.qiuyan lin.qiuyan", "lin.qiuyan"), Err(BadPassword::TooEasy));
        assert_eq!(judge("my password is long", "lin.qiuyan"), Err(BadPassword::TooEasy));
        assert_eq!(judge("a boat across the reeds", "lin.qiuyan"), Ok(()));
    }
}
