//! Media: the relay. Knows seats and rooms, no people and no records.
//!
//! Every participant has one connection to the relay, and sends each of its sources once;
//! the relay hands the packets on to the others of the room without decoding them. The
//! participant's first offer brings all sections a consult of four needs, so that nobody
//! negotiates again when a person comes, goes or shares a screen: what plays where is
//! told by [`MediaEvent::Slots`].
//!
//! A participant whose firewall lets no datagrams out comes by TCP: over the HTTPS port
//! ([`stream`]), by itself or through the TURN server ([`turn`]) that lends it an address and
//! reaches nothing but this relay.
//!
//! One UDP socket serves all; each worker thread owns its rooms and their peers, and nothing on
//! the way of a packet takes a lock ([`yard`]). Decisions are pure and take the time as a parameter: who sees whom
//! ([`plan`]), how numbers continue ([`rewrite`]), whose datagram it is ([`demux`]). The
//! engine is known by [`peer`] only. A fault inside a peer's engine costs that peer.

mod allowance;
mod bucket;
mod carrier;
mod counters;
mod demux;
mod effort;
mod error;
mod events;
mod feed;
mod feedback;
mod forward;
mod h264;
mod ladder;
mod model;
mod offer;
mod peer;
mod plan;
mod relay;
mod rewrite;
mod room;
mod seat;
mod socket;
mod stream;
mod turn;
mod vp8;
mod vp9;
mod worker;
mod yard;

pub use error::MediaError;
pub use model::{
    Feed, GoneWhy, Joined, Kind, Layers, Line, MediaEvent, Mid, Rid, RoomId, SeatId, Section, Share, Slot,
    Source, Stats, Want,
};
pub use relay::{Relay, StartError, addresses};
pub use stream::{Framing, Opening, opening};
pub use turn::Pass;

#[doc(hidden)]
pub mod testing;
