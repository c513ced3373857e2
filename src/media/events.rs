//! Telling listeners what happened without ever waiting for one.

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
    /// What did not fit. An event of the same kind about the same seat replaces the older
    /// one, so this grows with the number of seats and not with time.
    behind: Vec<MediaEvent>,
}

impl Listeners {
    pub(super) fn add(&mut self, to: Sender<MediaEvent>) {
        self.all.push(Listener { to, behind: Vec::new() });
    }

    pub(super) fn are_behind(&self) -> bool {
        self.all.iter().any(|listener| !listener.behind.is_empty())
    }

    pub(super) fn tell(&mut self, event: MediaEvent) {
        for listener in &mut self.all {
            listener.tell(event.clone());
        }
    }

    /// Tries again with those who are behind, and forgets those who stopped listening.
    pub(super) fn flush(&mut self) {
        self.all.retain_mut(|listener| {
            let waiting = std::mem::take(&mut listener.behind);
            for event in waiting {
                listener.tell(event);
            }
            !listener.to.is_closed()
        });
    }
}

impl Listener {
    fn tell(&mut self, event: MediaEvent) {
        if self.behind.is_empty() {
            match self.to.try_send(event) {
                Ok(()) | Err(TrySendError::Closed(_)) => {}
                Err(TrySendError::Full(event)) => self.behind.push(event),
            }
            return;
        }
        let about = subject(&event);
        self.behind.retain(|older| subject(older) != about);
        self.behind.push(event);
    }
}

/// What kind of event about whom.
fn subject(event: &MediaEvent) -> (u8, u64) {
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
}
