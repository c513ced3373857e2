//! Telling listeners what happened without ever waiting for one.

use std::collections::{BTreeMap, HashMap};

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use super::model::{MediaEvent, RoomId, SeatId};

/// Everybody who wants to know.
#[derive(Default)]
pub(super) struct Listeners {
    all: Vec<Listener>,
}

struct Listener {
    to: Sender<MediaEvent>,
    behind: Behind,
}

/// What did not fit, in its order. An event of the same kind about the same seat replaces the older
/// one, and that a seat is gone all there was about it.
#[derive(Default)]
struct Behind {
    events: BTreeMap<u64, MediaEvent>,
    /// Where each matter's last word stands.
    places: HashMap<Matter, u64>,
    next: u64,
}

impl Behind {
    fn push(&mut self, event: MediaEvent) {
        if let MediaEvent::Gone { seat, .. } = event {
            let past = [Matter::Line(seat), Matter::Slots(seat), Matter::Quality(seat), Matter::Needed(seat)];
            past.into_iter().for_each(|matter| self.forget(matter));
        }
        let matter = Matter::of(&event);
        self.forget(matter);
        self.places.insert(matter, self.next);
        self.events.insert(self.next, event);
        self.next += 1;
    }

    fn pop(&mut self) -> Option<MediaEvent> {
        let (_, event) = self.events.pop_first()?;
        self.places.remove(&Matter::of(&event));
        Some(event)
    }

    fn forget(&mut self, matter: Matter) {
        if let Some(place) = self.places.remove(&matter) {
            self.events.remove(&place);
        }
    }
}

impl Listeners {
    pub(super) fn add(&mut self, to: Sender<MediaEvent>) {
        self.all.push(Listener { to, behind: Behind::default() });
    }

    pub(super) fn are_behind(&self) -> bool {
        self.all.iter().any(|listener| !listener.behind.events.is_empty())
    }

    pub(super) fn tell(&mut self, event: MediaEvent) {
        for listener in &mut self.all {
            listener.tell(event.clone());
        }
    }

    /// Tries again with those who are behind, and forgets those who stopped listening.
    pub(super) fn flush(&mut self) {
        self.all.retain_mut(|listener| {
            while let Ok(place) = listener.to.try_reserve() {
                let Some(event) = listener.behind.pop() else { break };
                place.send(event);
            }
            !listener.to.is_closed()
        });
    }
}

impl Listener {
    fn tell(&mut self, event: MediaEvent) {
        if !self.behind.events.is_empty() {
            self.behind.push(event);
        } else if let Err(TrySendError::Full(event)) = self.to.try_send(event) {
            self.behind.push(event);
        }
    }
}

/// What an event is about. The last word on a matter is the one that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Matter {
    /// Whether somebody's line is up.
    Line(SeatId),
    Gone(SeatId),
    Slots(SeatId),
    Speaking(RoomId),
    Quality(SeatId),
    Needed(SeatId),
}

impl Matter {
    fn of(event: &MediaEvent) -> Self {
        match event {
            MediaEvent::Connected { seat, .. } | MediaEvent::Lost { seat } => Self::Line(*seat),
            MediaEvent::Gone { seat, .. } => Self::Gone(*seat),
            MediaEvent::Slots { seat, .. } => Self::Slots(*seat),
            MediaEvent::Speaking { room, .. } => Self::Speaking(*room),
            MediaEvent::Quality { seat, .. } => Self::Quality(*seat),
            MediaEvent::Needed { seat, .. } => Self::Needed(*seat),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::GoneWhy;
    use super::*;

    #[test]
    fn a_listener_that_sleeps_hears_the_last_word_of_each_matter_when_it_wakes() {
        let (to, mut events) = tokio::sync::mpsc::channel(1);
        let mut listeners = Listeners::default();
        listeners.add(to);
        for n in 0..1_000 {
            listeners.tell(MediaEvent::Speaking { room: RoomId(1), seats: vec![SeatId(n)] });
        }
        listeners.tell(MediaEvent::Gone { seat: SeatId(7), why: GoneWhy::Left });

        let mut heard = Vec::new();
        while let Ok(event) = events.try_recv() {
            heard.push(event);
            listeners.flush();
        }

        let last = MediaEvent::Speaking { room: RoomId(1), seats: vec![SeatId(999)] };
        assert_eq!(heard[1..], [last, MediaEvent::Gone { seat: SeatId(7), why: GoneWhy::Left }]);
    }

    #[test]
    fn of_a_seat_that_is_gone_nothing_else_is_told() {
        let (to, mut events) = tokio::sync::mpsc::channel(1);
        let mut listeners = Listeners::default();
        listeners.add(to);
        let gone = |seat| MediaEvent::Gone { seat: SeatId(seat), why: GoneWhy::Left };
        for event in [gone(1), MediaEvent::Lost { seat: SeatId(7) }, MediaEvent::Lost { seat: SeatId(8) }] {
            listeners.tell(event);
        }
        listeners.tell(gone(7));

        let mut heard = Vec::new();
        while let Ok(event) = events.try_recv() {
            heard.push(event);
            listeners.flush();
        }
        assert_eq!(heard, [gone(1), MediaEvent::Lost { seat: SeatId(8) }, gone(7)]);
        assert!(!listeners.are_behind());
    }
}
