//! Why there is no paper.

use crate::{consult, referral, stats, store::StoreError};

/// Why there is no paper.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing like that, or not for this person.
    #[error("no such record for this person")]
    NotFound,
    /// Only who reads the whole record prints it.
    #[error("this person does not read the whole record")]
    Denied,
    /// What the paper is about did not happen yet.
    #[error("nothing to print yet: {0}")]
    NotYet(&'static str),
    /// Characters that no font has.
    #[error("{} characters have no glyph", .0.len())]
    Missing(Vec<char>),
    /// More at once than is printed at once.
    #[error("at most {0} at once")]
    TooMany(usize),
    /// The file could not be written.
    #[error("the file could not be put together: {0}")]
    Broken(String),
    /// The referral says no.
    #[error(transparent)]
    Referral(#[from] referral::Error),
    /// The consult says no.
    #[error(transparent)]
    Consult(#[from] consult::Error),
    /// The statistics say no.
    #[error(transparent)]
    Stats(#[from] stats::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}
