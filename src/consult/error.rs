//! Why a consult was not changed or not shown.

use super::{
    guards::Hindrance,
    state::{Action, Refusal},
};
use crate::{
    auth::policy::Denied,
    consents::NotGiven,
    http::FieldError,
    kernel::{ConsultId, Timestamp, UserId},
    store::StoreError,
};

/// Why a consult was not changed or not shown. Each variant holds what the caller needs to
/// put it right.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such consult.
    #[error("no consult {0}")]
    NotFound(ConsultId),
    /// Not for these eyes.
    #[error(transparent)]
    NotAllowed(#[from] Denied),
    /// Only the author may do this.
    #[error("only the author may change a draft")]
    AuthorOnly,
    /// The table does not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no such action.
    #[error("no such action")]
    UnknownAction {
        /// What the caller may do instead.
        open: Vec<Action>,
    },
    /// The table allows it, and something else does not just now.
    #[error("{action} is shut just now: {why}")]
    Hindered {
        /// What was asked for.
        action: Action,
        /// What keeps it shut.
        why: Hindrance,
        /// What the caller may do instead.
        open: Vec<Action>,
    },
    /// Somebody else took it first.
    #[error("somebody else answered first")]
    Taken {
        /// Who.
        by: UserId,
        /// When.
        at: Timestamp,
        /// What the caller may do instead.
        open: Vec<Action>,
    },
    /// It was changed since the caller saw it.
    #[error("changed meanwhile")]
    Stale {
        /// The version it has now.
        version: i64,
    },
    /// Fields are not right.
    #[error("fields are not right")]
    Invalid(Vec<FieldError>),
    /// The conversation is over.
    #[error("the conversation is over")]
    Over {
        /// What the caller may do instead.
        open: Vec<Action>,
    },
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<FieldError> for Error {
    fn from(error: FieldError) -> Self {
        Self::Invalid(vec![error])
    }
}

impl From<NotGiven> for Error {
    fn from(error: NotGiven) -> Self {
        match error {
            NotGiven::Field(field) => field.into(),
            NotGiven::Store(fault) => Self::Store(fault),
        }
    }
}

impl From<Vec<FieldError>> for Error {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::Invalid(errors)
    }
}
