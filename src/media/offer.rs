//! The fence in front of the engine for session descriptions (pure).
//!
//! What may not come in is refused here by name; what must not be acted on is taken out.

use std::collections::{BTreeMap, BTreeSet};

use super::error::MediaError;
use super::model::{Kind, Mid};

/// The longest offer taken. A browser's offer with all codecs and eleven sections is 33 KB,
/// one with the codecs of this house 12 KB.
const LONGEST: usize = 32 * 1024;
/// Sections of an offer: eleven slots are pre-allocated, some room for a second camera.
const MOST_SECTIONS: usize = 20;

/// Which way a section goes, seen from the participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The participant sends.
    Up,
    /// The participant receives.
    Down,
    /// Both.
    Both,
    /// Neither, or switched off.
    Idle,
}

/// One section as offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offered {
    pub(super) mid: Mid,
    pub(super) kind: Kind,
    pub(super) way: Way,
}

/// An offer that passed the fence.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) text: String,
    pub(super) sections: Vec<Offered>,
}

impl Offer {
    /// Refuses what is too long, too many or a data channel; takes remote candidates out:
    /// the relay answers where it is asked from, and `.local` names would cost look-ups.
    pub(super) fn read(text: &str) -> Result<Self, MediaError> {
        if text.len() > LONGEST {
            return Err(MediaError::OfferTooLong);
        }
        if !text.starts_with("v=0") || text.bytes().any(|b| b == 0) {
            return Err(MediaError::BadOffer);
        }
        let mut kept = String::with_capacity(text.len());
        let mut sections: Vec<Draft> = Vec::new();
        let (mut codecs, mut here) = (Codecs::new(), Codecs::new());
        for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
            if is_candidate(line) {
                continue;
            }
            if let Some(media) = line.strip_prefix("m=") {
                if sections.len() == MOST_SECTIONS {
                    return Err(MediaError::TooManySections);
                }
                sections.push(Draft::open(media)?);
                agree(&mut codecs, &mut here)?;
            } else if let Some(section) = sections.last_mut() {
                section.read(line)?;
                describe(&mut here, line);
            }
            kept.push_str(line);
            kept.push_str("\r\n");
        }
        agree(&mut codecs, &mut here)?;
        let sections: Vec<Offered> = sections.into_iter().map(Draft::close).collect::<Result<_, _>>()?;
        let twice = |at: usize| sections[..at].iter().any(|other| other.mid == sections[at].mid);
        if sections.is_empty() || (0..sections.len()).any(twice) {
            return Err(MediaError::BadOffer);
        }
        Ok(Self { text: kept, sections })
    }
}

struct Draft {
    kind: Kind,
    off: bool,
    mid: Option<Mid>,
    way: Way,
}

impl Draft {
    fn open(media: &str) -> Result<Self, MediaError> {
        let mut words = media.split(' ');
        let kind = match words.next() {
            Some("audio") => Kind::Audio,
            Some("video") => Kind::Video,
            Some("application") => return Err(MediaError::DataChannel),
            Some(_) | None => return Err(MediaError::BadOffer),
        };
        let port = words.next().ok_or(MediaError::BadOffer)?;
        Ok(Self { kind, off: port == "0", mid: None, way: Way::Both })
    }

    fn read(&mut self, line: &str) -> Result<(), MediaError> {
        match line {
            "a=sendonly" => self.way = Way::Up,
            "a=recvonly" => self.way = Way::Down,
            "a=sendrecv" => self.way = Way::Both,
            "a=inactive" => self.way = Way::Idle,
            // A bundled section is written with port 0, too, and is not off.
            "a=bundle-only" => self.off = false,
            _ => {
                if let Some(mid) = line.strip_prefix("a=mid:") {
                    self.mid = Some(Mid::new(mid).ok_or(MediaError::BadOffer)?);
                }
            }
        }
        Ok(())
    }

    fn close(self) -> Result<Offered, MediaError> {
        let mid = self.mid.ok_or(MediaError::BadOffer)?;
        let way = if self.off { Way::Idle } else { self.way };
        Ok(Offered { mid, kind: self.kind, way })
    }
}

/// What payload types mean, by their number: the codec, and what tells it from its like.
type Codecs<'a> = BTreeMap<&'a str, BTreeSet<String>>;

/// Notes what a line of a section says of a payload type.
fn describe<'a>(here: &mut Codecs<'a>, line: &'a str) {
    let said = |start: &str| line.strip_prefix(start).and_then(|rest| rest.split_once(' '));
    if let Some((number, codec)) = said("a=rtpmap:") {
        here.entry(number).or_default().insert(codec.to_ascii_lowercase());
    } else if let Some((number, format)) = said("a=fmtp:") {
        let words = format.split(';').map(|word| word.trim().to_ascii_lowercase());
        here.entry(number).or_default().extend(words.filter_map(telling));
    }
}

/// The part of a format's parameter that makes it another codec's.
fn telling(word: String) -> Option<String> {
    match word.split_once('=')? {
        // Profile and constraints; the last two digits are the level, which may be another each way (RFC 6184).
        ("profile-level-id", id) if id.len() == 6 => id.get(..4).map(str::to_owned),
        ("profile-level-id" | "packetization-mode" | "profile-id" | "apt", _) => Some(word),
        _ => None,
    }
}

/// Adds a section's payload types to those of the others. In one bundle a number means one thing
/// (RFC 8843, section 9.1.1), and the engine stands on it.
fn agree<'a>(codecs: &mut Codecs<'a>, here: &mut Codecs<'a>) -> Result<(), MediaError> {
    for (number, meaning) in std::mem::take(here) {
        if *codecs.entry(number).or_insert_with(|| meaning.clone()) != meaning {
            return Err(MediaError::BadOffer);
        }
    }
    Ok(())
}

fn is_candidate(line: &str) -> bool {
    ["a=candidate:", "a=remote-candidates:", "a=end-of-candidates"]
        .iter()
        .any(|start| line.starts_with(start))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SMALL: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendonly\r\n\
        a=candidate:1 1 udp 2113937151 host.local 5000 typ host\r\na=end-of-candidates\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=recvonly\r\n";

    /// Two sections that send H.264 under one number, the second as `format` says.
    fn twice(format: &str) -> Result<Offer, MediaError> {
        let section = |mid: u8, format: &str| {
            format!(
                "m=video 9 UDP/TLS/RTP/SAVPF 126\r\na=mid:{mid}\r\na=rtpmap:126 H264/90000\r\n\
                 a=fmtp:126 {format}\r\n"
            )
        };
        let first = section(0, "profile-level-id=42e01f;packetization-mode=1");
        Offer::read(&format!("v=0\r\n{first}{}", section(1, format)))
    }

    #[test]
    fn a_payload_type_means_the_same_in_every_section() {
        assert!(twice("packetization-mode=1;profile-level-id=42E01F").is_ok());
        assert!(twice("profile-level-id=42e034;packetization-mode=1;max-fs=900").is_ok(), "another level");
        for other in [
            "profile-level-id=42001f;packetization-mode=1",
            "profile-level-id=42e01f",
            "profile-level-id=429496729642e01f;packetization-mode=1",
            "packetization-mode=1",
        ] {
            assert_eq!(twice(other).err(), Some(MediaError::BadOffer), "{other}");
        }
    }

    #[test]
    fn sections_are_read_in_their_order_and_candidates_are_taken_out() {
        let offer = Offer::read(SMALL).unwrap();

        let expected = [
            Offered { mid: Mid::new("0").unwrap(), kind: Kind::Audio, way: Way::Up },
            Offered { mid: Mid::new("1").unwrap(), kind: Kind::Video, way: Way::Down },
        ];
        assert_eq!(offer.sections, expected);
        assert!(!offer.text.contains("candidate"));
    }

    #[test]
    fn a_data_channel_is_refused_by_name() {
        let asked = format!("{SMALL}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n");

        assert_eq!(Offer::read(&asked).err(), Some(MediaError::DataChannel));
    }

    #[test]
    fn an_offer_is_refused_when_it_is_too_long_or_has_too_many_sections() {
        let long = format!("{SMALL}a=x:{}\r\n", "y".repeat(LONGEST));
        let many: String = (2..30).map(|n| format!("m=audio 9 X 111\r\na=mid:{n}\r\n")).collect();

        assert_eq!(Offer::read(&long).err(), Some(MediaError::OfferTooLong));
        assert_eq!(Offer::read(&format!("{SMALL}{many}")).err(), Some(MediaError::TooManySections));
    }

    #[test]
    fn two_sections_of_one_name_are_refused() {
        let twice = format!("{SMALL}m=audio 9 X 111\r\na=mid:1\r\n");

        assert_eq!(Offer::read(&twice).err(), Some(MediaError::BadOffer));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_fence_panic(text in "(v=0\r\n)?(m=(audio|video)? ?[0-9]{0,3}\r\n|a=mid:.{0,20}\r\n|.{0,40}\n){0,30}") {
            let _ = Offer::read(&text);
        }
    }
}
