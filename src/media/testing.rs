//! What only tests may ask for: a fault on demand, and what reads network bytes, by itself.
//!
//! Nothing here has a socket, a thread or a clock, so that millions of inputs can be tried.

use std::net::SocketAddr;
use std::time::Instant;

use super::demux::{self, Looks, Remote};
use super::model::{GoneWhy, RoomId, SeatId};
use super::offer::Offer;
use super::peer::{Homes, Identity, Peer};
use super::relay::Command;
use super::room::{Beat, Room};
use super::seat::Turn;
use super::stream::{self, Framing};
use super::turn::{Outcome, Pass, Passes, TurnServer, Via};
use super::{MediaError, Relay};
use crate::kernel::LoadedDice;

/// Makes the next datagram of this seat panic inside the worker.
pub fn panic_at(relay: &Relay, seat: SeatId) -> Result<(), MediaError> {
    relay.tell(|| Command::Panic { seat })
}

/// Which of the relay's workers a room is at.
pub fn worker_of(relay: &Relay, room: RoomId) -> usize {
    relay.worker_of(room)
}

/// The outside of a datagram: the name it knocks with, what else it is, or nothing.
pub fn look(bytes: &[u8]) -> Option<&str> {
    Some(match demux::look(bytes)? {
        Looks::Knock(name) => name,
        Looks::Traffic => "(traffic)",
        Looks::Turn => "(turn)",
    })
}

/// Cuts a stream that comes in these parts; how much of it is kept for later, or nothing
/// when it was given up.
pub fn cut(framing: Framing, parts: &[&[u8]]) -> Option<usize> {
    stream::cut(framing, parts)
}

/// What of an offer passes the fence.
pub fn fence(offer: &str) -> Result<String, MediaError> {
    Offer::read(offer).map(|offer| offer.text)
}

/// What the TURN server made of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It answered.
    Answer(Vec<u8>),
    /// It handed this on to the relay, for the seat.
    Inner(SeatId, Vec<u8>),
    /// It kept silent.
    Nothing,
}

/// A TURN server by itself.
pub struct TurnDesk {
    server: TurnServer,
    passes: Passes,
}

impl TurnDesk {
    /// One whose relay is at these addresses.
    pub fn open(peers: Vec<SocketAddr>, now: Instant) -> Self {
        let passes = Passes::new(&LoadedDice::new(1), now);
        Self { server: TurnServer::new(passes.clone(), peers), passes }
    }

    /// A pass for a seat, which is taken with it, and a nonce for who comes from there.
    pub fn admit(&mut self, seat: SeatId, from: SocketAddr, now: Instant) -> (Pass, String) {
        self.server.seated(seat);
        (self.passes.issue(seat, now), self.passes.nonce(Via::Udp(from), now))
    }

    /// The seat is left.
    pub fn forget(&mut self, seat: SeatId) {
        self.server.forget(seat);
    }

    /// Takes a message.
    pub fn take(&mut self, from: SocketAddr, bytes: &[u8], now: Instant) -> Verdict {
        match self.server.take(Via::Udp(from), bytes, now) {
            Outcome::Answer(answer) => Verdict::Answer(answer),
            Outcome::Inner { seat, bytes, .. } => Verdict::Inner(seat, bytes.to_vec()),
            Outcome::Nothing => Verdict::Nothing,
        }
    }

    /// How many allocations there are.
    pub fn allocations(&self) -> usize {
        self.server.allocations()
    }
}

/// A room by itself.
pub struct Stage {
    room: Room,
    turn: Turn,
    identity: Identity,
    homes: Homes,
    ended: Vec<GoneWhy>,
}

impl Stage {
    /// An empty room of a relay at this address.
    pub fn open(home: SocketAddr, now: Instant) -> Self {
        let homes = Homes { udp: [home].into(), ..Homes::default() };
        let room = Room::new(RoomId(1), now, Beat::new(now));
        Self { room, turn: Turn::default(), identity: Identity::new(), homes, ended: Vec::new() }
    }

    /// Seats a participant with an offer; the answer.
    pub fn seat(&mut self, seat: SeatId, offer: &str, now: Instant) -> Result<String, MediaError> {
        let offer = Offer::read(offer)?;
        let (peer, answer) = Peer::accept(&offer, &self.identity, &self.homes, now)?;
        self.room.seat(seat, peer, now, &mut self.turn);
        Ok(answer)
    }

    /// A further offer; the answer.
    pub fn offer(&mut self, seat: SeatId, offer: &str, now: Instant) -> Result<String, MediaError> {
        let offer = Offer::read(offer)?;
        self.room.offer(seat, &offer, now, &mut self.turn).map(|(answer, _)| answer)
    }

    /// A datagram of a seat, as the worker would hand it in; what is sent because of it.
    pub fn take(
        &mut self,
        seat: SeatId,
        from: SocketAddr,
        bytes: &[u8],
        now: Instant,
    ) -> Vec<(SocketAddr, Vec<u8>)> {
        let from = Remote::Udp(from);
        let is_let_in = match demux::look(bytes) {
            Some(Looks::Knock(_)) => self.room.knows(seat, now, from, bytes),
            Some(Looks::Traffic) => true,
            Some(Looks::Turn) | None => false,
        };
        if is_let_in {
            self.room.receive(seat, now, from, bytes, &mut self.turn);
        }
        self.settle(now)
    }

    /// The time goes on; what is sent because of it.
    pub fn tick(&mut self, now: Instant) -> Vec<(SocketAddr, Vec<u8>)> {
        let seats: Vec<SeatId> = self.room.seats().collect();
        for seat in seats {
            self.room.tick_peer(seat, now, &mut self.turn);
        }
        self.room.tick(now, &mut self.turn);
        self.settle(now)
    }

    /// Why seats ended so far. They are taken out of the room.
    pub fn ended(&self) -> &[GoneWhy] {
        &self.ended
    }

    /// Media packets handed on so far.
    pub fn forwarded(&self) -> u64 {
        self.turn.forwarded
    }

    /// Datagrams and packets withheld so far.
    pub fn withheld(&self) -> u64 {
        self.turn.withheld
    }

    /// How often a keyframe was asked for so far.
    pub fn keyframes_asked(&self) -> u64 {
        self.turn.keyframes_asked
    }

    /// How many of a seat's receiving sections play something.
    pub fn playing(&self, seat: SeatId) -> usize {
        let places = self.room.seats.iter().filter(|known| known.id == seat).flat_map(|known| &known.slots);
        places.filter(|place| place.slot.playing.is_some()).count()
    }

    fn settle(&mut self, now: Instant) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut touched = std::mem::take(&mut self.turn.touched);
        touched.sort_unstable();
        touched.dedup();
        for seat in touched {
            self.room.settle(seat, now, &mut self.turn);
        }
        self.turn.touched.clear();
        self.turn.events.clear();
        for (seat, why) in std::mem::take(&mut self.turn.fallen) {
            self.ended.push(why);
            self.room.remove(seat, now, &mut self.turn);
        }
        self.turn.datagrams.drain(..).map(|(to, bytes)| (to.address(), bytes)).collect()
    }
}
