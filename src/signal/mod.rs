//! Signal: the conversation with the browsers over one WebSocket each.
//!
//! The words are in [`protocol`], their meaning in `docs/protocol.md`. One connection is a
//! pure machine ([`session`]) with a bounded queue ([`outbox`]).

mod ask;
mod bucket;
mod hub;
mod outbox;
pub mod protocol;
mod room;
mod seats;
mod session;
