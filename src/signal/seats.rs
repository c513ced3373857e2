//! Sitting down, standing up and being heard: the hub's part that knows rooms.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Number;

use super::{
    ask::{Departed, LineId, Place, SatDown, View},
    hub::{Hub, state},
    protocol::{Code, Heard, HeldAt, HeldSeat, Passing, ServerSays, ServerStep, Topic, Want},
    room::{LEASE, Room, Seat},
    session::Input,
};
use crate::{
    auth::Status,
    kernel::{ConsultId, ParticipantId, Timestamp, UserId},
    media::{self, Feed, GoneWhy, Line, MediaEvent, Mid, RoomId, SeatId, Source},
};

/// Rooms one line may sit in: a doctor listens to one consult, and may have another on hold.
const MOST_ROOMS: usize = 4;

/// Who flooded a call may come back after this: a browser gone wild has been closed by then, and
/// who does it on purpose costs the relay six seconds in thirty-six.
const SHOWN_OUT_FOR: Duration = Duration::from_secs(30);

impl Hub {
    pub(super) fn seat(&mut self, line: LineId, consult: ConsultId) -> Option<&mut Seat> {
        self.rooms.get_mut(&consult)?.of_line(line)
    }

    pub(super) fn reserve(&mut self, line: LineId, consult: ConsultId) -> Result<Place, Code> {
        let at = self.lines.get(&line).ok_or(Code::SessionExpired)?;
        let (user, holder) = (at.user, at.sid.clone());
        let now = self.clock.now();
        if self.shown_out.get(&(consult, user)).is_some_and(|until| now < *until) {
            return Err(Code::Flooding);
        }
        if let Some(lease) = self.leases.get_mut(&holder) {
            lease.taken_over.remove(&consult);
        }
        let elsewhere = self.rooms.iter_mut().filter(|(id, _)| **id != consult);
        if elsewhere.filter_map(|(_, room)| room.of_line(line)).count() >= MOST_ROOMS {
            return Err(Code::Full);
        }
        self.last_number += 2;
        let (fresh_room, fresh_seat) = (RoomId(self.last_number), SeatId(self.last_number));
        let room = self.rooms.entry(consult).or_insert_with(|| Room::new(fresh_room));
        let number = room.number;
        if let Some(seat) = room.of_user(user) {
            // The same person again, here or on another machine: the seat follows them.
            let before = seat.line.filter(|before| *before != line);
            seat.gains_line(line);
            let place = Place { room: number, seat: seat.number };
            let holder_before = std::mem::replace(&mut seat.holder, holder.clone());
            if let Some(lease) = self.leases.get_mut(&holder_before).filter(|_| holder_before != holder) {
                lease.taken_over.insert(consult);
            }
            if let Some(before) = before {
                let moved = ServerSays::Eph { consult: Some(consult), what: Heard::Moved };
                self.whisper(before, Input::Say(moved));
            }
            return Ok(place);
        }
        room.seats.push(Seat::taken(fresh_seat, user, (holder, line)));
        self.homes.insert(fresh_seat, consult);
        Ok(Place { room: number, seat: fresh_seat })
    }

    pub(super) fn release(&mut self, line: LineId, consult: ConsultId) {
        let Some(room) = self.rooms.get_mut(&consult) else { return };
        room.seats.retain(|seat| seat.line != Some(line) || seat.shown.is_some());
        self.tidy(consult);
    }

    pub(super) fn sit_down(&mut self, who: SatDown) -> Option<View> {
        let SatDown { line, consult, neg, shown, slots, tracks } = who;
        let room = self.rooms.get_mut(&consult)?;
        let seat = room.of_line(line)?;
        seat.neg = neg;
        seat.shown = Some(shown);
        seat.silent_since = None;
        seat.tracks = tracks;
        // The relay may have told of newer ones meanwhile.
        if seat.slots.is_empty() {
            seat.slots = slots;
        }
        let (number, user) = (seat.number, seat.user);
        let view = View { slots: room.slots(number), roster: room.roster() };
        self.tell_roster(consult);
        // Slots that name this seat could not be told by name until now.
        self.tell_slots(consult, Some(number));
        self.tell_seats(user);
        Some(view)
    }

    pub(super) fn track(&mut self, line: LineId, consult: ConsultId, mid: Mid, source: Option<Source>) {
        let Some(seat) = self.seat(line, consult) else { return };
        let before = match source {
            Some(source) => {
                // One microphone, one screen: the newer section takes the name over, as at the relay.
                seat.tracks.retain(|other, carried| *carried != source || *other == mid);
                seat.tracks.insert(mid, source)
            }
            None => seat.tracks.remove(&mid),
        };
        let Some(track) = source.or(before) else { return };
        self.mute(line, consult, track, source.is_none());
    }

    pub(super) fn mute(&mut self, line: LineId, consult: ConsultId, source: Source, is_muted: bool) {
        let shown = self.seat(line, consult).and_then(|seat| seat.shown.as_mut());
        if shown.is_some_and(|shown| shown.mute(source, is_muted)) {
            self.tell_roster(consult);
        }
    }

    pub(super) fn stand_up(&mut self, line: LineId, consult: ConsultId) -> Option<Departed> {
        let number = self.seat(line, consult)?.number;
        self.vacate(consult, number)
    }

    pub(super) fn vacate(&mut self, consult: ConsultId, number: SeatId) -> Option<Departed> {
        let room = self.rooms.get_mut(&consult)?;
        let at = room.seats.iter().position(|seat| seat.number == number)?;
        let seat = room.seats.remove(at);
        self.tidy(consult);
        self.tell_roster(consult);
        self.tell_seats(seat.user);
        let now = self.clock.now();
        let report = seat.shown.as_ref().map(|shown| seat.tally.report(shown.joined_at, now));
        Some(Departed { consult, user: seat.user, seat: number, report })
    }

    /// The consult is over: the relay lets everybody go.
    pub(super) fn over(&mut self, consult: ConsultId) {
        let Some(room) = self.rooms.get(&consult) else { return };
        let numbers: Vec<_> = room.seats.iter().map(|seat| seat.number).collect();
        for number in numbers {
            if let Some(departed) = self.vacate(consult, number) {
                self.depart(departed);
            }
        }
    }

    /// Forgets what nobody sits in any more.
    fn tidy(&mut self, consult: ConsultId) {
        let Some(room) = self.rooms.get(&consult) else { return };
        self.homes
            .retain(|number, home| *home != consult || room.seats.iter().any(|seat| seat.number == *number));
        if room.seats.is_empty() {
            self.rooms.remove(&consult);
        }
    }

    pub(super) fn tell_roster(&mut self, consult: ConsultId) {
        let Some(room) = self.rooms.get(&consult) else { return };
        self.last_rev += 1;
        let frame = state(Topic::Roster(consult), self.last_rev, "people", &room.roster());
        let lines: Vec<_> = room.lines().collect();
        lines.into_iter().for_each(|line| self.whisper(line, Input::Say(frame.clone())));
    }

    /// Tells everybody's slots, or those of all but one.
    fn tell_slots(&mut self, consult: ConsultId, but: Option<SeatId>) {
        let Some(room) = self.rooms.get(&consult) else { return };
        let mut frames = Vec::new();
        for seat in &room.seats {
            let Some(line) = seat.line.filter(|_| seat.shown.is_some() && Some(seat.number) != but) else {
                continue;
            };
            self.last_rev += 1;
            frames
                .push((line, state(Topic::Slots(consult), self.last_rev, "slots", &room.slots(seat.number))));
        }
        frames.into_iter().for_each(|(line, frame)| self.whisper(line, Input::Say(frame)));
    }

    /// Where a person sits, as one of their lines is told.
    pub(super) fn seats_of(&self, user: UserId, line: LineId) -> Vec<HeldSeat> {
        let held = |(consult, room): (&ConsultId, &Room)| {
            let seat = room.seats.iter().find(|seat| seat.user == user && seat.shown.is_some())?;
            let at = match seat.line {
                Some(there) if there == line => HeldAt::Here,
                Some(_) => HeldAt::Elsewhere,
                None => HeldAt::Nobody,
            };
            Some(HeldSeat { consult: *consult, at })
        };
        self.rooms.iter().filter_map(held).collect()
    }

    /// Every tab of a person knows where they sit: the call goes on in one of them.
    pub(super) fn tell_seats(&mut self, user: UserId) {
        let lines: Vec<_> =
            self.lines.iter().filter(|(_, line)| line.user == user).map(|(id, _)| *id).collect();
        lines.into_iter().for_each(|line| self.sync(line, Topic::Seats));
    }

    /// What a line looks at, in the relay's numbers. Who has left meanwhile is not looked at.
    pub(super) fn wants(
        &mut self,
        line: LineId,
        consult: ConsultId,
        wants: &[Want],
    ) -> Option<(SeatId, Vec<media::Want>)> {
        let number = self.seat(line, consult)?.number;
        let room = self.rooms.get(&consult)?;
        let known = |want: &Want| {
            let seat = room.number_of(want.pid)?;
            Some(media::Want { feed: Feed { seat, source: want.source }, height: want.height })
        };
        Some((number, wants.iter().filter_map(known).collect()))
    }

    pub(super) fn pass(&mut self, line: LineId, consult: Option<ConsultId>, what: Passing) {
        let Some((consult, room)) = consult.and_then(|id| Some((id, self.rooms.get_mut(&id)?))) else {
            return;
        };
        let Some(from) = room.of_line(line).and_then(|seat| seat.shown.as_ref()).map(|shown| shown.pid)
        else {
            return;
        };
        let what = match what {
            Passing::Typing => Heard::Typing { from },
            Passing::Pointer { attachment, x, y } => Heard::Pointer { from, attachment, x, y },
            Passing::Stats { loss, rtt_ms, route, .. } => {
                if let Some(seat) = room.of_line(line) {
                    seat.tally.goes_by(route);
                }
                Heard::Quality { pid: from, loss, rtt_ms }
            }
            // Nothing for the others: the line hands it to the relay itself.
            Passing::Want { .. } => return,
        };
        self.tell_room(consult, &what, Some(line));
    }

    fn tell_room(&mut self, consult: ConsultId, what: &Heard, but: Option<LineId>) {
        let Some(room) = self.rooms.get(&consult) else { return };
        let frame = ServerSays::Eph { consult: Some(consult), what: what.clone() };
        let lines: Vec<_> = room.lines().filter(|line| Some(*line) != but).collect();
        lines.into_iter().for_each(|line| self.whisper(line, Input::Say(frame.clone())));
    }

    pub(super) fn sync(&mut self, line: LineId, topic: Topic) {
        self.last_rev += 1;
        let rev = self.last_rev;
        let frame = match topic {
            Topic::Presence => {
                let Some(at) = self.lines.get(&line) else { return };
                let status = |user: &UserId| self.presence.get(user).copied().unwrap_or(Status::Off);
                let users: BTreeMap<_, _> =
                    at.watched.iter().map(|user| (user.to_string(), status(user))).collect();
                state(topic, rev, "users", &users)
            }
            Topic::Roster(consult) | Topic::Slots(consult) => {
                let Some(number) = self.seat(line, consult).map(|seat| seat.number) else { return };
                let Some(room) = self.rooms.get(&consult) else { return };
                if matches!(topic, Topic::Roster(_)) {
                    state(topic, rev, "people", &room.roster())
                } else {
                    state(topic, rev, "slots", &room.slots(number))
                }
            }
            Topic::Seats => {
                let Some(user) = self.lines.get(&line).map(|at| at.user) else { return };
                state(topic, rev, "seats", &self.seats_of(user, line))
            }
            // Read from the store by the line itself.
            Topic::Rings => return,
        };
        self.whisper(line, Input::Say(frame));
    }

    pub(super) fn media(&mut self, event: MediaEvent, now: Timestamp) {
        match event {
            MediaEvent::Connected { seat, ms, .. } => self.heard_of(seat, |seat| {
                seat.tally.connected(ms);
                (seat.flows, seat.silent_since) = (true, None);
            }),
            MediaEvent::Lost { seat } => self.heard_of(seat, |seat| {
                seat.tally.lost();
                (seat.flows, seat.silent_since) = (false, Some(now));
            }),
            MediaEvent::Gone { why: GoneWhy::Left, .. } => {}
            MediaEvent::Gone { seat, why: GoneWhy::Flooded } => self.show_out(seat, now),
            MediaEvent::Gone {
                seat,
                why: GoneWhy::NeverConnected | GoneWhy::Silent | GoneWhy::Failed | GoneWhy::Panicked,
            } => {
                self.heard_of(seat, |seat| {
                    seat.flows = false;
                    seat.silent_since = seat.silent_since.or(Some(now));
                });
                self.ask_back(seat);
            }
            MediaEvent::Slots { seat: number, slots } => {
                let Some(consult) = self.homes.get(&number).copied() else { return };
                let Some(room) = self.rooms.get_mut(&consult) else { return };
                let Some(seat) = room.by_number(number) else { return };
                seat.slots = slots;
                if let Some(line) = seat.line.filter(|_| seat.shown.is_some()) {
                    self.sync(line, Topic::Slots(consult));
                }
            }
            MediaEvent::Speaking { room, seats } => {
                let Some((consult, room)) = self.rooms.iter().find(|(_, at)| at.number == room) else {
                    return;
                };
                let pids: Vec<ParticipantId> = seats.iter().filter_map(|number| room.pid(*number)).collect();
                self.tell_room(*consult, &Heard::Speaking { pids }, None);
            }
            MediaEvent::Needed { seat: number, layers } => {
                let Some(consult) = self.homes.get(&number).copied() else { return };
                let seat = self.rooms.get_mut(&consult).and_then(|room| room.by_number(number));
                if let Some(line) = seat.and_then(|seat| seat.line) {
                    let what = Heard::Layers { layers };
                    self.whisper(line, Input::Say(ServerSays::Eph { consult: Some(consult), what }));
                }
            }
            MediaEvent::Quality { seat, line } => self.tell_line(seat, &line),
        }
    }

    /// Each direction is told apart: whose picture suffers is not who sees it suffer.
    fn tell_line(&mut self, number: SeatId, line: &Line) {
        let Some(consult) = self.homes.get(&number).copied() else { return };
        let Some(seat) = self.rooms.get_mut(&consult).and_then(|room| room.by_number(number)) else { return };
        seat.tally.look(line);
        let Some(pid) = seat.shown.as_ref().map(|shown| shown.pid) else { return };
        let part = |loss: Option<f32>| {
            loss.and_then(|loss| Number::from_f64(f64::from((loss * 1_000.0).round()) / 1_000.0))
        };
        let what = Heard::Line {
            pid,
            loss_up: part(line.loss_up),
            loss_down: part(line.loss_down),
            rtt_ms: line.rtt_ms,
            share: line.share,
        };
        self.tell_room(consult, &what, None);
    }

    fn heard_of(&mut self, number: SeatId, change: impl FnOnce(&mut Seat)) {
        let Some(consult) = self.homes.get(&number).copied() else { return };
        let Some(seat) = self.rooms.get_mut(&consult).and_then(|room| room.by_number(number)) else { return };
        change(seat);
        self.tell_roster(consult);
    }

    /// The relay has lost this seat: its browser is asked to join anew.
    fn ask_back(&mut self, number: SeatId) {
        let Some(consult) = self.homes.get(&number).copied() else { return };
        let Some(seat) = self.rooms.get_mut(&consult).and_then(|room| room.by_number(number)) else { return };
        let (neg, line) = (seat.neg, seat.line);
        let need = ServerSays::Sig { consult, neg, step: ServerStep::Need { audio: 0, video: 0 } };
        if let Some(line) = line {
            self.whisper(line, Input::Say(need));
        }
    }

    /// A seat that flooded the call is vacated, and its person told why and until when.
    fn show_out(&mut self, number: SeatId, now: Timestamp) {
        let Some(consult) = self.homes.get(&number).copied() else { return };
        let Some(seat) = self.rooms.get_mut(&consult).and_then(|room| room.by_number(number)) else { return };
        let (user, line) = (seat.user, seat.line);
        self.shown_out.insert((consult, user), now.plus(SHOWN_OUT_FOR));
        let after_ms = SHOWN_OUT_FOR.as_millis() as u64;
        let what = Heard::ShownOut { why: Code::Flooding, after_ms };
        if let Some(line) = line {
            self.whisper(line, Input::Say(ServerSays::Eph { consult: Some(consult), what }));
        }
        if let Some(departed) = self.vacate(consult, number) {
            self.depart(departed);
        }
    }

    pub(super) fn tick(&mut self, now: Timestamp) {
        self.deeds.tick(now);
        self.shown_out.retain(|_, until| now < *until);
        self.leases.retain(|_, lease| lease.lost_at.is_none_or(|lost| now.since(lost) < LEASE));
        let given_up: Vec<_> = self
            .rooms
            .iter()
            .flat_map(|(consult, room)| room.seats.iter().map(move |seat| (*consult, seat)))
            .filter(|(_, seat)| seat.is_given_up(now))
            .map(|(consult, seat)| (consult, seat.number))
            .collect();
        for (consult, number) in given_up {
            if let Some(departed) = self.vacate(consult, number) {
                self.depart(departed);
            }
        }
    }
}
