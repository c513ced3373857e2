//! From a text to a frame, or to the polite answer.

use serde_json::Value;

use super::{ClientSays, Code, Command, Passing, Refused};

/// How deep a frame may be nested. The deepest we speak has five levels.
pub const MAX_DEPTH: usize = 16;

/// Why a text was not a frame to act on.
#[derive(Debug, Clone, PartialEq)]
pub enum Unread {
    /// Not a JSON object with a kind in `t`, or nested too deeply: no browser of ours says so.
    Noise,
    /// To be answered, and nothing else happens.
    Answer {
        /// The `id` of the frame, 0 if it had none.
        id: u32,
        /// Why it was not taken.
        why: Refused,
    },
    /// A passing kind from a newer browser: it may be lost, so it is.
    PassOver,
}

/// Reads one frame.
pub fn read(text: &str) -> Result<ClientSays, Unread> {
    if too_deep(text) {
        return Err(Unread::Noise);
    }
    let frame: Value = serde_json::from_str(text).map_err(|_| Unread::Noise)?;
    let kind = frame.get("t").and_then(Value::as_str).ok_or(Unread::Noise)?;
    let id = frame.get("id").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
    match kind {
        "hello" | "sig" | "ack" | "ping" => {}
        "cmd" => known_command(&frame).map_err(|code| answer(id, code))?,
        "eph" => {
            let k = frame.get("k").and_then(Value::as_str).unwrap_or_default();
            if !Passing::KINDS.contains(&k) {
                return Err(Unread::PassOver);
            }
        }
        _ => return Err(answer(id, Code::UnknownType)),
    }
    let too_large = oversized(&frame);
    serde_json::from_value(frame)
        .map_err(|_| answer(id, if too_large { Code::TooLarge } else { Code::BadRequest }))
}

fn answer(id: u32, code: Code) -> Unread {
    Unread::Answer { id, why: Refused::new(code) }
}

fn known_command(frame: &Value) -> Result<(), Code> {
    let word = frame.pointer("/do/type").and_then(Value::as_str).ok_or(Code::BadRequest)?;
    if Command::KNOWN.contains(&word) {
        Ok(())
    } else if Command::RESERVED.contains(&word) {
        Err(Code::Unsupported)
    } else {
        Err(Code::UnknownType)
    }
}

/// Whether the session description in it is what makes it too large.
fn oversized(frame: &Value) -> bool {
    ["/sdp", "/do/offer", "/resume/join/offer/sdp"]
        .iter()
        .filter_map(|at| frame.pointer(at).and_then(Value::as_str))
        .any(|sdp| sdp.len() > 32 * 1024)
}

/// Counts brackets outside of strings, before anything is built in memory.
fn too_deep(text: &str) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> (u32, Code) {
        match read(text) {
            Err(Unread::Answer { id, why }) => (id, why.code),
            other => panic!("expected an answer, got {other:?}"),
        }
    }

    #[test]
    fn an_unknown_kind_is_answered_by_name() {
        assert_eq!(code(r#"{"t":"dance","id":7}"#), (7, Code::UnknownType));
        assert_eq!(code(r#"{"t":"dance"}"#), (0, Code::UnknownType));
    }

    #[test]
    fn a_reserved_command_is_unsupported_and_a_strange_one_unknown() {
        let cmd = |word: &str| format!(r#"{{"t":"cmd","id":3,"op":"x","do":{{"type":"{word}"}}}}"#);

        assert_eq!(code(&cmd("rec.request")), (3, Code::Unsupported));
        assert_eq!(code(&cmd("dance")), (3, Code::UnknownType));
        assert_eq!(code(&cmd("leave")), (3, Code::BadRequest));
    }

    #[test]
    fn unknown_fields_are_ignored() {
        assert_eq!(read(r#"{"t":"ack","n":4,"colour":"red"}"#), Ok(ClientSays::Ack { n: 4 }));
    }

    #[test]
    fn a_passing_kind_from_a_newer_browser_is_passed_over() {
        assert_eq!(read(r#"{"t":"eph","k":"confetti"}"#), Err(Unread::PassOver));
    }

    #[test]
    fn a_malformed_description_is_a_bad_request_and_a_huge_one_too_large() {
        let offer = |sdp: &str| {
            serde_json::json!({ "t": "sig", "consult": "con-019aa5e0c40070008000000000000001", "neg": 1,
                "kind": "offer", "sdp": sdp })
            .to_string()
        };

        assert_eq!(code(&offer("nonsense")), (0, Code::BadRequest));
        assert_eq!(code(&offer(&format!("v=0\r\na={}", "x".repeat(33 * 1024)))), (0, Code::TooLarge));
    }

    #[test]
    fn a_depth_bomb_is_noise_before_it_is_parsed() {
        let bomb = format!("{}{}", r#"{"t":"cmd","do":"#, "[".repeat(50_000));

        assert_eq!(read(&bomb), Err(Unread::Noise));
        assert!(read(r#"{"t":"ack","n":1,"s":"[[[[[[[[[[[[[[[[[[[[[[\"[["}"#).is_ok());
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_answered_and_never_a_panic(text in "\\PC{0,400}") {
            let _ = read(&text);
        }

        #[test]
        fn a_damaged_frame_is_never_a_panic(cut in 0_usize..200, byte in any::<u8>()) {
            let good = r#"{"t":"hello","v":1,"device":"d","caps":[],"resume":{"sid":"s","key":"k","last_n":4}}"#;
            let mut bytes = good.as_bytes().to_vec();
            let at = cut % bytes.len();
            bytes[at] = byte;
            let _ = read(&String::from_utf8_lossy(&bytes));
        }
    }
}
