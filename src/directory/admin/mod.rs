//! Looking after the places: facilities, departments and who is on duty there.
//!
//! An administrator of the alliance looks after all of them, one of a facility after that
//! facility. Nothing is ever taken away, since records point at it: a department that takes
//! neither consults nor referrals any more is closed.

mod api;
mod import;
mod places;
mod relations;
mod rota;
mod store;
mod view;

pub(super) use api::doors;

use crate::{
    auth::{Principal, policy},
    http::{FieldError, NotAgain},
    kernel::FacilityId,
    store::StoreError,
};

/// Why something was not changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or none of this administrator's.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// For administrators.
    #[error("not for this role")]
    NotAllowed,
    /// There is one of that name.
    #[error("there is one of that name")]
    AlreadyThere,
    /// It was changed meanwhile; this is its version now.
    #[error("changed meanwhile")]
    Stale {
        /// The version it has now.
        version: i64,
    },
    /// Fields that are not right.
    #[error("fields are not right")]
    Fields(Vec<FieldError>),
    /// Done before under this key.
    #[error(transparent)]
    NotAgain(#[from] NotAgain),
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Error {
    fn field(field: impl Into<String>, code: &str) -> Self {
        Self::Fields(vec![FieldError { field: field.into(), code: code.into(), params: None }])
    }
}

/// Anybody who looks after something may look.
fn require_some(who: &Principal) -> Result<(), Error> {
    if policy::administers_anything(who) { Ok(()) } else { Err(Error::NotAllowed) }
}

/// This person looks after `facility`, or it does not concern them.
fn require(who: &Principal, facility: FacilityId) -> Result<(), Error> {
    if policy::administers(who, facility) { Ok(()) } else { Err(Error::NotAllowed) }
}
