//! What a worker does when its time has come: peers that asked for it, rooms ten times a second.

use std::cmp::Reverse;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::super::model::{GoneWhy, RoomId, SeatId};
use super::{Due, ROOM_TICK, Worker};

impl Worker {
    pub(super) fn take_timers(&mut self, now: Instant) {
        while self.timers.peek().is_some_and(|Reverse((at, _))| *at <= now) {
            let Some(Reverse((at, due))) = self.timers.pop() else { return };
            match due {
                Due::Peer(seat) => {
                    self.in_room(seat, |room, turn| {
                        if room.is_due(seat, at) {
                            room.tick_peer(seat, now, turn);
                        }
                    });
                }
                Due::Room(id) => self.tick_room(id, at, now),
            }
            self.after(now);
        }
    }

    fn tick_room(&mut self, id: RoomId, at: Instant, now: Instant) {
        // A room that closed and opened again since has a timer of its own.
        let Some(room) = self.rooms.get_mut(&id).filter(|room| room.next_tick == at) else { return };
        if room.len() == 0 {
            self.rooms.remove(&id);
            self.gauge();
            return;
        }
        room.next_tick = now + ROOM_TICK;
        self.timers.push(Reverse((room.next_tick, Due::Room(id))));
        let turn = &mut self.turn;
        if catch_unwind(AssertUnwindSafe(|| room.tick(now, turn))).is_err() {
            // Our own fault, not an engine's: nobody in particular is to blame.
            self.turn.fallen.extend(room.seats().map(|seat| (seat, GoneWhy::Panicked)));
            return;
        }
        let seats: Vec<SeatId> = room.seats().collect();
        for seat in seats {
            self.door.sweep(seat, now);
        }
    }
}
