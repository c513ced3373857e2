//! What happened: the events inside `evt`, numbered by the inbox of the person who is told.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kernel::{
    AttachmentId, ConsultId, OpinionId, ParticipantId, ReferralId, RingId, Timestamp, UserId,
};

/// One numbered entry of this person's inbox.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Evt {
    /// The number: one more than the last.
    pub n: i64,
    /// When it happened.
    pub at: Timestamp,
    /// The consult it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consult: Option<ConsultId>,
    /// What happened.
    pub ev: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(tag = "type")]
pub enum Event {
    /// A call for this person; the card is in `state rings`.
    #[serde(rename = "ring")]
    Ring {
        /// The ring.
        ring: RingId,
        /// The consult.
        consult: ConsultId,
        /// How urgent.
        urgency: String,
        /// Which round of ringing.
        tier: i64,
    },
    /// How a ring goes on: for the caller, and for those whose card is to go.
    #[serde(rename = "ring.state")]
    RingState {
        /// The ring.
        ring: RingId,
        /// The consult.
        consult: ConsultId,
        /// Who was rung.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<UserId>,
        /// What became of it.
        state: String,
        /// By whom.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
        /// Why, as a code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A consult took a step.
    #[serde(rename = "consult.state")]
    ConsultState {
        /// Which.
        consult: ConsultId,
        /// The step.
        action: String,
        /// Where it led.
        state: String,
        /// By whom; nobody: time did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
    },
    /// An opinion was signed or superseded.
    #[serde(rename = "consult.opinion")]
    ConsultOpinion {
        /// Of which consult.
        consult: ConsultId,
        /// The opinion.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opinion: Option<OpinionId>,
        /// By whom.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
    },
    /// Somebody sat down.
    #[serde(rename = "person.joined")]
    PersonJoined {
        /// Where.
        consult: ConsultId,
        /// The seat.
        pid: ParticipantId,
        /// Who.
        user: UserId,
    },
    /// Somebody stood up, or was lost.
    #[serde(rename = "person.left")]
    PersonLeft {
        /// Where.
        consult: ConsultId,
        /// The seat.
        pid: ParticipantId,
        /// Who.
        user: UserId,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Somebody wrote.
    #[serde(rename = "chat")]
    Chat {
        /// Where.
        consult: ConsultId,
        /// What, for this reader's eyes.
        message: Value,
    },
    /// A file was added.
    #[serde(rename = "file")]
    File {
        /// To this consult.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        consult: Option<ConsultId>,
        /// Or to this referral.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        referral: Option<ReferralId>,
        /// The file.
        attachment: AttachmentId,
    },
    /// A colleague asks for a photograph.
    #[serde(rename = "still")]
    Still {
        /// Where.
        consult: ConsultId,
        /// Which seat is asked.
        from: ParticipantId,
        /// Who asks.
        by: UserId,
    },
    /// A referral took a step.
    #[serde(rename = "referral")]
    Referral {
        /// Which.
        referral: ReferralId,
        /// The step.
        action: String,
        /// Where it led.
        state: String,
        /// By whom.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
        /// How urgent.
        urgency: String,
        /// Up, down or to a peer.
        direction: String,
    },
    /// Something this protocol has no word for: it keeps the numbers without a gap.
    #[serde(rename = "other")]
    Other {
        /// The journal's word for it.
        action: String,
    },
}

impl Event {
    /// The events by their words on the wire.
    pub const KINDS: &'static [&'static str] = &[
        "ring",
        "ring.state",
        "consult.state",
        "consult.opinion",
        "person.joined",
        "person.left",
        "chat",
        "file",
        "still",
        "referral",
        "other",
    ];
}
