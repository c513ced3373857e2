//! What workers do for each other: hand in packets, and keep the door told.

use std::time::Instant;

use super::super::counters::count;
use super::super::demux::{Looks, Remote, look};
use super::super::model::SeatId;
use super::super::yard::{Inward, Outward, Parcel};
use super::{BATCH, Worker};

impl Worker {
    /// What the other workers say.
    pub(super) fn take_post(&mut self, now: Instant) {
        for _ in 0..BATCH {
            let Some(inward) = self.post.inward() else { break };
            match inward {
                Inward::Parcels(parcels) => {
                    for Parcel { seat, from, bytes } in parcels {
                        self.parcel(seat, from, &bytes, now);
                        self.after(now);
                    }
                }
            }
        }
        while let Some((worker, outward)) = self.post.outward() {
            match outward {
                Outward::Named { seat, name } => {
                    self.post.note(seat, worker);
                    self.door.name(seat, name, now);
                    self.door.sweep(seat, now);
                    self.carrier.turn.seated(seat);
                }
                Outward::Settled { seat, at } => self.door.settle(seat, at),
                Outward::Cleared { seat } => self.door.clear(seat),
                Outward::Gone { seat } => {
                    self.post.forget(seat);
                    self.door.clear(seat);
                    self.carrier.turn.forget(seat);
                    self.gauge();
                }
                Outward::Send { packets } => {
                    self.turn.datagrams.extend(packets);
                    self.send(now);
                }
            }
        }
    }

    /// A packet for a seat of this worker that came in at another.
    fn parcel(&mut self, seat: SeatId, from: Remote, bytes: &[u8], now: Instant) {
        if matches!(look(bytes), Some(Looks::Knock(_))) {
            if !self.knows(seat, now, from, bytes) {
                count(&self.tally().strangers, 1);
                return;
            }
            self.post.say(Outward::Settled { seat, at: from });
        }
        self.in_room(seat, |room, turn| room.receive(seat, now, from, bytes, turn));
    }

    pub(super) fn knows(&self, seat: SeatId, now: Instant, from: Remote, bytes: &[u8]) -> bool {
        let room = self.seats.get(&seat).and_then(|room| self.rooms.get(room));
        room.is_some_and(|room| room.knows(seat, now, from, bytes))
    }

    /// A seat's connection has this name from now on, and whoever has its pass may come in.
    pub(super) fn name(&mut self, seat: SeatId, name: String, now: Instant) {
        if self.post.is_away_from_port() {
            self.post.say(Outward::Named { seat, name });
        } else {
            self.door.name(seat, name, now);
            self.carrier.turn.seated(seat);
        }
    }
}
