//! Telling listeners what happened without ever waiting for one.

use std::collections::{BTreeMap, HashMap};

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use super::model::MediaEvent;

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
    places: HashMap<Subject, u64>,
    next: u64,
}

impl Behind {
    fn push(&mut self, event: MediaEvent) {
        if let MediaEvent::Gone { seat, .. } = event {
            SEAT_KINDS.iter().for_each(|kind| self.forget((*kind, seat.0)));
        }
        self.forget(subject(&event));
        self.places.insert(subject(&event), self.next);
        self.events.insert(self.next, event);
        self.next += 1;
    }

    fn pop(&mut self) -> Option<MediaEvent> {
        let (_, event) = self.events.pop_first()?;
        self.places.remove(&subject(&event));
        Some(event)
    }

    fn forget(&mut self, about: Subject) {
        if let Some(place) = self.places.remove(&about) {
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

/// What kind of event about whom.
type Subject = (u8, u64);

/// The kinds that are about a seat and mean nothing once it is gone.
const SEAT_KINDS: [u8; 4] = [0, 2, 4, 5];

fn subject(event: &MediaEvent) -> Subject {
    match event {
        // Up and down of a line replace each other: the last word counts.
        MediaEvent::Connected { seat, .. } | MediaEvent::Lost { seat } => (0, seat.0),
        MediaEvent::Gone { seat, .. } => (1, seat.0),
        MediaEvent::Slots { seat, .. } => (2, seat.0),
        MediaEvent::Speaking { room, .. } => (3, room.0),
        MediaEvent::Quality { seat, .. } => (4, seat.0),
        MediaEvent::Needed { seat, .. } => (5, seat.0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::{GoneWhy, RoomId, SeatId};
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
