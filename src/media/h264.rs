//! Where a decoder can start with H.264, read from a packet's first bytes (pure; RFC 6184).

/// Kinds of units: a sequence parameter set, several units in one packet, the first part of one.
const PARAMETERS: u8 = 7;
const AGGREGATE: u8 = 24;
const FRAGMENT: u8 = 28;

/// Whether a decoder can start with this packet: it brings the parameters of the key frame
/// that follows. WebRTC senders say them before each one (RFC 7742, section 6.2).
pub(super) fn starts_keyframe(payload: &[u8]) -> bool {
    let Some(first) = payload.first() else { return false };
    match first & 0x1f {
        AGGREGATE => units(&payload[1..]).any(|unit| unit & 0x1f == PARAMETERS),
        FRAGMENT => payload.get(1).is_some_and(|header| header & 0x9f == 0x80 | PARAMETERS),
        kind => kind == PARAMETERS,
    }
}

/// The first byte of each unit of an aggregate: each comes after its length.
fn units(mut rest: &[u8]) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let [high, low, tail @ ..] = rest else { return None };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let unit = tail.get(..length)?;
        rest = &tail[length..];
        unit.first().copied()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parameters_begin_a_key_frame_alone_in_an_aggregate_or_in_parts() {
        assert!(starts_keyframe(&[0x67, 0x42, 0xe0, 0x1f]));
        assert!(starts_keyframe(&[0x78, 0, 2, 0x67, 0x42, 0, 1, 0x68]));
        assert!(starts_keyframe(&[0x78, 0, 1, 0x09, 0, 2, 0x67, 0x42]));
        assert!(starts_keyframe(&[0x7c, 0x87, 0x42]));
    }

    #[test]
    fn a_frame_without_parameters_and_the_rest_of_one_are_no_place_to_start() {
        for packet in
            [&[0x65, 0x88][..], &[0x41, 0x9a], &[0x7c, 0x85, 0x88], &[0x7c, 0x07], &[0x78, 0, 9, 0x67]]
        {
            assert!(!starts_keyframe(packet), "{packet:x?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            starts_keyframe(&bytes);
        }
    }
}
