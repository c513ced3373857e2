//! The secret of an address and the signature of a message, as `standard-webhooks` has them. Pure.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::kernel::{Dice, DiceExt};

/// What stands before a secret, so that it is recognised in a wrong place.
const MARK: &str = "whsec_";

/// A fresh secret: 256 random bits.
pub fn draw(dice: &dyn Dice) -> Vec<u8> {
    dice.bytes::<32>().to_vec()
}

/// A secret as its receiver is shown it.
pub fn shown(secret: &[u8]) -> String {
    format!("{MARK}{}", STANDARD.encode(secret))
}

/// The header `webhook-signature`: one signature for each secret that is good just now.
pub fn header<'a>(secrets: impl IntoIterator<Item = &'a [u8]>, id: &str, seconds: i64, body: &str) -> String {
    let signed = format!("{id}.{seconds}.{body}");
    let one = |secret: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        format!("v1,{}", STANDARD.encode(hmac::sign(&key, signed.as_bytes())))
    };
    secrets.into_iter().map(one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_signed_as_the_specification_shows_it() {
        // The example of the specification's own libraries.
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();

        let signed =
            header([&*secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");

        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(shown(&secret), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }

    #[test]
    fn while_a_secret_is_being_changed_both_sign() {
        let both = header([&b"old"[..], &b"new"[..]], "dlv-1", 1, "{}");

        assert_eq!(both.split(' ').count(), 2);
    }
}
