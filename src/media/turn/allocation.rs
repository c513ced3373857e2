//! One allocation: an address that was lent, whom it may talk to, how much and how long (pure).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::super::model::SeatId;
use super::budget::Pace;
use super::wire;

/// What an allocation lives without being asked for longer: least and most at once, so that it is
/// granted whatever is asked for (RFC 8656, 7.2).
const LIFETIME: Duration = Duration::from_secs(600);
/// How long a peer may be sent to after it was asked for.
const PERMISSION: Duration = Duration::from_secs(300);
/// How long a channel number stands for its peer.
const CHANNEL: Duration = Duration::from_secs(600);
/// Peers and channels of one allocation; the relay has an address or two.
const MOST: usize = 4;

#[derive(Debug)]
pub(super) struct Allocation {
    pub(super) seat: SeatId,
    pub(super) lent: SocketAddr,
    /// The request that made it.
    pub(super) made_by: u128,
    until: Instant,
    permissions: Vec<(SocketAddr, Instant)>,
    channels: Vec<(u16, SocketAddr, Instant)>,
    /// Where the participant sent to last: the relay answers from there.
    peer: Option<SocketAddr>,
    up: Pace,
    down: Pace,
}

impl Allocation {
    pub(super) fn new(seat: SeatId, lent: SocketAddr, made_by: u128, now: Instant) -> Self {
        Self {
            seat,
            lent,
            made_by,
            until: now + LIFETIME,
            permissions: Vec::new(),
            channels: Vec::new(),
            peer: None,
            up: Pace::new(now),
            down: Pace::new(now),
        }
    }

    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.until <= now
    }

    pub(super) fn left(&self, now: Instant) -> Duration {
        self.until.saturating_duration_since(now)
    }

    pub(super) fn extend(&mut self, now: Instant) {
        self.until = now + LIFETIME;
    }

    pub(super) fn permit(&mut self, peer: SocketAddr, now: Instant) {
        self.permissions.retain(|(known, until)| *known != peer && *until > now);
        self.permissions.truncate(MOST - 1);
        self.permissions.push((peer, now + PERMISSION));
    }

    /// Ties a channel number to a peer; false if either is tied to another.
    pub(super) fn bind(&mut self, number: u16, peer: SocketAddr, now: Instant) -> bool {
        self.channels.retain(|(_, _, until)| *until > now);
        let clashes = |(n, p, _): &(u16, SocketAddr, Instant)| (*n == number) != (*p == peer);
        if self.channels.iter().any(clashes) {
            return false;
        }
        self.channels.retain(|(n, _, _)| *n != number);
        if self.channels.len() >= MOST {
            return false;
        }
        self.channels.push((number, peer, now + CHANNEL));
        self.permit(peer, now);
        true
    }

    /// The participant sends on a channel; false if there is no such one.
    pub(super) fn use_channel(&mut self, number: u16, now: Instant) -> bool {
        let bound = self.channels.iter().find(|(n, _, until)| *n == number && *until > now);
        let Some((_, peer, _)) = bound.copied() else { return false };
        self.peer = Some(peer);
        true
    }

    /// The participant sends to a peer; false if that was not permitted.
    pub(super) fn use_peer(&mut self, peer: SocketAddr, now: Instant) -> bool {
        let may = self.permissions.iter().any(|(known, until)| *known == peer && *until > now);
        if may {
            self.peer = Some(peer);
        }
        may
    }

    pub(super) fn may_send(&mut self, length: usize, now: Instant) -> bool {
        self.up.takes(length, now)
    }

    /// Packs what the relay says to the participant.
    pub(super) fn pack(&mut self, bytes: &[u8], now: Instant) -> Option<Vec<u8>> {
        let peer = self.peer?;
        if self.is_over(now) || !self.down.takes(bytes.len(), now) {
            return None;
        }
        let channel = self.channels.iter().find(|(_, known, until)| *known == peer && *until > now);
        if let Some((number, _, _)) = channel {
            return Some(wire::channel_data(*number, bytes));
        }
        let permitted = self.permissions.iter().any(|(known, until)| *known == peer && *until > now);
        permitted.then(|| wire::data_indication(peer, bytes))
    }
}
