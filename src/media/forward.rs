//! From whom to whom: what a room does with a packet, and when it asks for a keyframe.

use std::time::Instant;

use super::demux::Remote;
use super::ladder;
use super::model::{Feed, MediaEvent, Mid};
use super::peer::{Packet, Placing};
use super::room::Room;
use super::seat::{LineState, Place, Turn};

impl Room {
    /// Hands a packet to everybody in whose slots its source plays.
    pub(super) fn forward(&mut self, from: usize, packet: &Packet, now: Instant, turn: &mut Turn) {
        let sender = &mut self.seats[from];
        let feed = sender.published.iter_mut().find(|known| known.mid == packet.mid && known.on);
        let Some(published) = feed else {
            turn.withheld += 1;
            return;
        };
        if !published.may_send(packet.len(), now) {
            turn.withheld += 1;
            return;
        }
        published.note(packet.stream, packet.rank, packet.start, now);
        if let Some(level) = packet.level {
            published.voice.note(level, now);
        }
        let best = [0, 1, 2].map(|largest| published.best(largest, now));
        let feed = Feed { seat: sender.id, source: published.source };
        let mut missing = false;
        for to in (0..self.seats.len()).filter(|to| *to != from) {
            let viewer = &mut self.seats[to];
            if viewer.line == LineState::Connecting {
                continue;
            }
            let place = viewer.slots.iter_mut().enumerate().find(|(_, p)| p.slot.playing == Some(feed));
            let Some((outlet, place)) = place else { continue };
            let share = viewer.ladder.share();
            if !ladder::carries(share, feed.source) {
                place.interrupt();
                turn.withheld += 1;
                continue;
            }
            let best = best[usize::from(ladder::largest(share))];
            if place.stream != Some(packet.stream) {
                let comes_in = best == Some(packet.stream) && packet.start;
                if !comes_in {
                    missing |= best == Some(packet.stream);
                    turn.withheld += 1;
                    continue;
                }
                place.stitch.cut();
                place.stream = Some(packet.stream);
            }
            let Some((seq, time)) = place.stitch.place(packet.seq, packet.time, packet.codec.clock(), now)
            else {
                turn.withheld += 1;
                continue;
            };
            turn.forwarded += 1;
            let placing = Placing { seq, time };
            self.touch(to, turn, |peer, says| peer.write(now, outlet, packet, &placing, says));
        }
        if missing {
            let feed = self.seats[from].published.iter_mut().find(|known| known.mid == packet.mid);
            if let Some(published) = feed {
                published.want_keyframe(packet.stream);
            }
            self.ask_keyframes(from, now, turn);
        }
    }

    /// A viewer cannot decode: the source is asked, unless it was just now.
    pub(super) fn keyframe_wanted(&mut self, viewer: usize, mid: Mid, now: Instant, turn: &mut Turn) {
        let place = self.seats[viewer].slots.iter().find(|place| place.slot.mid == mid);
        let Some((feed, stream)) = place.and_then(|place| Some((place.slot.playing?, place.stream?))) else {
            return;
        };
        let Some(at) = self.position(feed.seat) else { return };
        if let Some(known) = self.seats[at].published.iter_mut().find(|known| known.source == feed.source) {
            known.want_keyframe(stream);
        }
        self.ask_keyframes(at, now, turn);
    }

    /// Notes which of a seat's pictures somebody waits for.
    pub(super) fn want_missing_keyframes(&mut self, at: usize, now: Instant) {
        let seat = self.seats[at].id;
        for n in 0..self.seats[at].published.len() {
            let known = &self.seats[at].published[n];
            let feed = Feed { seat, source: known.source };
            if !known.on {
                continue;
            }
            let viewers = self.seats.iter().filter(|viewer| viewer.line != LineState::Connecting);
            let missing = viewers.flat_map(|viewer| {
                let share = viewer.ladder.share();
                let best =
                    known.best(ladder::largest(share), now).filter(|_| ladder::carries(share, feed.source));
                let waits = move |place: &&Place| place.slot.playing == Some(feed) && place.stream != best;
                viewer.slots.iter().filter(waits).filter_map(move |_| best)
            });
            let missing: Vec<u32> = missing.collect();
            for stream in missing {
                self.seats[at].published[n].want_keyframe(stream);
            }
        }
    }

    pub(super) fn ask_keyframes(&mut self, at: usize, now: Instant, turn: &mut Turn) {
        let due: Vec<u32> = self.seats[at].published.iter_mut().flat_map(|known| known.due(now)).collect();
        for stream in due {
            turn.keyframes_asked += 1;
            self.touch(at, turn, |peer, says| peer.ask_keyframe(now, stream, says));
        }
    }

    /// A line came about, or came back: pictures start anew in both directions.
    pub(super) fn up(&mut self, at: usize, now: Instant, turn: &mut Turn) {
        let seat = &mut self.seats[at];
        let was = std::mem::replace(&mut seat.line, LineState::Up);
        let since = if was == LineState::Connecting { seat.since } else { seat.heard };
        let ms = now.saturating_duration_since(since).as_millis() as u64;
        if let Some(remote) = seat.remote.map(Remote::address) {
            turn.events.push(MediaEvent::Connected { seat: seat.id, ms, remote });
        }
        for place in &mut seat.slots {
            place.interrupt();
        }
        let id = seat.id;
        for place in self.seats.iter_mut().flat_map(|viewer| &mut viewer.slots) {
            if place.slot.playing.is_some_and(|feed| feed.seat == id) {
                place.interrupt();
            }
        }
        for at in 0..self.seats.len() {
            self.want_missing_keyframes(at, now);
            self.ask_keyframes(at, now, turn);
        }
    }
}
