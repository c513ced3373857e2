//! What an office plans with beside the workflow: who looks after a letter, how soon a house
//! promises to answer, which times and beds it can give, and how the patient travels.
//!
//! A place is kept for a patient by the step that books it, in the same transaction, and given
//! back by whatever ends the waiting: [`store::keep`] takes the last one only once.

mod api;
mod beside;
mod capacity;
mod promise;
mod store;
mod view;

pub(super) use api::doors;
pub(super) use promise::within;
pub(super) use store::{give_back, keep};
