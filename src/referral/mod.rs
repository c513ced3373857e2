//! Referral: the formal record of a patient's way between two facilities, up or down.

mod ask;
mod letter;
mod model;
mod moves;
mod state;
mod store;

pub use model::{Direction, Referral, Urgency};
pub use state::{Action, MACHINE, State, served};
