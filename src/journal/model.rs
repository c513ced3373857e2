//! One entry of the journal and how it is read.

use std::fmt;

use serde::Serialize;

use crate::kernel::{
    AttachmentId, ConsultId, DepartmentId, FacilityId, PatientId, ReferralId, Timestamp, UserId,
};

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A person.
    User(UserId),
    /// A timer or routing.
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => user.fmt(f),
            Self::System => f.write_str("system"),
        }
    }
}

/// To what it was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entity {
    /// A consult.
    Consult(ConsultId),
    /// A referral.
    Referral(ReferralId),
    /// A patient.
    Patient(PatientId),
    /// A file.
    Attachment(AttachmentId),
    /// A person's account.
    User(UserId),
    /// A facility.
    Facility(FacilityId),
    /// A department.
    Department(DepartmentId),
    /// A list or search: nothing single.
    List(&'static str),
}

impl Entity {
    /// The word for its kind, as in the column `entity_type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Consult(_) => "consult",
            Self::Referral(_) => "referral",
            Self::Patient(_) => "patient",
            Self::Attachment(_) => "attachment",
            Self::User(_) => "user",
            Self::Facility(_) => "facility",
            Self::Department(_) => "department",
            Self::List(_) => "list",
        }
    }

    /// Its id as text.
    pub fn id(&self) -> String {
        match self {
            Self::Consult(id) => id.to_string(),
            Self::Referral(id) => id.to_string(),
            Self::Patient(id) => id.to_string(),
            Self::Attachment(id) => id.to_string(),
            Self::User(id) => id.to_string(),
            Self::Facility(id) => id.to_string(),
            Self::Department(id) => id.to_string(),
            Self::List(name) => (*name).to_owned(),
        }
    }
}

/// What happened: who, where, did what, to which record, from state to state, why.
/// Codes and ids only; what a person wrote stays in the record.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// For which facility the actor acted.
    pub facility: Option<FacilityId>,
    /// To what.
    pub entity: Entity,
    /// What: `room.verb`, such as `referral.accept`.
    pub action: &'static str,
    /// The state before, where there is one.
    pub from_state: Option<&'static str>,
    /// The state after, where there is one.
    pub to_state: Option<&'static str>,
    /// Why, as a code.
    pub reason_code: Option<String>,
    /// What else a reader of the journal needs: ids and codes.
    pub payload: serde_json::Value,
    /// The request that caused it.
    pub request_id: Option<String>,
}

impl Entry {
    /// An entry with the five things every entry has.
    pub fn new(
        at: Timestamp,
        actor: Actor,
        facility: Option<FacilityId>,
        entity: Entity,
        action: &'static str,
    ) -> Self {
        Self {
            at,
            actor,
            facility,
            entity,
            action,
            from_state: None,
            to_state: None,
            reason_code: None,
            payload: serde_json::Value::Object(serde_json::Map::new()),
            request_id: None,
        }
    }

    /// Adds the step between two states.
    pub fn step(mut self, from: &'static str, to: &'static str) -> Self {
        self.from_state = Some(from);
        self.to_state = Some(to);
        self
    }

    /// Adds the coded reason.
    pub fn because(mut self, code: impl Into<String>) -> Self {
        self.reason_code = Some(code.into());
        self
    }

    /// Adds ids and codes.
    pub fn with(mut self, payload: serde_json::Value) -> Self {
        self.payload = payload;
        self
    }
}

/// One line of a record's history.
#[derive(Debug, Clone, Serialize)]
pub struct HistoryLine {
    /// Its place in the journal.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// `usr-…` or `system`.
    pub actor: String,
    /// What.
    pub action: String,
    /// The state before.
    pub from_state: Option<String>,
    /// The state after.
    pub to_state: Option<String>,
    /// Why, as a code.
    pub reason_code: Option<String>,
    /// Ids and codes.
    pub payload: serde_json::Value,
}

/// One numbered entry in a person's inbox.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Whose inbox.
    pub to: UserId,
    /// Its number there: 1, 2, 3, …
    pub n: i64,
    /// What kind of thing it is about.
    pub entity_type: String,
    /// Which one.
    pub entity_id: String,
    /// The entry.
    pub line: HistoryLine,
}

/// One entry as it was written, for those who read the journal from end to end.
#[derive(Debug, Clone, Serialize)]
pub struct Recorded {
    /// Its place in the journal.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// `usr-…` or `system`.
    pub actor: String,
    /// For which facility.
    pub facility: Option<String>,
    /// What kind of thing it is about.
    pub entity_type: String,
    /// Which one.
    pub entity_id: String,
    /// What.
    pub action: String,
    /// The state before.
    pub from_state: Option<String>,
    /// The state after.
    pub to_state: Option<String>,
    /// Why, as a code.
    pub reason_code: Option<String>,
    /// Ids and codes.
    pub payload: serde_json::Value,
}
