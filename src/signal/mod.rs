//! Signal: the conversation with the browsers, over one WebSocket each.
//!
//! The words are in [`protocol`], their meaning in `docs/protocol.md`. One connection is a
//! pure machine ([`session`]) with a bounded queue ([`outbox`]); the bytes are in [`ws`];
//! what a line has done for it in [`commands`]. One task, the [`hub`], knows who is here and
//! who sits in which consult's room, and waits for nobody. What happened is never handed
//! over: the journal's bell rings, and each line reads its own person's inbox.

mod ask;
mod bucket;
mod commands;
mod deeds;
mod handle;
mod hub;
mod outbox;
mod post;
pub mod protocol;
mod room;
mod seats;
mod session;
mod tally;
#[cfg(test)]
mod tests;
mod watch;
mod ws;

pub use handle::{Settings, Signal};
pub use ws::doors;
