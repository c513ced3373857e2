//! Hooks: other systems are told of what cannot wait, and reach people who have no page open.
//!
//! A facility registers an address for two events, a ring and an urgent referral. The message
//! names records by id and says nothing about a patient. It is signed as `standard-webhooks`
//! has it: HMAC-SHA-256 over id, time and body.
//!
//! ```text
//! journal ─gather→ waiting ─a try→ delivered
//!                    ↑ pause ↓ not taken
//!                    waiting … dead ─replay→ waiting
//! ```
//!
//! [`gather`] makes one row for each address and entry in the transaction that moves its cursor,
//! so that nothing is lost or doubled by a crash or a second node. A try is claimed for a short
//! while; who dies over it is taken over from. A receiver may thus see a message twice, under the
//! same `webhook-id`. Where a message may go at all is decided in [`guard`].

mod api;
mod commands;
mod courier;
mod gather;
mod guard;
mod model;
mod run;
mod sign;
mod store;

pub use api::doors;
pub use courier::{Courier, NotReady};
pub use run::{forget, run};
