//! The two facts the relay needs about a VP9 packet, read from its descriptor (pure; RFC 9628).

/// What the descriptor says, as far as it is needed.
struct Descriptor {
    /// Whether it needs no picture before it.
    stands_alone: bool,
    begins_frame: bool,
    /// Which spatial layer: 0 is the lowest.
    spatial: u8,
    /// Of the highest layer, in lines.
    height: Option<u16>,
}

/// Whether a decoder can start with this packet: the first of a frame that needs no other.
pub(super) fn starts_keyframe(payload: &[u8]) -> bool {
    read(payload).is_some_and(|first| first.stands_alone && first.begins_frame && first.spatial == 0)
}

/// How high the picture is, where the packet says it: key frames do.
pub(super) fn height(payload: &[u8]) -> Option<u16> {
    read(payload)?.height
}

fn read(payload: &[u8]) -> Option<Descriptor> {
    let mut rest = payload.iter().copied();
    let mut next = || rest.next();
    let flags = next()?;
    let has = |bit: u8| flags & bit != 0;
    let (has_id, predicted, has_layers, flexible) = (has(0x80), has(0x40), has(0x20), has(0x10));
    if has_id && next()? & 0x80 != 0 {
        // A picture id of two bytes.
        next()?;
    }
    let spatial = if has_layers { (next()? >> 1) & 0x07 } else { 0 };
    if has_layers && !flexible {
        next()?;
    }
    if flexible && predicted {
        // At most three pictures it is predicted from; the lowest bit says that another follows.
        for _ in 0..3 {
            if next()? & 0x01 == 0 {
                break;
            }
        }
    }
    let mut height = None;
    if has(0x02) {
        let structure = next()?;
        if structure & 0x10 != 0 {
            for _ in 0..=structure >> 5 {
                let [_, _, high, low] = [next()?, next()?, next()?, next()?];
                height = Some(u16::from_be_bytes([high, low]));
            }
        }
    }
    Some(Descriptor { stands_alone: !predicted, begins_frame: has(0x08), spatial, height })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As Chromium begins a picture of 640 by 360: an id of two bytes, layers, their structure.
    const FIRST: [u8; 11] = [0xaa, 0x80, 0x05, 0x00, 0x07, 0x18, 0x02, 0x80, 0x01, 0x68, 0x00];

    #[test]
    fn a_key_frame_is_known_and_says_how_high_it_is() {
        assert!(starts_keyframe(&FIRST));
        assert_eq!(height(&FIRST), Some(360));
        assert!(starts_keyframe(&[0x88, 0x05]), "without layers");
    }

    #[test]
    fn what_needs_another_picture_or_a_lower_layer_is_no_place_to_start() {
        assert!(!starts_keyframe(&[0xc8, 0x05]), "it is predicted");
        assert!(!starts_keyframe(&[0x84, 0x05]), "it is the end of a frame");
        assert!(!starts_keyframe(&[0xa8, 0x05, 0x03, 0x00]), "it is of an upper layer");
        assert!(!starts_keyframe(&[0xd8, 0x05, 0x03, 0x02]), "it is predicted from two");
        assert_eq!(height(&FIRST[..8]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            starts_keyframe(&bytes);
            height(&bytes);
        }
    }
}
