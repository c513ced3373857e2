//! From whom to whom: what a room does with a packet, and when it asks for a keyframe.

use std::time::Instant;

use super::demux::Remote;
use super::feed::Sizes;
use super::model::{Feed, GoneWhy, Layers, MediaEvent, Mid, SeatId, Want};
use super::peer::{Packet, Placing};
use super::room::Room;
use super::seat::{LineState, Turn};

impl Room {
    /// Hands a packet to everybody in whose slots its source plays.
    pub(super) fn forward(&mut self, from: usize, packet: &Packet, now: Instant, turn: &mut Turn) {
        let sender = &mut self.seats[from];
        if sender.flood.notes((packet.mid, packet.codec.kind()), packet.len(), now) {
            turn.withheld += 1;
            turn.fallen.push((sender.id, GoneWhy::Flooded));
            return;
        }
        let known = sender.published.iter().position(|known| known.mid == packet.mid && known.on);
        let Some(known) = known else {
            turn.withheld += 1;
            return;
        };
        let published = &mut sender.published[known];
        if !published.may_send(packet.len(), now) {
            turn.withheld += 1;
            return;
        }
        let starts = published.note(packet.arrival(), now);
        if let Some(level) = packet.level {
            published.voice.note(level, now);
        }
        let feed = Feed { seat: sender.id, source: published.source };
        let mut missing = false;
        for to in (0..self.seats.len()).filter(|to| *to != from) {
            let viewer = &self.seats[to];
            if viewer.line == LineState::Connecting {
                continue;
            }
            let Some(outlet) = viewer.slots.iter().position(|place| place.slot.playing == Some(feed)) else {
                continue;
            };
            let place = &viewer.slots[outlet];
            let fit = viewer.fit(place).filter(|_| viewer.peer.plays(outlet, packet.codec));
            let Some(fit) = fit else {
                self.seats[to].slots[outlet].interrupt();
                turn.withheld += 1;
                continue;
            };
            let continues = place.stream == Some(packet.stream);
            if !continues {
                let is_best = self.seats[from].published[known].best(fit, now) == Some(packet.stream);
                if !(is_best && starts) {
                    missing |= is_best;
                    turn.withheld += 1;
                    continue;
                }
            }
            let place = &mut self.seats[to].slots[outlet];
            if !continues {
                place.cut();
                place.stream = Some(packet.stream);
            }
            let Some((seq, time)) = place.stitch.place(packet.seq, packet.time, packet.codec.clock(), now)
            else {
                turn.withheld += 1;
                continue;
            };
            turn.forwarded += 1;
            let placing = Placing { seq, time, picture: place.pictures.place(packet.picture()) };
            self.touch(to, turn, |peer, said| peer.write(now, outlet, packet, &placing, said));
        }
        if missing {
            self.seats[from].published[known].want_keyframe(packet.stream);
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
            if !known.is_picture() {
                continue;
            }
            let viewers = self.seats.iter().filter(|viewer| viewer.line != LineState::Connecting);
            let missing = viewers.filter_map(|viewer| {
                let (fit, shown) = viewer.watches(seat, known)?;
                known.best(fit, now).filter(|best| shown != Some(*best))
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
            self.touch(at, turn, |peer, said| peer.ask_keyframe(now, stream, said));
        }
    }

    /// What a viewer looks at. What was not looked at and is now begins with a keyframe.
    pub(super) fn want(&mut self, id: SeatId, wants: Vec<Want>, now: Instant, turn: &mut Turn) {
        let Some(at) = self.position(id) else { return };
        self.seats[at].wants = wants;
        self.seats[at].look();
        self.start_pictures(now, turn);
    }

    /// Asks for all pictures that somebody waits for, of encodings that flow or should.
    fn start_pictures(&mut self, now: Instant, turn: &mut Turn) {
        for at in 0..self.seats.len() {
            self.want_missing_keyframes(at, now);
            self.ask_keyframes(at, now, turn);
            self.tell_needs(at, now, turn);
        }
    }

    /// Tells a sender which encodings of its pictures anybody needs, when that has changed.
    pub(super) fn tell_needs(&mut self, at: usize, now: Instant, turn: &mut Turn) {
        let mut news = false;
        for n in 0..self.seats[at].published.len() {
            let known = &self.seats[at].published[n];
            if !known.is_picture() {
                continue;
            }
            let watched = self.seats.iter().filter_map(|viewer| viewer.watches(self.seats[at].id, known));
            let needed = watched.map(|(fit, shown)| known.needed(fit, shown));
            let needed = needed.fold(Sizes::NONE, Sizes::and);
            news |= self.seats[at].published[n].needs.change(needed, now);
        }
        if news {
            self.say_needs(at, turn);
        }
    }

    /// Says what is needed of a sender; again and again, for a word of it may be lost.
    pub(super) fn say_needs(&self, at: usize, turn: &mut Turn) {
        let seat = &self.seats[at];
        let pictures = seat.published.iter().filter(|known| known.is_picture());
        let layers = pictures.map(|known| Layers { mid: known.mid, rids: known.needs.told.rids() });
        let layers: Vec<Layers> = layers.collect();
        if !layers.is_empty() {
            turn.events.push(MediaEvent::Needed { seat: seat.id, layers });
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
        self.start_pictures(now, turn);
    }
}
