//! Consult: a remote consultation from request to summary.

mod commands;
mod due;
mod effects;
mod error;
mod form;
mod guards;
mod model;
mod ring;
mod routing;
mod seats;
mod sign;
mod state;
mod step;
mod store;

pub use commands::{Ask, act, act_on_ring, create, edit, escalated};
pub use error::Error;
pub use form::Body;
pub use model::Side;
pub use routing::tick;
pub use seats::{NoSeat, Seating, everybody_left, joined, left, seating, sides_present};
pub use state::{Action, MACHINE, Refusal, State};
