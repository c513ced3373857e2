//! The nouns of a consult. What is clinical sits apart in [`Letter`], which is opened only
//! after the policy has spoken, and never prints itself.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::state::State;
use crate::{
    auth::policy::Sides,
    kernel::{
        AttachmentId, ConsultId, DepartmentId, FacilityId, MessageId, OpinionId, PatientId, RingId,
        Timestamp, UserId,
    },
    words,
};

words! {
    /// How the two sides meet.
    pub enum Kind {
        /// Now, by ring.
        Instant = "instant",
        /// At an agreed time.
        Scheduled = "scheduled",
        /// At an agreed time, several disciplines, one of them in the chair.
        Mdt = "mdt",
        /// In writing, each when he can.
        Async = "async",
    }
}

words! {
    /// How soon an answer is needed.
    pub enum Urgency {
        /// Minutes.
        Emergency = "emergency",
        /// Hours.
        Urgent = "urgent",
        /// Days.
        Routine = "routine",
    }
}

words! {
    /// What the specialist advises to do next.
    pub enum NextStep {
        /// The clinic treats on.
        TreatHere = "treat_here",
        /// The patient should come up.
        ReferUp = "refer_up",
        /// The clinic treats on and the hospital looks again.
        FollowUp = "follow_up",
        /// The patient should be admitted.
        Admit = "admit",
    }
}

words! {
    /// What the requester did with the opinion.
    pub enum Adopted {
        /// All of it.
        Full = "full",
        /// Some of it.
        Partial = "partial",
        /// None of it, with a reason.
        No = "no",
    }
}

words! {
    /// Why a person could not answer.
    pub enum DeclineReason {
        /// With another patient.
        Busy = "busy",
        /// The question belongs to another department.
        NotMyField = "not_my_field",
        /// Not on duty.
        OffDuty = "off_duty",
        /// Something else, in the note.
        Other = "other",
    }
}

words! {
    /// On whose side a person sits.
    pub enum Side {
        /// Of those who asked.
        From = "from",
        /// Of those who answer.
        To = "to",
        /// Of neither.
        Other = "other",
    }
}

words! {
    /// How the ring of one person ended, or that it has not.
    pub enum RingState {
        /// Still ringing.
        Ringing = "ringing",
        /// Answered by this person.
        Accepted = "accepted",
        /// Turned down by this person.
        Declined = "declined",
        /// Rang out.
        Expired = "expired",
        /// The caller gave up.
        Cancelled = "cancelled",
        /// Somebody else answered.
        AnsweredElsewhere = "answered_elsewhere",
    }
}

/// An agreed time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Slot {
    /// From.
    pub start: Timestamp,
    /// Until.
    pub end: Timestamp,
}

/// Everything about a consult that deciding needs, and nothing clinical.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consult {
    /// Its id.
    pub id: ConsultId,
    /// Its number, for people.
    pub no: String,
    /// About whom.
    pub patient: PatientId,
    /// Who asks.
    pub from_facility: FacilityId,
    /// The doctor who asks.
    pub from_user: UserId,
    /// When it was begun.
    pub created_at: Timestamp,
    /// How the two sides meet.
    pub kind: Kind,
    /// How soon.
    pub urgency: Urgency,
    /// Who is asked.
    pub to_facility: FacilityId,
    /// The department that is asked.
    pub to_department: DepartmentId,
    /// The doctor who took it.
    pub to_user: Option<UserId>,
    /// Who chairs.
    pub chair: Option<UserId>,
    /// Where it stands.
    pub state: State,
    /// Since when.
    pub state_since: Timestamp,
    /// When it was first sent.
    pub opened_at: Option<Timestamp>,
    /// When a doctor last took it.
    pub answered_at: Option<Timestamp>,
    /// When it came to rest.
    pub ended_at: Option<Timestamp>,
    /// The agreed time.
    pub slot: Option<Slot>,
    /// How often ringing has begun.
    pub ring_round: i64,
    /// When the present ringing began.
    pub ring_began: Option<Timestamp>,
    /// Why it ended, as a code.
    pub close_reason: Option<String>,
    /// Closed by time with an opinion that nobody confirmed.
    pub unacknowledged: bool,
    /// Everybody was told that the agreed time is near.
    pub reminded: bool,
    /// Which department is being asked: 1, 2, 3, …
    pub leg: i64,
    /// How often it was written.
    pub version: i64,
}

impl Consult {
    /// The two sides, for the policy.
    pub fn sides(&self, lead_facility: FacilityId) -> Sides {
        Sides {
            from_facility: self.from_facility,
            from_user: self.from_user,
            to_facility: self.to_facility,
            to_department: self.to_department,
            direction: None,
            chair: self.chair,
            lead_facility,
            released: self.opened_at.is_some(),
        }
    }
}

/// A diagnosis as a doctor writes it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Diagnosis {
    /// ICD-10, if one was picked.
    #[serde(default)]
    pub code: Option<String>,
    /// In words.
    pub text: String,
}

/// The signs, as far as they were taken.
#[derive(Clone, Copy, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct Exam {
    /// Systolic pressure, mmHg.
    pub bp_sys: Option<f64>,
    /// Diastolic pressure, mmHg.
    pub bp_dia: Option<f64>,
    /// Beats per minute.
    pub heart_rate: Option<f64>,
    /// Degrees Celsius.
    pub temp_c: Option<f64>,
    /// Percent.
    pub spo2: Option<f64>,
    /// Breaths per minute.
    pub resp_rate: Option<f64>,
    /// mmol/l.
    pub glucose: Option<f64>,
}

impl Exam {
    /// Every sign by name.
    pub fn signs(&self) -> [(&'static str, Option<f64>); 7] {
        [
            ("bp_sys", self.bp_sys),
            ("bp_dia", self.bp_dia),
            ("heart_rate", self.heart_rate),
            ("temp_c", self.temp_c),
            ("spo2", self.spo2),
            ("resp_rate", self.resp_rate),
            ("glucose", self.glucose),
        ]
    }
}

/// What the requester wrote about the patient.
#[derive(Clone, PartialEq, Default, Serialize)]
pub struct Letter {
    /// What is asked.
    pub question: String,
    /// Why the patient came.
    pub chief_complaint: Option<String>,
    /// What went before.
    pub history: Option<String>,
    /// The signs.
    pub exam: Option<Exam>,
    /// What the requester thinks it is.
    pub prelim_diagnoses: Vec<Diagnosis>,
}

/// What the specialist wrote.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpinionText {
    /// What it is.
    pub conclusion: String,
    /// What to do.
    pub advice: String,
    /// The diagnoses.
    pub diagnoses: Vec<Diagnosis>,
}

/// One signed version of an opinion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// Its id.
    pub id: OpinionId,
    /// 1, 2, 3, …
    pub version_no: i64,
    /// Who signed.
    pub author: UserId,
    /// What it says.
    pub text: OpinionText,
    /// What to do next.
    pub next: NextStep,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// `local_ed25519`, which is not a qualified CA signature, or `none`.
    pub signature_kind: String,
    /// SHA-256 of what was signed, hex.
    pub content_hash: String,
    /// Why it replaced the version before it.
    pub reason_code: Option<String>,
    /// What the requester answered.
    pub ack: Option<Ack>,
}

/// What the requester answered to an opinion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// Who.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// How much of it is followed.
    pub adopted: Adopted,
    /// Why not all of it.
    pub reason: Option<String>,
}

/// A version about to be signed in.
#[derive(Debug, Clone)]
pub struct NewOpinion {
    /// Its id.
    pub id: OpinionId,
    /// Which version.
    pub version_no: i64,
    /// Who signs.
    pub author: UserId,
    /// What it says.
    pub text: OpinionText,
    /// What to do next.
    pub next: NextStep,
    /// When.
    pub signed_at: Timestamp,
    /// SHA-256 of what is signed, hex.
    pub content_hash: String,
    /// The signature.
    pub signature: Vec<u8>,
    /// Why it replaces the version before it.
    pub reason_code: Option<String>,
}

/// One message of a consult's conversation.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Who said it; nobody for the system.
    pub author: Option<UserId>,
    /// `text`, `system` or `file`.
    pub kind: String,
    /// The words.
    pub body: String,
    /// The file, if it is one.
    pub attachment: Option<AttachmentId>,
    /// The sender's own key.
    pub client_msg_id: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// One person's ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ring {
    /// Its id.
    pub id: RingId,
    /// Which ringing of the consult.
    pub round: i64,
    /// Who.
    pub user: UserId,
    /// 1 and 2 of the rota, 3 the desk, 4 asked into a call under way.
    pub tier: i64,
    /// How it stands.
    pub state: RingState,
    /// Since when it rings.
    pub started_at: Timestamp,
    /// Until when; of one that was put off: when it may ring again.
    pub expires_at: Timestamp,
    /// The person asked to be asked again.
    pub is_snoozed: bool,
}

macro_rules! silent {
    ($($name:ident),* $(,)?) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // Clinical text: its shape may be printed, its words never.
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}
silent!(Diagnosis, Exam, Letter, OpinionText, Message);
