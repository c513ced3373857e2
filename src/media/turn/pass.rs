//! Passes for the TURN server: made from a key, checked without being kept (pure).
//!
//! The user name says until when and for which seat, the credential is its HMAC. A nonce is
//! its own hour and sender under another key: a flood of askers leaves nothing behind.

use std::fmt;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::super::model::SeatId;
use super::Via;
use crate::kernel::{Dice, DiceExt};

/// New allocations can be made with a pass for this long; the page asks for another before.
const LASTS: Duration = Duration::from_secs(600);
/// A nonce is taken for this long.
const NONCE_LASTS: u64 = 600;
/// Bytes of a nonce's proof: guessing one costs more than the answer it would get is worth.
const PROOF: usize = 8;

/// What a participant shows to the TURN server.
#[derive(Clone, PartialEq, Eq)]
pub struct Pass {
    /// The user name.
    pub user: String,
    /// The credential.
    pub credential: String,
    /// How long allocations can be made with it.
    pub lasts: Duration,
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pass(…)")
    }
}

/// The keys that passes and nonces are made with: of this run only, as seats are.
#[derive(Clone)]
pub(in crate::media) struct Passes {
    passes: hmac::Key,
    nonces: hmac::Key,
    start: Instant,
}

impl Passes {
    pub(in crate::media) fn new(dice: &dyn Dice, start: Instant) -> Self {
        let key = || hmac::Key::new(hmac::HMAC_SHA256, &dice.bytes::<32>());
        Self { passes: key(), nonces: key(), start }
    }

    /// A pass for a seat.
    pub(in crate::media) fn issue(&self, seat: SeatId, now: Instant) -> Pass {
        let user = format!("{}:{}", self.seconds(now) + LASTS.as_secs(), seat.0);
        Pass { credential: self.credential(&user), user, lasts: LASTS }
    }

    pub(super) fn credential(&self, user: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.passes, user.as_bytes()))
    }

    /// Whose pass a user name claims to be, and whether its time is not over.
    pub(super) fn read(&self, user: &str, now: Instant) -> Option<(SeatId, bool)> {
        let (until, seat) = user.split_once(':')?;
        let until: u64 = until.parse().ok()?;
        Some((SeatId(seat.parse().ok()?), until >= self.seconds(now)))
    }

    pub(in crate::media) fn nonce(&self, client: Via, now: Instant) -> String {
        let at = (self.seconds(now) as u32).to_be_bytes();
        let mut nonce = at.to_vec();
        nonce.extend_from_slice(&self.proof(at, client).as_ref()[..PROOF]);
        URL_SAFE_NO_PAD.encode(nonce)
    }

    pub(super) fn is_fresh(&self, nonce: &str, client: Via, now: Instant) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(nonce) else { return false };
        let Some((at, proof)) = bytes.split_first_chunk::<4>() else { return false };
        let age = self.seconds(now).checked_sub(u64::from(u32::from_be_bytes(*at)));
        let is_ours = aws_lc_rs::constant_time::verify_slices_are_equal(
            proof,
            &self.proof(*at, client).as_ref()[..PROOF],
        );
        age.is_some_and(|age| age < NONCE_LASTS) && is_ours.is_ok()
    }

    fn proof(&self, at: [u8; 4], client: Via) -> hmac::Tag {
        let mut signing = hmac::Context::with_key(&self.nonces);
        signing.update(&at);
        signing.update(format!("{client:?}").as_bytes());
        signing.sign()
    }

    fn seconds(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.start).as_secs()
    }
}
