//! The two facts the relay needs about a VP8 packet, read from its first bytes (pure; RFC 7741).

/// Whether a decoder can start with this packet: the first of a key frame.
pub(super) fn starts_keyframe(payload: &[u8]) -> bool {
    frame_tag(payload).is_some_and(|tag| tag & 0x01 == 0)
}

/// How high the picture is, from the first packet of a key frame (RFC 6386, section 9.1).
pub(super) fn height(payload: &[u8]) -> Option<u16> {
    let frame = payload.get(frame_at(payload)?..)?;
    let [tag, _, _, 0x9d, 0x01, 0x2a, _, _, low, high, ..] = *frame else { return None };
    (tag & 0x01 == 0).then(|| u16::from_le_bytes([low, high]) & 0x3fff)
}

/// The first byte of the frame, when this packet is the first of one.
fn frame_tag(payload: &[u8]) -> Option<u8> {
    payload.get(frame_at(payload)?).copied()
}

/// Where the frame begins, when this packet is the first of one.
fn frame_at(payload: &[u8]) -> Option<usize> {
    let first = *payload.first()?;
    let starts_first_partition = first & 0x1f == 0x10;
    if !starts_first_partition {
        return None;
    }
    let mut at = 1;
    if first & 0x80 != 0 {
        let extended = *payload.get(1)?;
        at = 2;
        if extended & 0x80 != 0 {
            // The picture id is one byte, or two when its top bit is set.
            at += if payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
        }
        if extended & 0x40 != 0 {
            at += 1;
        }
        if extended & 0x30 != 0 {
            at += 1;
        }
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_frame_is_known_with_and_without_the_extended_descriptor() {
        assert!(starts_keyframe(&[0x10, 0x00]));
        assert!(!starts_keyframe(&[0x10, 0x01]));
        assert!(starts_keyframe(&[0x90, 0x80, 0x81, 0x02, 0x00]));
        assert!(starts_keyframe(&[0x90, 0xe0, 0x81, 0x02, 0x07, 0x40, 0x00]));
        assert!(!starts_keyframe(&[0x90, 0xe0, 0x81, 0x02, 0x07, 0x40, 0x01]));
    }

    #[test]
    fn the_middle_of_a_key_frame_is_no_place_to_start() {
        assert!(!starts_keyframe(&[0x00, 0x00]));
        assert!(!starts_keyframe(&[0x11, 0x00]));
    }

    #[test]
    fn a_key_frame_says_how_high_it_is() {
        let frame = [0x10, 0x00, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x41];
        assert_eq!(height(&frame), Some(360));
        assert_eq!(height(&frame[..10]), None);
        assert_eq!(height(&[0x10, 0x01, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x41]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            starts_keyframe(&bytes);
            height(&bytes);
        }
    }
}
