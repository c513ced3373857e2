//! What a browser hears: eight kinds of frame, and the events inside `evt`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::{
    Evt,
    client::TrackState,
    words::{Sid, SidKey, Topic},
};
use crate::{
    kernel::{AttachmentId, ConsultId, FacilityId, ParticipantId, Timestamp, UserId},
    media::{Kind, Layers, Mid, Share, Source},
};

/// What the server says. A browser skips kinds and fields that it does not know.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ServerSays {
    /// The answer to `hello`: who you are, where your inbox stands.
    Welcome(Welcome),
    /// The answer to a command. `id` 0 answers a frame that had none.
    Res {
        /// The `id` of the command.
        id: u32,
        /// How it went.
        #[serde(flatten)]
        outcome: Outcome,
    },
    /// Something happened to a record: from the journal, each number once and in order.
    Evt(Evt),
    /// How something stands now; the newest wins.
    State {
        /// What about.
        topic: Topic,
        /// Grows with every telling of this topic.
        rev: i64,
        /// The whole, or what changed.
        #[serde(flatten)]
        body: Body,
    },
    /// One step of negotiation by the server.
    Sig {
        /// The room.
        consult: ConsultId,
        /// The counter of the offer that it belongs to.
        neg: u32,
        /// Which step.
        #[serde(flatten)]
        step: ServerStep,
    },
    /// What may be lost: who points, writes or speaks.
    Eph {
        /// The room.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        consult: Option<ConsultId>,
        /// What it is.
        #[serde(flatten)]
        what: Heard,
    },
    /// The answer to `ping`.
    Pong {
        /// The browser's time as it came.
        ts: Timestamp,
        /// The server's time.
        now: Timestamp,
    },
    /// The line ends here; what to do next.
    Bye {
        /// Why.
        code: Code,
        /// What to do next.
        action: ByeAction,
        /// After how long, so that not everybody comes at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after_ms: Option<u32>,
    },
}

/// The answer to `hello`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Welcome {
    /// The session, for `resume`.
    pub sid: Sid,
    /// Its key.
    pub key: SidKey,
    /// Whether the session from before goes on.
    pub resumed: bool,
    /// What was missed is older than the server keeps: take everything anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reset: bool,
    /// Who signed in.
    pub me: UserId,
    /// The newest number of this person's inbox.
    pub n: i64,
    /// The events that follow begin after this number.
    pub from: i64,
    /// How often to ping.
    pub hb_ms: u32,
    /// How long a seat is kept when the line is gone.
    pub lease_ms: u32,
    /// What the server takes.
    pub limits: BTreeMap<String, u64>,
    /// Which server this is.
    pub node: String,
    /// The server's time.
    pub now: Timestamp,
}

/// How a command went.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done; with what the command promises.
    Ok(Value),
    /// Not done, and why.
    Err(Refused),
}

impl Outcome {
    /// Done, nothing to tell.
    pub fn done() -> Self {
        Self::Ok(Value::Object(serde_json::Map::new()))
    }
}

/// Why a command was not done.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Refused {
    /// For programs.
    pub code: Code,
    /// The same command may be sent again later.
    pub retry: bool,
    /// For people: the key of a sentence.
    pub msg_key: String,
    /// What helps to put it right; ids and codes only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

impl Refused {
    /// A refusal by `code` with the sentence of that code.
    pub fn new(code: Code) -> Self {
        let retry =
            matches!(code, Code::RateLimited | Code::Internal | Code::MediaFailed | Code::NodeDraining);
        Self { code, retry, msg_key: format!("signal.{}", code.as_str()), data: None }
    }

    /// The same with a sentence of its own.
    pub fn saying(mut self, msg_key: &str) -> Self {
        msg_key.clone_into(&mut self.msg_key);
        self
    }

    /// The same with what helps to put it right.
    pub fn with(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// The error words of `consult.v1`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

codes! {
    /// Nobody is signed in on this line any more.
    Unauthorized = "unauthorized",
    /// Not for this person.
    Forbidden = "forbidden",
    /// No such record, or none that this person may know of.
    NotFound = "not_found",
    /// It was there and is over.
    Gone = "gone",
    /// The record stands differently by now.
    Conflict = "conflict",
    /// The frame is not well formed.
    BadRequest = "bad_request",
    /// More than is taken.
    TooLarge = "too_large",
    /// Too much at once.
    RateLimited = "rate_limited",
    /// A known word that nobody carries out.
    Unsupported = "unsupported",
    /// An unknown word.
    UnknownType = "unknown_type",
    /// Only for those who sit in the room.
    NotJoined = "not_joined",
    /// No seat is left.
    Full = "full",
    /// This browser has just sent far more than a call needs; not in for a while.
    Flooding = "flooding",
    /// Not let in.
    LobbyDenied = "lobby_denied",
    /// The relay could not do it.
    MediaFailed = "media_failed",
    /// An older offer than the last.
    NegStale = "neg_stale",
    /// No network path was found.
    IceFailed = "ice_failed",
    /// This server is being taken out of service.
    NodeDraining = "node_draining",
    /// The server of that room is gone: join again.
    NodeLost = "node_lost",
    /// No such signaling session.
    SessionUnknown = "session_unknown",
    /// The signaling session is over.
    SessionExpired = "session_expired",
    /// The same browser has a newer line.
    Superseded = "superseded",
    /// Our fault; the log knows.
    Internal = "internal",
}

/// What the browser does after `bye`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ByeAction {
    /// Nothing.
    Stop,
    /// Come back with `resume`.
    Resume,
    /// Come back and join the room anew.
    Rejoin,
    /// Come back elsewhere.
    Move,
}

/// A topic's content.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// All of it.
    Full(Value),
    /// What changed since the last telling.
    Patch(Value),
}

/// One step of negotiation by the server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ServerStep {
    /// The answer to an offer.
    Answer {
        /// The description.
        sdp: String,
    },
    /// The relay needs an offer: with more sections, or after it lost this seat (both 0).
    Need {
        /// Receiving sections for voices that are missing.
        audio: u32,
        /// And for pictures.
        video: u32,
    },
}

/// What may be lost, as the others hear it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(tag = "k", rename_all = "snake_case")]
pub enum Heard {
    /// Somebody writes.
    Typing {
        /// Who.
        from: ParticipantId,
    },
    /// Somebody points.
    Pointer {
        /// Who.
        from: ParticipantId,
        /// At which picture.
        attachment: AttachmentId,
        /// From the left, 0 to 1.
        x: f64,
        /// From the top, 0 to 1.
        y: f64,
    },
    /// Your own seat is spoken for by another of your tabs or machines: the call goes on there.
    Moved,
    /// Your own seat was taken away: what this browser sent was far too much.
    ShownOut {
        /// Why, as a refusal would say it.
        why: Code,
        /// When to come back, at the earliest.
        after_ms: u64,
    },
    /// Whose voice is heard now, the loudest first.
    Speaking {
        /// The seats.
        pids: Vec<ParticipantId>,
    },
    /// How the relay finds the line of a seat, one's own as well; every few seconds.
    Line {
        /// Whose.
        pid: ParticipantId,
        /// Of what this person sends, the part that does not arrive, 0 to 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        loss_up: Option<Number>,
        /// Of what is sent to this person, the part that does not arrive, 0 to 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        loss_down: Option<Number>,
        /// There and back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rtt_ms: Option<u32>,
        /// What this person is given of the others.
        share: Share,
    },
    /// Which encodings of one's own pictures anybody looks at: the others need not be sent.
    Layers {
        /// By sending section.
        layers: Vec<Layers>,
    },
    /// How a seat's browser finds its line.
    Quality {
        /// Whose.
        pid: ParticipantId,
        /// Lost packets, 0 to 1.
        loss: Number,
        /// There and back.
        rtt_ms: Number,
    },
}

/// Somebody with a name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Named<Id> {
    /// Who or what.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// A person's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// Which receiving section of one connection carries whom.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Slot {
    /// The section.
    pub mid: Mid,
    /// Voice or picture.
    pub kind: Kind,
    /// Whose; nobody's at the moment.
    pub pid: Option<ParticipantId>,
    /// What it shows.
    pub source: Option<Source>,
}

/// A seat of the person who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub struct HeldSeat {
    /// In which consult.
    pub consult: ConsultId,
    /// Who speaks for it.
    pub at: HeldAt,
}

/// Who speaks for a seat, as one line of its person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldAt {
    /// This line.
    Here,
    /// Another line of the same person: a second tab, another machine.
    Elsewhere,
    /// Nobody just now: the seat is kept for its lease.
    Nobody,
}

/// Somebody in a consult's room.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Person {
    /// The seat.
    pub pid: ParticipantId,
    /// Who.
    pub user: Named<UserId>,
    /// From where.
    pub facility: Named<FacilityId>,
    /// In which role.
    pub role: String,
    /// Since when.
    pub joined_at: Timestamp,
    /// The seat is kept, its line is gone for the moment.
    pub reconnecting: bool,
    /// The voice.
    pub mic: TrackState,
    /// The face.
    pub cam: TrackState,
    /// The screen.
    pub screen: TrackState,
}
