//! Between the workers: the first has the port, all have rooms.
//!
//! One address with one UDP port is what a firewall is asked for, however many cores the machine
//! has. So the first worker reads the socket, the streams and the TURN server, and what is
//! for a seat of another worker it hands on, a round's worth at a time. The others send on the
//! same socket themselves; only what leaves by a stream or the TURN server goes back through
//! the first. Queues are bounded and nobody waits: a worker that is stuck loses its own packets.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use mio::Waker;

use super::demux::Remote;
use super::model::SeatId;
use super::turn;

/// Rounds that may wait for a worker.
const ROUNDS: usize = 64;
/// Packets of a round; more are handed over before its end.
const ROUND: usize = 256;
/// What a worker may have to say to the one with the port before that has listened.
const SAYINGS: usize = 1_024;

/// A packet for a seat of another worker.
pub(super) struct Parcel {
    pub(super) seat: SeatId,
    pub(super) from: Remote,
    pub(super) bytes: Vec<u8>,
}

/// From the worker with the port to another.
pub(super) enum Inward {
    Parcels(Vec<Parcel>),
}

/// From another worker to the one with the port.
pub(super) enum Outward {
    /// A seat's connection has this name from now on.
    Named { seat: SeatId, name: String },
    /// It has proven to be there.
    Settled { seat: SeatId, at: Remote },
    /// Its connection ended; another may follow.
    Cleared { seat: SeatId },
    /// The seat is free.
    Gone { seat: SeatId },
    /// These leave by a stream or the TURN server.
    Send { packets: Vec<(Remote, Vec<u8>)> },
}

/// A worker's place among the workers.
pub(super) enum Post {
    /// There are no others.
    Alone,
    /// Has the port.
    Front(Front),
    /// Has rooms only.
    Back(Back),
}

pub(super) struct Front {
    backs: Vec<Neighbour>,
    hears: Receiver<(usize, Outward)>,
    /// Seats of other workers.
    away: HashMap<SeatId, usize>,
}

struct Neighbour {
    to: SyncSender<Inward>,
    waker: Arc<Waker>,
    parcels: Vec<Parcel>,
    lost: u64,
}

pub(super) struct Back {
    number: usize,
    to: SyncSender<(usize, Outward)>,
    waker: Arc<Waker>,
    hears: Receiver<Inward>,
    /// Where the relay is, as participants are told.
    homes: Arc<[SocketAddr]>,
    /// What did not fit in when it was said. Packets are lost instead, so that this grows with
    /// seats that come and go, and with STUN that a seat accepts, only.
    unsaid: Vec<Outward>,
    packets: Vec<(Remote, Vec<u8>)>,
}

/// Places for the workers with these wakers, the first one having the port.
pub(super) fn posts(wakers: &[Arc<Waker>], homes: &Arc<[SocketAddr]>) -> Vec<Post> {
    let Some((first, others)) = wakers.split_first().filter(|(_, others)| !others.is_empty()) else {
        return wakers.iter().map(|_| Post::Alone).collect();
    };
    let (to, hears) = sync_channel(SAYINGS);
    let mut backs = Vec::new();
    let mut front = Front { backs: Vec::new(), hears, away: HashMap::new() };
    for (number, waker) in others.iter().enumerate() {
        let (to_back, back_hears) = sync_channel(ROUNDS);
        let waker = Arc::clone(waker);
        front.backs.push(Neighbour { to: to_back, waker, parcels: Vec::new(), lost: 0 });
        backs.push(Post::Back(Back {
            number,
            to: to.clone(),
            waker: Arc::clone(first),
            hears: back_hears,
            homes: Arc::clone(homes),
            unsaid: Vec::new(),
            packets: Vec::new(),
        }));
    }
    std::iter::once(Post::Front(front)).chain(backs).collect()
}

impl Post {
    /// Whether another worker has the port.
    pub(super) fn is_away_from_port(&self) -> bool {
        matches!(self, Self::Back(_))
    }

    /// The next thing the worker with the port hands in.
    pub(super) fn inward(&mut self) -> Option<Inward> {
        match self {
            Self::Back(back) => back.hears.try_recv().ok(),
            Self::Alone | Self::Front(_) => None,
        }
    }

    /// The next thing another worker says, and which.
    pub(super) fn outward(&mut self) -> Option<(usize, Outward)> {
        match self {
            Self::Front(front) => front.hears.try_recv().ok(),
            Self::Alone | Self::Back(_) => None,
        }
    }

    /// A seat sits at another worker.
    pub(super) fn note(&mut self, seat: SeatId, worker: usize) {
        if let Self::Front(front) = self {
            front.away.insert(seat, worker);
        }
    }

    /// It no longer does.
    pub(super) fn forget(&mut self, seat: SeatId) {
        if let Self::Front(front) = self {
            front.away.remove(&seat);
        }
    }

    /// Whether a seat sits at another worker.
    pub(super) fn has(&self, seat: SeatId) -> bool {
        matches!(self, Self::Front(front) if front.away.contains_key(&seat))
    }

    /// Puts a packet with those for the seat's worker.
    pub(super) fn put(&mut self, seat: SeatId, from: Remote, bytes: &[u8]) {
        let Self::Front(front) = self else { return };
        let Some(back) = front.away.get(&seat).and_then(|worker| front.backs.get_mut(*worker)) else {
            return;
        };
        back.parcels.push(Parcel { seat, from, bytes: bytes.to_vec() });
        if back.parcels.len() >= ROUND {
            back.hand_over();
        }
    }

    /// Tells the worker with the port; for itself that one needs no telling.
    pub(super) fn say(&mut self, outward: Outward) {
        let Self::Back(back) = self else { return };
        back.unsaid.push(outward);
        back.speak();
    }

    /// Whether only the worker with the port can send there.
    pub(super) fn must_carry(&self, to: Remote) -> bool {
        match (self, to) {
            (Self::Alone | Self::Front(_), _) => false,
            (Self::Back(_), Remote::Tcp(_)) => true,
            (Self::Back(back), Remote::Udp(address)) => turn::may_be_lent(address, &back.homes),
        }
    }

    /// Puts a packet with those that the worker with the port sends.
    pub(super) fn carry(&mut self, to: Remote, bytes: Vec<u8>) {
        if let Self::Back(back) = self {
            back.packets.push((to, bytes));
        }
    }

    /// Hands over what this round brought for the others; how many packets were lost by it.
    pub(super) fn flush(&mut self) -> u64 {
        match self {
            Self::Alone => 0,
            Self::Front(front) => {
                front.backs.iter_mut().for_each(Neighbour::hand_over);
                front.backs.iter_mut().map(|back| std::mem::take(&mut back.lost)).sum()
            }
            Self::Back(back) => {
                back.speak();
                back.hand_over()
            }
        }
    }
}

impl Neighbour {
    fn hand_over(&mut self) {
        if self.parcels.is_empty() {
            return;
        }
        let parcels = std::mem::take(&mut self.parcels);
        let many = parcels.len() as u64;
        if self.to.try_send(Inward::Parcels(parcels)).is_err() || self.waker.wake().is_err() {
            self.lost += many;
        }
    }
}

impl Back {
    /// Says what was not said yet, in its order.
    fn speak(&mut self) {
        let mut waiting = std::mem::take(&mut self.unsaid).into_iter();
        let mut is_heard = false;
        for outward in waiting.by_ref() {
            match self.to.try_send((self.number, outward)) {
                Ok(()) => is_heard = true,
                Err(TrySendError::Full((_, back))) => {
                    self.unsaid.push(back);
                    break;
                }
                // The first worker has ended, and with it the relay.
                Err(TrySendError::Disconnected(_)) => break,
            }
        }
        self.unsaid.extend(waiting);
        if is_heard {
            // A waker that fails is that of a worker that has ended.
            let _ = self.waker.wake();
        }
    }

    fn hand_over(&mut self) -> u64 {
        if self.packets.is_empty() {
            return 0;
        }
        let packets = std::mem::take(&mut self.packets);
        let many = packets.len() as u64;
        let sent = self.to.try_send((self.number, Outward::Send { packets }));
        if sent.is_err() || self.waker.wake().is_err() { many } else { 0 }
    }
}
