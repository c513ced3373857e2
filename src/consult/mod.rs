//! Consult: a remote consultation from request to summary.

mod state;

pub use state::{Action, MACHINE, Refusal, State};
