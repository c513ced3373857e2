//! One seat as the room holds it, and what a step of the worker brings about.

use std::collections::VecDeque;
use std::time::Instant;

use super::demux::Remote;
use super::feed::Published;
use super::ladder::Ladder;
use super::model::{GoneWhy, MediaEvent, SeatId, Slot};
use super::peer::{Outlet, Peer, Says};
use super::rewrite::Stitch;

/// What one step of the worker brings about outside the room.
#[derive(Default)]
pub(super) struct Turn {
    pub(super) datagrams: Vec<(Remote, Vec<u8>)>,
    pub(super) events: Vec<MediaEvent>,
    /// Seats that ended in this step, for the worker to clear.
    pub(super) fallen: Vec<(SeatId, GoneWhy)>,
    /// Seats whose engine was touched and wants its timer looked at.
    pub(super) touched: Vec<SeatId>,
    pub(super) forwarded: u64,
    pub(super) withheld: u64,
    pub(super) keyframes_asked: u64,
    /// What peers said and the room has not yet heard out.
    pub(super) said: VecDeque<(SeatId, Says)>,
    pub(super) scratch: Vec<Says>,
}

pub(super) struct Seat {
    pub(super) id: SeatId,
    pub(super) peer: Peer,
    pub(super) since: Instant,
    pub(super) heard: Instant,
    pub(super) remote: Option<Remote>,
    pub(super) line: LineState,
    pub(super) ladder: Ladder,
    pub(super) published: Vec<Published>,
    pub(super) slots: Vec<Place>,
    /// When the worker will call, at the latest.
    pub(super) wake: Option<Instant>,
    pub(super) fallen: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineState {
    Connecting,
    Up,
    Lost,
}

/// A slot with the numbering of what plays in it.
pub(super) struct Place {
    pub(super) slot: Slot,
    pub(super) stream: Option<u32>,
    pub(super) stitch: Stitch,
}

impl Place {
    pub(super) fn of(outlet: &Outlet) -> Self {
        let slot = Slot { mid: outlet.mid, kind: outlet.kind, playing: None };
        Self { slot, stream: None, stitch: Stitch::default() }
    }

    pub(super) fn interrupt(&mut self) {
        self.stream = None;
        self.stitch.cut();
    }
}
