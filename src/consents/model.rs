//! What a consent is.

use std::fmt;

use super::{strokes::Strokes, texts::Text};
use crate::{
    journal::Entity,
    kernel::{AttachmentId, ConsentId, ConsultId, FacilityId, PatientId, ReferralId, Timestamp, UserId},
    words,
};

words! {
    /// How the patient's consent was given.
    pub enum Method {
        /// Signed on paper.
        Paper = "paper",
        /// Signed on the screen.
        OnScreen = "on_screen",
        /// Spoken, before a witness.
        VerbalWitness = "verbal_witness",
        /// Not given: an emergency went ahead, for a written reason.
        Override = "override",
    }
}

words! {
    /// Who gave the consent, or took it back.
    pub enum Signer {
        /// The patient.
        Patient = "patient",
        /// The patient's guardian.
        Guardian = "guardian",
    }
}

words! {
    /// What the guardian is to the patient.
    pub enum Relation {
        /// Husband or wife.
        Spouse = "spouse",
        /// Father or mother.
        Parent = "parent",
        /// Son or daughter.
        Child = "child",
        /// Brother or sister.
        Sibling = "sibling",
        /// Another relative, or somebody appointed.
        Other = "other",
    }
}

words! {
    /// Why an emergency did not wait for a consent.
    pub enum Reason {
        /// The patient could not be asked.
        Unconscious = "unconscious",
        /// No guardian was reached.
        NobodyReached = "nobody_reached",
        /// Waiting would have done harm.
        NoTime = "no_time",
        /// As written.
        Other = "other",
    }
}

words! {
    /// What came of looking at an override.
    pub enum Finding {
        /// It had to be.
        Justified = "justified",
        /// It could have waited.
        NotJustified = "not_justified",
    }
}

words! {
    /// What is agreed to: each has its own text.
    pub enum Scope {
        /// To be shown to another hospital.
        Consult = "consult",
        /// To be sent there.
        Referral = "referral",
    }
}

/// The record that a consent belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A consult.
    Consult(ConsultId),
    /// A referral.
    Referral(ReferralId),
}

impl Subject {
    /// What is agreed to.
    pub fn scope(self) -> Scope {
        match self {
            Self::Consult(_) => Scope::Consult,
            Self::Referral(_) => Scope::Referral,
        }
    }

    /// The id in `consents.subject_id`.
    pub fn id(self) -> String {
        match self {
            Self::Consult(id) => id.to_string(),
            Self::Referral(id) => id.to_string(),
        }
    }

    /// The record as the journal names it.
    pub fn entity(self) -> Entity {
        match self {
            Self::Consult(id) => Entity::Consult(id),
            Self::Referral(id) => Entity::Referral(id),
        }
    }
}

/// Where a consent is taken, and for whom.
#[derive(Debug, Clone)]
pub struct Place {
    /// The record.
    pub subject: Subject,
    /// Its number.
    pub no: String,
    /// Whose.
    pub patient: PatientId,
    /// The facility that asks for it.
    pub facility: FacilityId,
    /// Whether the record was sent: then what it was sent with is kept.
    pub sent: bool,
}

/// How a consent ended.
#[derive(Clone, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// True if it was taken back; else another took its place.
    pub withdrawn: bool,
    /// Who wrote it down.
    pub by: Option<UserId>,
    /// Who wished it.
    pub wish: Option<Signer>,
    /// What was said.
    pub note: Option<String>,
}

/// Somebody else's look at an override.
#[derive(Clone, PartialEq, Eq)]
pub struct Review {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: UserId,
    /// What came of it.
    pub finding: Finding,
    /// In words.
    pub note: Option<String>,
}

/// A consent as it is kept. Holds a person's words, so `Debug` prints none of it.
#[derive(Clone, PartialEq)]
pub struct Held {
    /// Which.
    pub id: ConsentId,
    /// How.
    pub method: Method,
    /// By whom.
    pub signer: Option<Signer>,
    /// The guardian's name.
    pub signer_name: Option<String>,
    /// What the guardian is to the patient.
    pub relation: Option<Relation>,
    /// Before whom.
    pub witness: Option<String>,
    /// Why an emergency did without, as a code.
    pub reason_code: Option<Reason>,
    /// And in words.
    pub reason: Option<String>,
    /// The text that was read.
    pub text: Option<&'static Text>,
    /// The strokes.
    pub signature: Option<Strokes>,
    /// The paper.
    pub photo: Option<AttachmentId>,
    /// Who wrote it down.
    pub recorded_by: UserId,
    /// Where.
    pub facility: Option<FacilityId>,
    /// The record's number.
    pub record_no: Option<String>,
    /// When.
    pub signed_at: Timestamp,
    /// How it ended, if it did.
    pub ended: Option<Ended>,
    /// A look at it, if it is an override.
    pub review: Option<Review>,
}

macro_rules! silent {
    ($($name:ident),* $(,)?) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}
silent!(Held, Ended, Review);
