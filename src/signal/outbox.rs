//! What waits to be written to one socket, with a bound.
//!
//! A slow line must cost neither the server's memory nor the other lines' time. What may
//! be lost is coalesced and then dropped; what stands is collapsed to its newest telling;
//! what happened is never dropped: it is fetched from the inbox only while there is room.

use std::collections::{BTreeMap, VecDeque};

use super::protocol::{Body, Evt, Heard, ServerSays, Topic};
use crate::kernel::{ConsultId, ParticipantId, Timestamp};

/// Frames that may wait.
pub const MAX_FRAMES: usize = 256;

/// Bytes that may wait.
pub const MAX_BYTES: usize = 256 * 1024;

/// Tells two passing frames apart: of each kind by each seat only the newest waits.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trace(&'static str, Option<ConsultId>, Option<ParticipantId>);

#[derive(Debug)]
enum Parcel {
    /// Answers, events, negotiation, farewells.
    Must(String),
    /// Its content is in `standing`.
    Standing(Topic),
    /// May be lost.
    Passing(Trace, String),
}

/// The queue of one socket.
#[derive(Debug, Default)]
pub struct Outbox {
    queue: VecDeque<Parcel>,
    standing: BTreeMap<Topic, (i64, Body, usize)>,
    bytes: usize,
    full_since: Option<Timestamp>,
}

impl Outbox {
    /// Puts a frame in its place.
    pub fn put(&mut self, frame: ServerSays, now: Timestamp) {
        match frame {
            ServerSays::State { topic, rev, body } => self.put_standing(topic, rev, body),
            ServerSays::Eph { consult, what } => self.put_passing(consult, what),
            ServerSays::Pong { .. } => self.put_pong(&frame),
            must @ (ServerSays::Welcome(_)
            | ServerSays::Res { .. }
            | ServerSays::Evt(_)
            | ServerSays::Sig { .. }
            | ServerSays::Bye { .. }) => self.put_must(&must),
        }
        self.look(now);
    }

    /// Takes an event if there is room for it.
    pub fn offer(&mut self, evt: Evt, now: Timestamp) -> bool {
        let room = self.has_room();
        if room {
            self.put(ServerSays::Evt(evt), now);
        }
        room
    }

    /// The next frame to write.
    pub fn take(&mut self, now: Timestamp) -> Option<String> {
        let text = match self.queue.pop_front()? {
            Parcel::Must(text) | Parcel::Passing(_, text) => {
                self.bytes -= text.len();
                text
            }
            Parcel::Standing(topic) => {
                let (rev, body, size) =
                    self.standing.remove(&topic).expect("a standing parcel has its content");
                self.bytes -= size;
                written(&ServerSays::State { topic, rev, body })
            }
        };
        self.look(now);
        Some(text)
    }

    /// Whether anything waits.
    pub fn has_frames(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Frames that wait.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Bytes that wait.
    #[cfg(test)]
    pub fn weight(&self) -> usize {
        self.bytes
    }

    /// Whether an event fits.
    pub fn has_room(&self) -> bool {
        self.queue.len() < MAX_FRAMES && self.bytes < MAX_BYTES
    }

    /// Events that may be fetched at once.
    pub fn room(&self) -> usize {
        MAX_FRAMES.saturating_sub(self.queue.len())
    }

    /// Whether even what cannot be refused has piled up: twice the bound.
    pub fn is_bursting(&self) -> bool {
        self.queue.len() >= 2 * MAX_FRAMES || self.bytes >= 2 * MAX_BYTES
    }

    /// Since when there has been no room.
    pub fn full_since(&self) -> Option<Timestamp> {
        self.full_since
    }

    fn look(&mut self, now: Timestamp) {
        self.full_since = if self.has_room() { None } else { self.full_since.or(Some(now)) };
    }

    fn put_must(&mut self, frame: &ServerSays) {
        let text = written(frame);
        self.bytes += text.len();
        self.queue.push_back(Parcel::Must(text));
    }

    fn put_pong(&mut self, frame: &ServerSays) {
        self.put_trace(Trace("pong", None, None), written(frame));
    }

    fn put_passing(&mut self, consult: Option<ConsultId>, what: Heard) {
        let trace = match &what {
            Heard::Typing { from } => Trace("typing", consult, Some(*from)),
            Heard::Pointer { from, .. } => Trace("pointer", consult, Some(*from)),
            Heard::Moved => Trace("moved", consult, None),
            Heard::ShownOut { .. } => Trace("shown_out", consult, None),
            Heard::Speaking { .. } => Trace("speaking", consult, None),
            Heard::Line { pid, .. } => Trace("line", consult, Some(*pid)),
            Heard::Layers { .. } => Trace("layers", consult, None),
            Heard::Quality { pid, .. } => Trace("quality", consult, Some(*pid)),
        };
        self.put_trace(trace, written(&ServerSays::Eph { consult, what }));
    }

    fn put_trace(&mut self, trace: Trace, text: String) {
        let older = self.queue.iter_mut().find_map(|parcel| match parcel {
            Parcel::Passing(same, older) if *same == trace => Some(older),
            Parcel::Passing(..) | Parcel::Must(_) | Parcel::Standing(_) => None,
        });
        if let Some(older) = older {
            self.bytes = self.bytes - older.len() + text.len();
            *older = text;
        } else if self.has_room() {
            self.bytes += text.len();
            self.queue.push_back(Parcel::Passing(trace, text));
        }
    }

    /// One telling per topic waits, however full the queue is: there are few topics, and each
    /// telling is whole, so that the newest may stand for all before it.
    fn put_standing(&mut self, topic: Topic, rev: i64, body: Body) {
        let size = match &body {
            Body::Full(value) | Body::Patch(value) => value.to_string().len(),
        };
        self.bytes += size;
        match self.standing.insert(topic, (rev, body, size)) {
            Some((_, _, older)) => self.bytes -= older,
            None => self.queue.push_back(Parcel::Standing(topic)),
        }
    }
}

fn written(frame: &ServerSays) -> String {
    serde_json::to_string(frame).expect("our own frames have string keys and no failing parts")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::signal::protocol::Event;

    const NOON: Timestamp = Timestamp::from_millis(43_200_000);

    fn evt(n: i64) -> Evt {
        Evt { n, at: NOON, consult: None, ev: Event::Other { action: "x".into() } }
    }

    fn typing(tail: u8) -> ServerSays {
        let from = format!("par-{tail:032x}").parse().unwrap();
        ServerSays::Eph { consult: None, what: Heard::Typing { from } }
    }

    fn drained(outbox: &mut Outbox) -> Vec<Value> {
        std::iter::from_fn(|| outbox.take(NOON)).map(|text| serde_json::from_str(&text).unwrap()).collect()
    }

    #[test]
    fn of_one_persons_typing_only_the_newest_waits() {
        let mut outbox = Outbox::default();

        outbox.put(typing(1), NOON);
        outbox.put(typing(2), NOON);
        outbox.put(typing(1), NOON);

        assert_eq!(drained(&mut outbox).len(), 2);
        assert_eq!(outbox.bytes, 0);
    }

    #[test]
    fn what_stands_is_told_once_and_as_it_is_last() {
        let mut outbox = Outbox::default();
        let presence = |status: &str| ServerSays::State {
            topic: Topic::Presence,
            rev: 1,
            body: Body::Full(json!({ "users": { "a": status } })),
        };

        outbox.put(presence("busy"), NOON);
        outbox.put(presence("off"), NOON);

        let told = drained(&mut outbox);
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["full"], json!({ "users": { "a": "off" } }));
        assert_eq!(outbox.bytes, 0);
    }

    #[test]
    fn a_full_queue_takes_no_event_and_drops_what_may_be_lost() {
        let mut outbox = Outbox::default();

        let taken = (1..1000).take_while(|n| outbox.offer(evt(*n), NOON)).count();
        outbox.put(typing(1), NOON);

        assert_eq!(taken, MAX_FRAMES);
        assert_eq!(outbox.queue.len(), MAX_FRAMES);
        assert_eq!(outbox.full_since(), Some(NOON));
    }

    #[test]
    fn a_line_that_moves_is_not_called_full() {
        let mut outbox = Outbox::default();
        while outbox.offer(evt(1), NOON) {}

        outbox.take(NOON);

        assert_eq!(outbox.full_since(), None);
    }
}
