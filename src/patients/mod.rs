//! Patients: the person, found again.
//!
//! What is known of a person lies sealed in one piece ([`model::Sheet`]); the words they are
//! found by ([`terms`]) lie beside it as HMACs and are matched by equality. The facility that
//! entered a person may open them, and whoever a living consult or referral leads to.

mod api;
mod commands;
mod identity;
mod merge;
mod model;
mod store;
mod terms;

pub use api::doors;
pub use commands::{
    Entered, Error, brief, briefs, create, end_share, may_open, records_of, share, show, snapshot,
};
pub use identity::{BadIdentity, IdentityNumber, check_digit};
pub use model::{Guardian, Patient, PatientBrief, PatientView, Sex, Sheet};
pub use store::{Found, found_by, merged_with};
