//! Why a command was not carried out.

use serde_json::Value;

use super::{
    ask::Wrong,
    letter::Part,
    state::{Action, Refusal, State},
};
use crate::{
    auth::policy::Denied,
    consents::NotGiven,
    consult,
    http::{FieldError, NotAgain},
    kernel::Timestamp,
    store::StoreError,
};

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none, or none for this person.
    #[error("no such referral")]
    NotFound,
    /// The person has to do with it, but may not.
    #[error("not for this person")]
    Denied,
    /// No such action in any state.
    #[error("no such action")]
    UnknownAction {
        /// What the person may do instead.
        open: Vec<Action>,
    },
    /// The table does not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The table allows it, the facts do not.
    #[error("not open: {why}")]
    Shut {
        /// Why, as a word.
        why: &'static str,
        /// What the person may do instead.
        open: Vec<Action>,
    },
    /// Someone changed it first.
    #[error("changed meanwhile")]
    Stale(Box<Faster>),
    /// What a house promises was changed meanwhile; this is its version now.
    #[error("changed meanwhile")]
    Behind {
        /// The version it has now.
        version: i64,
    },
    /// The letter is not complete.
    #[error("the letter is not complete")]
    Incomplete(Vec<Part>),
    /// Fields of the form are not right.
    #[error("the form is not right")]
    Form(Vec<Wrong>),
    /// The consent that came with the letter is not right.
    #[error("the consent is not right")]
    Given(FieldError),
    /// The key stands for another request.
    #[error(transparent)]
    Again(NotAgain),
    /// The consult cannot be escalated by this person, or not now.
    #[error(transparent)]
    Consult(Box<consult::Error>),
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who was faster, and what it led to.
#[derive(Debug)]
pub struct Faster {
    /// The version now.
    pub version: i64,
    /// Where it stands now.
    pub state: State,
    /// What was done.
    pub action: Option<Action>,
    /// By whom; `None` is time itself.
    pub by: Option<Value>,
    /// When.
    pub at: Timestamp,
    /// What the person may do now.
    pub open: Vec<Action>,
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Stranger => Self::NotFound,
            Denied::NotClinical => Self::Denied,
        }
    }
}

impl From<NotGiven> for Error {
    fn from(error: NotGiven) -> Self {
        match error {
            NotGiven::Field(field) => Self::Given(field),
            NotGiven::Store(fault) => Self::Store(fault),
        }
    }
}

impl From<consult::Error> for Error {
    fn from(refusal: consult::Error) -> Self {
        Self::Consult(Box::new(refusal))
    }
}
