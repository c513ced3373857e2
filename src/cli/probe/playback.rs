//! What the synthetic participant sends: a tone as Opus and a small picture as VP8, encoded
//! once by a browser and played in a circle, so that whoever listens hears and sees something.

/// Frames of 20 ms: 440 Hz, one second.
const TONE: &[u8] = include_bytes!("tone.opus");

/// Ten frames a second, two seconds, the first one whole: a ball on blue, 160 × 96.
const PICTURE: &[u8] = include_bytes!("picture.vp8");

/// Ticks of the video clock between two frames.
pub const PICTURE_TICKS: u32 = 9_000;

/// The frames of the tone.
pub fn tone() -> Vec<&'static [u8]> {
    frames(TONE)
}

/// The frames of the picture.
pub fn picture() -> Vec<&'static [u8]> {
    frames(PICTURE)
}

/// Each frame stands behind its length in two bytes.
fn frames(mut rest: &'static [u8]) -> Vec<&'static [u8]> {
    let mut found = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let Some((frame, after)) = after.split_at_checked(usize::from(u16::from_be_bytes(*length))) else {
            break;
        };
        found.push(frame);
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_whole_and_each_frame_fits_a_packet() {
        assert_eq!((tone().len(), picture().len()), (50, 20));
        assert!(tone().iter().chain(&picture()).all(|frame| (20..1_100).contains(&frame.len())));
        assert_eq!(picture()[0][0] & 1, 0, "the first picture is whole");
    }
}
