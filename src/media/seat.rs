//! One seat as the room holds it, and what a step of the worker brings about.

use std::collections::VecDeque;
use std::time::Instant;

use super::allowance::Flood;
use super::bucket::Bucket;
use super::demux::Remote;
use super::feed::{Fit, Published};
use super::ladder::{self, Ladder};
use super::model::{Feed, GoneWhy, Kind, MediaEvent, SeatId, Slot, Want};
use super::peer::{Outlet, Peer, Said, Says};
use super::rewrite::{Pictures, Stitch};

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
    pub(super) scratch: Said,
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
    /// What is looked at; whatever is not named is looked at in full.
    pub(super) wants: Vec<Want>,
    pub(super) flood: Flood,
    /// Datagrams it may still send.
    pub(super) datagrams: Bucket,
    /// When the worker will call, at the latest.
    pub(super) wake: Option<Instant>,
    pub(super) fallen: bool,
}

impl Seat {
    /// What this viewer can use of what plays in a place; nothing when it is not to be sent.
    pub(super) fn fit(&self, place: &Place) -> Option<Fit> {
        let (share, feed) = (self.ladder.share(), place.slot.playing?);
        let given = ladder::carries(share, feed.source) && place.height > 0;
        given.then(|| Fit { largest: ladder::largest(share), height: place.height })
    }

    /// What this viewer can use of a source, and which encoding of it is shown; nothing when it is not
    /// to be sent or cannot be played.
    pub(super) fn watches(&self, seat: SeatId, known: &Published) -> Option<(Fit, Option<u32>)> {
        let feed = Feed { seat, source: known.source };
        let at = self.slots.iter().position(|place| place.slot.playing == Some(feed))?;
        let plays = known.codec.is_none_or(|codec| self.peer.plays(at, codec));
        let place = &self.slots[at];
        self.fit(place).filter(|_| plays).map(|fit| (fit, place.stream))
    }

    /// How high each picture is wanted, after what plays or what is looked at has changed.
    pub(super) fn look(&mut self) {
        for place in self.slots.iter_mut().filter(|place| place.slot.kind == Kind::Video) {
            let want = self.wants.iter().find(|want| Some(want.feed) == place.slot.playing);
            place.height = want.map_or(u32::MAX, |want| want.height);
        }
    }
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
    /// How high it is on the viewer's screen; 0 when it is not looked at.
    pub(super) height: u32,
    pub(super) stitch: Stitch,
    pub(super) pictures: Pictures,
}

impl Place {
    pub(super) fn of(outlet: &Outlet) -> Self {
        let slot = Slot { mid: outlet.mid, kind: outlet.kind, playing: None };
        Self {
            slot,
            stream: None,
            height: u32::MAX,
            stitch: Stitch::default(),
            pictures: Pictures::default(),
        }
    }

    pub(super) fn interrupt(&mut self) {
        self.stream = None;
        self.cut();
    }

    /// What plays goes on from elsewhere.
    pub(super) fn cut(&mut self) {
        self.stitch.cut();
        self.pictures.cut();
    }
}
