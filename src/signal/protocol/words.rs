//! The validated words that frames are made of: the parser is the fence.
//!
//! What does not fit is refused while reading, so that no command ever sees an
//! oversized description, a key that is no key or a topic that nobody keeps.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::kernel::{ConsultId, DepartmentId, UserId};

/// A word was refused while reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadWord {
    /// More bytes than this word may have.
    #[error("too large")]
    TooLarge,
    /// Not what this word looks like.
    #[error("not well formed")]
    Malformed,
}

macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        pub struct $name(String);

        impl $name {
            /// Takes `text` if it is one.
            pub fn new(text: impl Into<String>) -> Result<Self, BadWord> {
                let text = text.into();
                let check: fn(&str) -> Result<(), BadWord> = $check;
                check(&text).map(|()| Self(text))
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // Descriptions name addresses, keys open sessions: neither belongs in a log.
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    };
}

word!(
    /// A session description: at most 32 KiB, and never one that asks for a data channel
    /// (patient data travels on the journal's way, not beside it).
    Sdp,
    check_sdp
);
word!(
    /// The idempotency key of a command: a UUID that the browser drew.
    OpKey,
    |text| match uuid::Uuid::try_parse(text) {
        Ok(_) if text.len() == 36 => Ok(()),
        _ => Err(BadWord::Malformed),
    }
);
word!(
    /// The name a browser gives itself, so that its owner can tell two tabs apart.
    Device,
    |text| token(text, 64)
);
word!(
    /// Something a browser can do, by name.
    Cap,
    |text| token(text, 32)
);
word!(
    /// A one-use key for somebody without an account.
    Ticket,
    |text| token(text, 200)
);
word!(
    /// Names one signaling session of one browser.
    Sid,
    |text| token(text, 64)
);
word!(
    /// Proves that a browser is the one that held the session before.
    SidKey,
    |text| token(text, 64)
);
/// Sections a description may have: four people's worth of slots and ample spares.
const MOST_SECTIONS: usize = 64;

fn check_sdp(text: &str) -> Result<(), BadWord> {
    if text.len() > 32 * 1024 {
        return Err(BadWord::TooLarge);
    }
    let mut lines = text.lines();
    if lines.next() != Some("v=0") {
        return Err(BadWord::Malformed);
    }
    let mut sections = 0;
    for line in lines {
        let mut bytes = line.bytes();
        let (kind, is) = (bytes.next(), bytes.next());
        if !kind.is_some_and(|k| k.is_ascii_lowercase()) || is != Some(b'=') || line.contains('\0') {
            return Err(BadWord::Malformed);
        }
        if let Some(section) = line.strip_prefix("m=") {
            sections += 1;
            if sections > MOST_SECTIONS || !(section.starts_with("audio ") || section.starts_with("video ")) {
                return Err(BadWord::Malformed);
            }
        }
    }
    Ok(())
}

fn token(text: &str, max: usize) -> Result<(), BadWord> {
    if text.len() > max {
        return Err(BadWord::TooLarge);
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.:+/=".contains(&b);
    if text.is_empty() || !text.bytes().all(fits) {
        return Err(BadWord::Malformed);
    }
    Ok(())
}

/// What a `state` frame tells about: each topic is told whole, newest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// Who of the watched people is reachable.
    Presence,
    /// The calls that wait for this person.
    Rings,
    /// Who sits in a consult's room.
    Roster(ConsultId),
    /// Which section carries whom, in this person's own connection.
    Slots(ConsultId),
    /// Where this person sits, and whether this line or another one speaks for the seat.
    Seats,
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Presence => f.write_str("presence"),
            Self::Rings => f.write_str("rings"),
            Self::Roster(consult) => write!(f, "roster:{consult}"),
            Self::Slots(consult) => write!(f, "slots:{consult}"),
            Self::Seats => f.write_str("seats"),
        }
    }
}

impl std::str::FromStr for Topic {
    type Err = BadWord;
    fn from_str(text: &str) -> Result<Self, BadWord> {
        match text.split_once(':') {
            None if text == "presence" => Ok(Self::Presence),
            None if text == "rings" => Ok(Self::Rings),
            None if text == "seats" => Ok(Self::Seats),
            Some(("roster", consult)) => consult.parse().map(Self::Roster).map_err(|_| BadWord::Malformed),
            Some(("slots", consult)) => consult.parse().map(Self::Slots).map_err(|_| BadWord::Malformed),
            _ => Err(BadWord::Malformed),
        }
    }
}

impl Serialize for Topic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Topic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A person or a whole department whose presence a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Watched {
    /// One person.
    Person(UserId),
    /// Everybody of one department.
    Department(DepartmentId),
}

impl Serialize for Watched {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Person(id) => id.serialize(serializer),
            Self::Department(id) => id.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Watched {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        (text.parse().map(Self::Person))
            .or_else(|_| text.parse().map(Self::Department))
            .map_err(|_| D::Error::custom(BadWord::Malformed))
    }
}

/// At most `MAX` of something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpTo<const MAX: usize, T>(Vec<T>);

impl<const MAX: usize, T> UpTo<MAX, T> {
    /// What is in it.
    pub fn items(&self) -> &[T] {
        &self.0
    }
}

impl<'de, const MAX: usize, T: Deserialize<'de>> Deserialize<'de> for UpTo<MAX, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = Vec::deserialize(deserializer)?;
        if items.len() > MAX { Err(D::Error::custom(BadWord::TooLarge)) } else { Ok(Self(items)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

    #[test]
    fn a_description_is_taken_only_when_it_looks_like_one_and_fits() {
        assert!(Sdp::new(LEAST).is_ok());
        assert_eq!(Sdp::new(""), Err(BadWord::Malformed));
        assert_eq!(Sdp::new("hello"), Err(BadWord::Malformed));
        assert_eq!(Sdp::new(format!("{LEAST}nonsense\r\n")), Err(BadWord::Malformed));
        assert_eq!(Sdp::new(format!("{LEAST}a={}", "x".repeat(32 * 1024))), Err(BadWord::TooLarge));
    }

    #[test]
    fn a_description_that_asks_for_a_data_channel_is_refused() {
        let with = |section: &str| Sdp::new(format!("{LEAST}m={section} 9 UDP/TLS/RTP/SAVPF 0\r\n"));

        assert!(with("audio").is_ok());
        assert_eq!(with("application"), Err(BadWord::Malformed));
    }

    #[test]
    fn a_description_and_a_key_print_nothing_in_a_log() {
        let sdp = Sdp::new(LEAST).unwrap();
        let key = SidKey::new("a1b2c3").unwrap();

        assert_eq!(format!("{sdp:?} {key:?}"), "Sdp(…) SidKey(…)");
    }

    #[test]
    fn a_topic_reads_as_it_is_written() {
        for text in ["presence", "rings", "seats", "roster:con-019aa5e0c40070008000000000000001"] {
            assert_eq!(text.parse::<Topic>().unwrap().to_string(), text);
        }
        assert_eq!("roster:pat-019aa5e0c40070008000000000000001".parse::<Topic>(), Err(BadWord::Malformed));
    }
}
