//! The nouns of the relay: rooms, seats, sections of an offer, slots, events.

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// One call. The relay does not know which consult it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomId(pub u64);

/// One participant of one call. The relay does not know which person sits there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeatId(pub u64);

/// The name of a section (`a=mid`) in one participant's offer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mid {
    text: [u8; 16],
    len: u8,
}

impl Mid {
    /// A mid of one to sixteen plain characters, as RFC 5888 tokens are written by browsers.
    pub fn new(text: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let fits = (1..=16).contains(&text.len()) && text.bytes().all(plain);
        fits.then(|| {
            let mut bytes = [0; 16];
            bytes[..text.len()].copy_from_slice(text.as_bytes());
            Self { text: bytes, len: text.len() as u8 }
        })
    }

    /// The mid as written in the offer.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text[..usize::from(self.len)]).expect("only ASCII is let in")
    }
}

impl fmt::Display for Mid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Mid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Mid {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Mid {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::new(&text).ok_or_else(|| serde::de::Error::custom("not a section name"))
    }
}

/// Sound or picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A microphone.
    Audio,
    /// A camera or a screen.
    Video,
}

/// What a sending section carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The doctor's voice.
    Mic,
    /// The doctor's face.
    Cam,
    /// A second camera, at the patient or at an instrument.
    Exam,
    /// A shared screen.
    Screen,
}

impl Source {
    /// Sound or picture.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Mic => Kind::Audio,
            Self::Cam | Self::Exam | Self::Screen => Kind::Video,
        }
    }
}

/// One receiving section of a participant and what plays in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Slot {
    /// The section in this participant's own offer.
    pub mid: Mid,
    /// What it can play.
    pub kind: Kind,
    /// Who and what plays in it; nothing when it is free.
    #[serde(skip)]
    pub playing: Option<Feed>,
}

/// One published source of one seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Feed {
    /// Who sends it.
    pub seat: SeatId,
    /// What it is.
    pub source: Source,
}

/// What one participant looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want {
    /// Whom.
    pub feed: Feed,
    /// How high on the screen, in its own dots; 0: not at all just now.
    pub height: u32,
}

/// An encoding of a source, by the name the page's offer gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub enum Rid {
    /// As the camera gives it.
    #[serde(rename = "f")]
    Full,
    /// Half as high.
    #[serde(rename = "h")]
    Half,
    /// A quarter as high.
    #[serde(rename = "q")]
    Quarter,
}

/// The encodings that are needed of what one sending section carries.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Layers {
    /// The section in this participant's own offer.
    pub mid: Mid,
    /// The largest first.
    pub rids: Vec<Rid>,
}

/// One sending section of a participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// The section in this participant's own offer.
    pub mid: Mid,
    /// What it may carry.
    pub kind: Kind,
    /// What it is published as; nothing for the spare one until [`super::Relay::publish`].
    pub source: Option<Source>,
}

/// The answer to a first offer.
#[derive(Clone)]
pub struct Joined {
    /// The session description to hand back. Never to be logged: it holds addresses and keys.
    pub answer: String,
    /// Receiving sections in the order of the offer.
    pub slots: Vec<Slot>,
    /// Sending sections in the order of the offer.
    pub sections: Vec<Section>,
}

/// What the relay tells the signaling side, in order for each seat.
#[derive(Debug, Clone, PartialEq)]
pub enum MediaEvent {
    /// Media can flow, for the first time or again.
    Connected {
        /// Whose line.
        seat: SeatId,
        /// Milliseconds from the offer to the first secured packet.
        ms: u64,
        /// Where the packets come from. Not for logs.
        remote: SocketAddr,
    },
    /// Nothing heard for some seconds. The seat is kept; the browser is expected to restart.
    Lost {
        /// Whose line.
        seat: SeatId,
    },
    /// The seat no longer exists.
    Gone {
        /// Whose seat.
        seat: SeatId,
        /// Why.
        why: GoneWhy,
    },
    /// What plays in whose receiving sections, whole, after each change.
    Slots {
        /// Whose slots.
        seat: SeatId,
        /// All of them, in the order of the offer.
        slots: Vec<Slot>,
    },
    /// Who is talking, loudest first, whenever somebody begins or ends.
    Speaking {
        /// Where.
        room: RoomId,
        /// Who; empty when all are quiet.
        seats: Vec<SeatId>,
    },
    /// Which encodings of a seat's pictures anybody is shown or waits for: the others need not
    /// be sent. Whole, after each change and every few seconds.
    Needed {
        /// Whose pictures.
        seat: SeatId,
        /// By section; no encoding when nobody looks.
        layers: Vec<Layers>,
    },
    /// How the line of a seat does, every few seconds.
    Quality {
        /// Whose line.
        seat: SeatId,
        /// The figures.
        line: Line,
    },
}

/// Why a seat ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GoneWhy {
    /// [`super::Relay::leave`] was called, or the browser closed the connection.
    Left,
    /// The first connection did not come about in half a minute.
    NeverConnected,
    /// Nothing was heard for longer than a lost line is waited for.
    Silent,
    /// The engine gave up on this peer: what it sent could not be followed.
    Failed,
    /// Sent several times what any browser sends, for seconds.
    Flooded,
    /// A fault of ours, contained: only this peer is affected and may join again.
    Panicked,
}

/// The figures of one participant's line over the last report.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Line {
    /// Round trip in milliseconds, when known.
    pub rtt_ms: Option<u32>,
    /// Share of packets from the participant that did not arrive, 0 to 1, when known.
    pub loss_up: Option<f32>,
    /// Share of packets to the participant that did not arrive, 0 to 1, when known.
    pub loss_down: Option<f32>,
    /// Bytes per second from the participant.
    pub up: u64,
    /// Bytes per second to the participant.
    pub down: u64,
    /// What the participant is given of the others.
    pub share: Share,
}

/// How much of the others a participant is given, by what its line bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// Voices only.
    Voice,
    /// Voices, the exam camera and the shared screen.
    Patient,
    /// Everything, pictures in their smallest encoding.
    Quarter,
    /// Everything, pictures in their middle encoding at most.
    Half,
    /// Everything.
    #[default]
    Full,
}

/// Counters of the whole relay since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Stats {
    /// Seats taken now.
    pub seats: u64,
    /// Rooms open now.
    pub rooms: u64,
    /// Datagrams received.
    pub received: u64,
    /// Datagrams that belong to nobody or are not ours to read.
    pub strangers: u64,
    /// Media packets handed on, counted once for each receiver.
    pub forwarded: u64,
    /// Media packets held back: muted, waiting for a keyframe, or seen before.
    pub withheld: u64,
    /// Datagrams the network did not take.
    pub unsent: u64,
    /// Keyframes asked of senders.
    pub keyframes_asked: u64,
    /// Faults contained to one peer. Anything but zero is a bug report.
    pub panics: u64,
    /// Allocations of the TURN server now.
    pub allocations: u64,
}
