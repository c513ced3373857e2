//! Consult: a remote consultation from request to opinion.
//!
//! A doctor in a township asks a department; its rota is rung; whoever answers first has
//! it; both sides meet in a call or in writing; the answer is a signed opinion that the
//! asking doctor acknowledges. What may follow what is in [`state`], who is rung next in
//! [`ring`], what time does in [`due`]; who may act is in [`crate::auth::policy`].
//!
//! ```text
//! draft ─submit→ requested ─route_ring→ ringing ─accept→ accepted ─join→ in_progress ─give_opinion→ opinion_given ─acknowledge→ closed
//!                    └─route_queue→ queued ─take──────────↑        ↑ rejoin ↓ lost
//!                                                                interrupted
//! ```
//!
//! Every change comes through [`act`] (people) or [`tick`] (time); both take their step in
//! `step::take`: table, guard, effect, row, journal, in one transaction.

mod api;
mod around;
mod commands;
mod consent;
mod due;
mod effects;
mod error;
mod files;
mod form;
mod guards;
mod lists;
mod model;
mod ring;
mod rings;
mod routing;
mod seats;
mod sign;
mod state;
mod step;
mod store;
mod talk;
pub mod testing;
mod view;

pub use api::doors;
pub use commands::{Ask, act, create, edit, escalated, load_for, read_by};
pub use consent::ConsentGate;
pub use error::Error;
pub use files::FilesGate;
pub use form::Body;
pub use model::{Adopted, Consult, Diagnosis, Exam, Kind, Letter, NextStep, Opinion, Side, Urgency};
pub use rings::{Deed, act_on_ring, invite, ring_arrived};
pub use routing::tick;
pub use seats::{
    CallReport, NoSeat, Seating, ask_still, everybody_left, joined, left, reported, seating, sides_present,
};
pub use state::{Action, MACHINE, Refusal, State};
pub use store::{
    letter, load,
    people::rings_counted,
    said::{opinion, opinions},
};
pub use talk::{Words, message, messages, say, say_now};
pub use view::{ConsultView, MessageView, RingCard, ring_cards, whole as view_of};
