//! What a browser says: six kinds of frame, and the commands inside `cmd`.

use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::words::{Cap, Device, OpKey, Sdp, Sid, SidKey, Ticket, Topic, UpTo, Watched};
use crate::{
    auth::Status,
    kernel::{AttachmentId, ConsultId, Note, ParticipantId, RingId, Timestamp, UserId},
    media::{Mid, Source},
};

/// What a browser may say. Every message is one variant; no optional-field soup.
///
/// Unknown kinds are answered with `unknown_type` and the line stays open, unknown fields
/// are ignored, so an older server meets a newer browser politely. One golden file per
/// variant lies in `tests/fixtures/signal/`; the web tests read the same files.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ClientSays {
    /// First message: the version, what this browser can, a guest's ticket, where it was.
    Hello(Hello),
    /// Something to be done, exactly once: `op` is its idempotency key, `id` ties the answer to it.
    Cmd {
        /// Echoed in the answer.
        id: u32,
        /// The same key again is the same act again: it gets the same answer.
        op: OpKey,
        /// What to do.
        r#do: Command,
    },
    /// One step of negotiation: the offer, a network path, or "that was the last one".
    Sig {
        /// The room it belongs to.
        consult: ConsultId,
        /// The browser's own counter: an older one is stale.
        neg: u32,
        /// Which step.
        #[serde(flatten)]
        step: SigStep,
    },
    /// What may be lost: pointer, typing, what this doctor wants to see and how large.
    Eph {
        /// The room it is meant for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        consult: Option<ConsultId>,
        /// What it is.
        #[serde(flatten)]
        what: Passing,
    },
    /// Everything up to `n` of this person's inbox was seen.
    Ack {
        /// The number of the newest entry seen.
        n: i64,
    },
    /// The line is still there.
    Ping {
        /// The browser's time, given back in the answer.
        ts: Timestamp,
    },
}

/// The first frame of a line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Hello {
    /// The version that the browser speaks; the sub-protocol already said so.
    pub v: u16,
    /// How this browser calls itself.
    pub device: Device,
    /// What it can do besides.
    pub caps: UpTo<32, Cap>,
    /// For somebody without an account; none are given out yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
    /// Where it was before its line was cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
}

/// Where a browser was before its line was cut.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Resume {
    /// The session it held.
    pub sid: Sid,
    /// The proof that it held it.
    pub key: SidKey,
    /// The newest inbox number it has applied.
    pub last_n: i64,
    /// The room it sat in, with an offer to go on there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join: Option<Rejoin>,
}

/// "I sat there; here is how to reach me now."
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Rejoin {
    /// The room.
    pub consult: ConsultId,
    /// The seat.
    pub pid: ParticipantId,
    /// How to reach me: a restart of the connection from before, or a new one.
    pub offer: Offer,
    /// What I bring; nothing said: whatever the offer sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
}

/// A numbered session description.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Offer {
    /// The browser's counter.
    pub neg: u32,
    /// The description.
    pub sdp: Sdp,
    /// Whether the network path is to be found anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restart: bool,
}

/// One step of negotiation by the browser.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SigStep {
    /// What it can send and receive.
    Offer {
        /// The description.
        sdp: Sdp,
    },
    /// A way to reach it. The relay learns addresses from the packets themselves and needs none.
    Ice {
        /// The candidate as the browser words it.
        cand: Candidate,
    },
    /// No more ways will follow.
    End,
}

/// A network path as a browser words it.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    candidate: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sdp_mid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "sdpMLineIndex")]
    sdp_m_line_index: Option<u16>,
}

impl std::fmt::Debug for Candidate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Candidate(…)")
    }
}

/// What may be lost on the way without anybody missing it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(tag = "k", rename_all = "snake_case")]
pub enum Passing {
    /// Somebody writes.
    Typing,
    /// Where somebody points in a shared picture, as parts of its width and height.
    Pointer {
        /// The picture.
        attachment: AttachmentId,
        /// From the left, 0 to 1.
        x: f64,
        /// From the top, 0 to 1.
        y: f64,
    },
    /// What this page shows, and how large.
    Want {
        /// One line per track.
        wants: UpTo<32, Want>,
    },
    /// What the browser sees of its own line.
    Stats {
        /// Lost packets, 0 to 1.
        loss: Number,
        /// There and back, in milliseconds.
        rtt_ms: Number,
        /// What arrives.
        down_kbps: Number,
        /// What leaves.
        up_kbps: Number,
        /// Which way the media takes.
        route: Route,
    },
}

impl Passing {
    /// The kinds by their words on the wire; another one is passed over in silence.
    pub(super) const KINDS: &'static [&'static str] = &["typing", "pointer", "want", "stats"];
}

/// What one page wants to see of one track.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Want {
    /// Whose.
    pub pid: ParticipantId,
    /// Which of that person's tracks.
    pub source: Source,
    /// In pixels; 0: not shown just now.
    pub height: u32,
}

/// The way media takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// Straight to the relay.
    Udp,
    /// Over TCP.
    Tcp,
    /// Over TLS, as a strict firewall leaves it.
    Tls,
}

impl Route {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

/// Whether a track is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackState {
    /// It is.
    On,
    /// It could be, and is not.
    Off,
    /// There is no such device, or no leave to use it.
    None,
}

/// What somebody brings to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub struct Media {
    /// The voice.
    pub mic: TrackState,
    /// The face.
    pub cam: TrackState,
    /// The screen.
    pub screen: TrackState,
}

/// What is done with a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RingAct {
    /// Answer it.
    Accept,
    /// Turn it down, with a reason.
    Decline,
    /// Hand it to a colleague of the same department.
    Forward,
    /// The caller thinks better of it.
    Cancel,
    /// Ask the others, and be asked again in a moment.
    Snooze,
    /// It is on a screen that is looked at.
    Seen,
}

/// Something to be done. Each is done once per `op`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(tag = "type")]
pub enum Command {
    /// I may be disturbed, or not.
    #[serde(rename = "presence.set")]
    PresenceSet {
        /// Which.
        status: Status,
    },
    /// These people's presence is on my screen.
    #[serde(rename = "presence.watch")]
    PresenceWatch {
        /// Everybody shown: it replaces what was watched before.
        scope: UpTo<200, Watched>,
    },
    /// Ring a colleague into a call under way.
    #[serde(rename = "ring.start")]
    RingStart {
        /// Which call.
        consult: ConsultId,
        /// Whom.
        to: UpTo<8, UserId>,
    },
    /// Answer, turn down, put off, hand on or take back a ring.
    #[serde(rename = "ring.act")]
    RingAct {
        /// The ring.
        ring: RingId,
        /// What with it.
        action: RingAct,
        /// To whom, when it is handed on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<UserId>,
        /// Why, when it is turned down: a code of the consult workflow.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Sit down in a consult's room.
    #[serde(rename = "join")]
    Join {
        /// Which.
        consult: ConsultId,
        /// The seat I had before, if I had one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pid: Option<ParticipantId>,
        /// The counter of the offer.
        neg: u32,
        /// How to reach me.
        offer: Sdp,
        /// What I bring.
        media: Media,
    },
    /// By which ways can I reach the relay, and with what pass?
    #[serde(rename = "route")]
    Route {
        /// Where I am going to sit, or do.
        consult: ConsultId,
    },
    /// Stand up.
    #[serde(rename = "leave")]
    Leave {
        /// From where.
        consult: ConsultId,
    },
    /// A section of my connection now carries this.
    #[serde(rename = "publish")]
    Publish {
        /// Where.
        consult: ConsultId,
        /// The section.
        mid: Mid,
        /// What it shows.
        source: Source,
    },
    /// A section of my connection carries nothing any more.
    #[serde(rename = "unpublish")]
    Unpublish {
        /// Where.
        consult: ConsultId,
        /// The section.
        mid: Mid,
    },
    /// My track is silent, or no longer.
    #[serde(rename = "mute")]
    Mute {
        /// Where.
        consult: ConsultId,
        /// Which track.
        track: Source,
        /// Whether it is muted.
        on: bool,
    },
    /// Say something that stays in the record.
    #[serde(rename = "chat.send")]
    ChatSend {
        /// Where.
        consult: ConsultId,
        /// What.
        text: Note,
    },
    /// Ask somebody for a photograph at full resolution.
    #[serde(rename = "still.request")]
    StillRequest {
        /// Where.
        consult: ConsultId,
        /// Whom.
        from: ParticipantId,
    },
    /// Begin a referral from this consult.
    #[serde(rename = "refer.open")]
    ReferOpen {
        /// Which.
        consult: ConsultId,
    },
    /// Tell me a topic whole, once more.
    #[serde(rename = "sync")]
    Sync {
        /// Which.
        topic: Topic,
    },
}

impl Command {
    /// The commands that are carried out.
    pub const KNOWN: &'static [&'static str] = &[
        "presence.set",
        "presence.watch",
        "ring.start",
        "ring.act",
        "join",
        "route",
        "leave",
        "publish",
        "unpublish",
        "mute",
        "chat.send",
        "still.request",
        "refer.open",
        "sync",
    ];

    /// The commands whose words are taken and which nobody carries out yet: `unsupported`.
    pub const RESERVED: &'static [&'static str] = &[
        "still.attach",
        "annot.add",
        "lobby.act",
        "mod",
        "rec.request",
        "rec.consent",
        "rec.stop",
        "invite",
        "report.close",
    ];
}
