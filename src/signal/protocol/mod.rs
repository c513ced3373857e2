//! The words of `consult.v1`: every frame a browser says and every frame it hears.
//!
//! The meaning is written down in `docs/protocol.md`; the browser's twin of this folder is
//! `web/src/call/protocol.ts`; one golden file per message lies in `tests/fixtures/signal/`
//! and both sides' tests read all of them.

mod client;
mod event;
mod read;
mod server;
mod words;

pub use client::{
    Candidate, ClientSays, Command, Hello, Media, Offer, Passing, Rejoin, Resume, RingAct, Route, SigStep,
    TrackState, Want,
};
pub use event::{Event, Evt};
pub use read::{MAX_DEPTH, Unread, read};
pub use server::{
    Body, ByeAction, Code, Heard, HeldAt, HeldSeat, Named, Outcome, Person, Refused, ServerSays, ServerStep,
    Slot, Welcome,
};
pub use words::{BadWord, Cap, Device, OpKey, Sdp, Sid, SidKey, Ticket, Topic, UpTo, Watched};

/// The sub-protocol's name: the major version is part of it.
pub const SUBPROTOCOL: &str = "consult.v1";

/// The version inside `hello`.
pub const VERSION: u16 = 1;

/// The largest frame that is read, in bytes: a session description of 32 KiB with room to spare.
pub const MAX_FRAME: usize = 64 * 1024;

/// The close codes, as `session::Close` gives them.
pub const CLOSE_CODES: [u16; 7] = [4000, 4401, 4408, 4409, 4413, 4429, 4503];
