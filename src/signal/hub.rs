//! Who is here: one task that owns every line, lease and room, and waits for nobody.
//!
//! Whatever needs the store, the relay or the consult's commands is done by the line that
//! asked and told here when it is done. A line whose ear is full is let go, never waited for.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use tokio::sync::{mpsc, oneshot};

use super::{
    ask::{Ask, Departed, Entered, Knock, LineId, Seated},
    deeds::Deeds,
    protocol::{Body, Code, Heard, ServerSays, Sid, SidKey, Topic},
    room::{Room, Seat},
    session::{Close, Input},
};
use crate::{
    auth::Status,
    kernel::{Clock, ConsultId, SessionId, Timestamp, UserId},
    media::SeatId,
};

/// Lines one person may have open: a few tabs on a few machines.
const MOST_LINES: usize = 16;

pub(super) struct Line {
    pub(super) user: UserId,
    pub(super) session: SessionId,
    pub(super) sid: Sid,
    pub(super) ear: mpsc::Sender<Input>,
    pub(super) watched: BTreeSet<UserId>,
}

pub(super) struct Lease {
    pub(super) user: UserId,
    pub(super) key: SidKey,
    pub(super) line: Option<LineId>,
    pub(super) lost_at: Option<Timestamp>,
    /// Seats that another tab or machine of the same person took over: told once more when this
    /// one comes back, because the first telling may have been lost with the line.
    pub(super) taken_over: BTreeSet<ConsultId>,
}

/// The task's state.
pub struct Hub {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) departures: mpsc::Sender<Departed>,
    pub(super) lines: BTreeMap<LineId, Line>,
    pub(super) leases: HashMap<Sid, Lease>,
    pub(super) rooms: BTreeMap<ConsultId, Room>,
    pub(super) homes: HashMap<SeatId, ConsultId>,
    /// Who flooded a call, and until when they stay out of it.
    pub(super) shown_out: HashMap<(ConsultId, UserId), Timestamp>,
    pub(super) presence: BTreeMap<UserId, Status>,
    pub(super) deeds: Deeds,
    pub(super) last_number: u64,
    pub(super) last_rev: i64,
    /// Lines that could not be told something: let go when the ask under way is done.
    deaf: Vec<LineId>,
}

impl Hub {
    /// An empty house. Seats given up are told to `departures`, at most one per seat.
    pub fn new(clock: Arc<dyn Clock>, departures: mpsc::Sender<Departed>) -> Self {
        Self {
            clock,
            departures,
            lines: BTreeMap::new(),
            leases: HashMap::new(),
            rooms: BTreeMap::new(),
            homes: HashMap::new(),
            shown_out: HashMap::new(),
            presence: BTreeMap::new(),
            deeds: Deeds::default(),
            last_number: 0,
            last_rev: 0,
            deaf: Vec::new(),
        }
    }

    /// Answers until nobody can ask any more.
    pub async fn run(mut self, mut asks: mpsc::Receiver<Ask>) {
        while let Some(ask) = asks.recv().await {
            let now = self.clock.now();
            self.hear(ask, now);
        }
    }

    /// One question or telling, and all that follows from it.
    pub(super) fn hear(&mut self, ask: Ask, now: Timestamp) {
        self.take(ask, now);
        // Not sooner: in the middle of a telling the others would hear the news first, and then
        // how things stood before it.
        while let Some(line) = self.deaf.pop() {
            self.closed(line, now);
        }
    }

    fn take(&mut self, ask: Ask, now: Timestamp) {
        match ask {
            Ask::Enter(knock, answer) => reply(answer, self.enter(knock, now)),
            Ask::Closed(line) => self.closed(line, now),
            Ask::End(lines, why) => lines.into_iter().for_each(|line| self.end(line, why)),
            Ask::Banish(users) => self.banish(&users),
            Ask::Lines(users, answer) => reply(answer, self.lines_of(users.as_deref())),
            Ask::Post(heads) => self.post(&heads),
            Ask::Watch(line, people) => self.watch(line, people),
            Ask::Watched(answer) => reply(answer, self.watched()),
            Ask::Presence(news) => self.presence(news),
            Ask::Online(answer) => {
                let users: BTreeSet<_> = self.lines.values().map(|line| line.user).collect();
                reply(answer, users.into_iter().collect());
            }
            Ask::Reserve(line, consult, answer) => reply(answer, self.reserve(line, consult)),
            Ask::Release(line, consult) => self.release(line, consult),
            Ask::SitDown(who, answer) => reply(answer, self.sit_down(who)),
            Ask::SeatOf(line, consult, answer) => {
                let seated = |seat: &mut Seat| Seated {
                    seat: seat.number,
                    neg: seat.neg,
                    tracks: seat.tracks.clone(),
                };
                reply(answer, self.seat(line, consult).map(seated));
            }
            Ask::SitterOf(consult, pid, answer) => {
                reply(answer, self.rooms.get(&consult).and_then(|room| room.sitter(pid)));
            }
            Ask::Negotiated(line, consult, neg) => {
                if let Some(seat) = self.seat(line, consult) {
                    seat.neg = neg.max(seat.neg);
                }
            }
            Ask::Claim(user, op, mark, answer) => self.deeds.claim((user, op), mark, answer, now),
            Ask::Did(user, op, outcome) => self.deeds.done(user, &op, &outcome, now),
            Ask::Track(line, consult, mid, source) => self.track(line, consult, mid, source),
            Ask::Mute(line, consult, source, is_muted) => self.mute(line, consult, source, is_muted),
            Ask::StandUp(line, consult, answer) => reply(answer, self.stand_up(line, consult)),
            Ask::Over(consults) => consults.into_iter().for_each(|consult| self.over(consult)),
            Ask::Wants(line, consult, wants, answer) => reply(answer, self.wants(line, consult, &wants)),
            Ask::Pass(line, consult, what) => self.pass(line, consult, what),
            Ask::Sync(line, topic) => self.sync(line, topic),
            Ask::Media(event) => self.media(event, now),
            Ask::Tick => self.tick(now),
            Ask::Drain => {
                let all: Vec<_> = self.lines.keys().copied().collect();
                all.into_iter().for_each(|line| self.end(line, Close::Draining));
            }
        }
    }

    // ── lines ───────────────────────────────────────────────────────────

    fn enter(&mut self, knock: Knock, now: Timestamp) -> Result<Entered, Code> {
        let Knock { line, user, session, ear, resume, fresh } = knock;
        // A knock that took its time: its socket is gone, or the browser came on a newer one
        // meanwhile, which it must not push out.
        if ear.is_closed() {
            return Err(Code::SessionExpired);
        }
        let held = resume.filter(|(sid, key)| {
            self.leases.get(sid).is_some_and(|lease| lease.user == user && lease.key == *key)
        });
        let resumed = held.is_some();
        let newer = held.as_ref().and_then(|(sid, _)| self.leases.get(sid)?.line).filter(|at| *at > line);
        if newer.is_some() {
            return Err(Code::Superseded);
        }
        if !resumed && self.lines.values().filter(|other| other.user == user).count() >= MOST_LINES {
            return Err(Code::Full);
        }
        let (sid, key) = held.unwrap_or(fresh);
        let lease = self.leases.entry(sid.clone()).or_insert(Lease {
            user,
            key: key.clone(),
            line: None,
            lost_at: None,
            taken_over: BTreeSet::new(),
        });
        let before = lease.line.replace(line);
        lease.lost_at = None;
        self.lines.insert(line, Line { user, session, sid: sid.clone(), ear, watched: BTreeSet::new() });
        let mut standing = Vec::new();
        if let Some(before) = before {
            self.hand_over(before, line, now);
        }
        if resumed {
            standing = self.standing_of(&sid, line);
        }
        self.last_rev += 1;
        standing.push(state(Topic::Seats, self.last_rev, "seats", &self.seats_of(user, line)));
        self.tell_seats(user);
        Ok(Entered { sid, key, resumed, standing })
    }

    /// The same browser has a newer line: its seats go there, the old one ends.
    fn hand_over(&mut self, before: LineId, line: LineId, now: Timestamp) {
        let Some(old) = self.lines.remove(&before) else { return };
        if let Some(new) = self.lines.get_mut(&line) {
            new.watched = old.watched;
        }
        let _ = old.ear.try_send(Input::End(Close::Superseded));
        for room in self.rooms.values_mut() {
            if let Some(seat) = room.of_line(before) {
                seat.loses_line(now);
            }
        }
    }

    /// Gives a resumed line the seats back that its session holds, and tells it how they stand.
    fn standing_of(&mut self, sid: &Sid, line: LineId) -> Vec<ServerSays> {
        let taken_over = self.leases.get(sid).into_iter().flat_map(|lease| &lease.taken_over);
        let moved = |consult: &ConsultId| ServerSays::Eph { consult: Some(*consult), what: Heard::Moved };
        let mut standing: Vec<_> = taken_over.map(moved).collect();
        let mut changed = Vec::new();
        for (consult, room) in &mut self.rooms {
            let Some(seat) = room.seats.iter_mut().find(|seat| seat.holder == *sid) else { continue };
            seat.gains_line(line);
            let number = seat.number;
            changed.push(*consult);
            self.last_rev += 1;
            standing.push(state(Topic::Slots(*consult), self.last_rev, "slots", &room.slots(number)));
        }
        changed.into_iter().for_each(|consult| self.tell_roster(consult));
        standing
    }

    fn closed(&mut self, line: LineId, now: Timestamp) {
        let Some(gone) = self.lines.remove(&line) else { return };
        if let Some(lease) = self.leases.get_mut(&gone.sid).filter(|lease| lease.line == Some(line)) {
            lease.line = None;
            lease.lost_at = Some(now);
        }
        let mut changed = Vec::new();
        for (consult, room) in &mut self.rooms {
            if let Some(seat) = room.of_line(line) {
                seat.loses_line(now);
                changed.push(*consult);
            }
        }
        let is_news = !changed.is_empty();
        changed.into_iter().for_each(|consult| self.tell_roster(consult));
        if is_news {
            self.tell_seats(gone.user);
        }
    }

    fn end(&mut self, line: LineId, why: Close) {
        let Some(at) = self.lines.get(&line) else { return };
        let _ = at.ear.try_send(Input::End(why));
        if why != Close::SignedOut {
            return;
        }
        // Who signed out has left every room, at once, and cannot come back by resuming.
        let sid = at.sid.clone();
        self.leases.remove(&sid);
        let rooms: Vec<_> = self.rooms.keys().copied().collect();
        for consult in rooms {
            if let Some(departed) = self.stand_up(line, consult) {
                self.depart(departed);
            }
        }
        self.lines.remove(&line);
    }

    /// Seats outlive a cut line for a while; the leave to sit in them does not.
    fn banish(&mut self, users: &[UserId]) {
        self.leases.retain(|_, lease| lease.line.is_some() || !users.contains(&lease.user));
        let seats =
            self.rooms.iter().flat_map(|(consult, room)| room.seats.iter().map(|seat| (*consult, seat)));
        let theirs: Vec<_> = seats
            .filter(|(_, seat)| users.contains(&seat.user))
            .map(|(consult, seat)| (consult, seat.number))
            .collect();
        for (consult, number) in theirs {
            if let Some(departed) = self.vacate(consult, number) {
                self.depart(departed);
            }
        }
    }

    /// Somebody's seat was given up for them. A burst of more departures than the channel holds
    /// would be a server going down, which tells the records by itself.
    pub(super) fn depart(&mut self, departed: Departed) {
        let _ = self.departures.try_send(departed);
    }

    fn lines_of(&self, users: Option<&[UserId]>) -> Vec<(LineId, SessionId)> {
        let wanted = |line: &Line| users.is_none_or(|users| users.contains(&line.user));
        self.lines.iter().filter(|(_, line)| wanted(line)).map(|(id, line)| (*id, line.session)).collect()
    }

    fn post(&mut self, heads: &[(UserId, i64)]) {
        for (user, n) in heads {
            let lines: Vec<_> =
                self.lines.iter().filter(|(_, line)| line.user == *user).map(|(id, _)| *id).collect();
            lines.into_iter().for_each(|line| self.whisper(line, Input::Post(*n)));
        }
    }

    /// Never waits: a line that does not even empty its ear is let go and comes back by itself.
    pub(super) fn whisper(&mut self, line: LineId, input: Input) {
        let Some(at) = self.lines.get(&line) else { return };
        if at.ear.try_send(input).is_err() {
            self.deaf.push(line);
        }
    }

    // ── presence ────────────────────────────────────────────────────────

    fn watch(&mut self, line: LineId, people: BTreeSet<UserId>) {
        if let Some(at) = self.lines.get_mut(&line) {
            at.watched = people;
        }
        self.sync(line, Topic::Presence);
    }

    fn watched(&self) -> Vec<UserId> {
        let all: BTreeSet<_> = self.lines.values().flat_map(|line| line.watched.iter().copied()).collect();
        all.into_iter().collect()
    }

    fn presence(&mut self, news: BTreeMap<UserId, Status>) {
        let changed: BTreeSet<_> = news
            .iter()
            .filter(|(user, status)| self.presence.get(user) != Some(status))
            .map(|(user, _)| *user)
            .collect();
        self.presence.extend(news);
        let lines: Vec<_> = self
            .lines
            .iter()
            .filter(|(_, line)| !line.watched.is_disjoint(&changed))
            .map(|(id, _)| *id)
            .collect();
        lines.into_iter().for_each(|line| self.sync(line, Topic::Presence));
    }
}

/// Whoever stopped waiting needs no answer.
fn reply<T>(to: oneshot::Sender<T>, what: T) {
    let _ = to.send(what);
}

/// A topic's newest telling, whole.
pub(super) fn state(topic: Topic, rev: i64, name: &str, what: &impl serde::Serialize) -> ServerSays {
    let value = serde_json::to_value(what).expect("our own nouns have string keys and no failing parts");
    ServerSays::State { topic, rev, body: Body::Full(serde_json::json!({ name: value })) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kernel::StoppedClock,
        media::{GoneWhy, MediaEvent, RoomId},
        signal::room::tests::seat,
    };

    const NOON: Timestamp = Timestamp::from_millis(43_200_000);

    /// Two people in a consult, and what their lines are told. Seat, line and person have the same number.
    fn two_in_a_call(
        departures: mpsc::Sender<Departed>,
    ) -> (Hub, ConsultId, BTreeMap<u8, mpsc::Receiver<Input>>) {
        let mut hub = Hub::new(Arc::new(StoppedClock::at(NOON)), departures);
        let consult: ConsultId = "con-019aa5e0c40070008000000000000001".parse().unwrap();
        let mut room = Room::new(RoomId(1));
        let mut ears = BTreeMap::new();
        for tail in [1, 2] {
            let at = seat(tail);
            let (mouth, ear) = mpsc::channel(8);
            let line = at.line.expect("a seat that was just taken");
            let session = format!("ses-{tail:032x}").parse().unwrap();
            let sid = at.holder.clone();
            hub.lines
                .insert(line, Line { user: at.user, session, sid, ear: mouth, watched: BTreeSet::new() });
            hub.homes.insert(at.number, consult);
            ears.insert(tail, ear);
            room.seats.push(at);
        }
        hub.rooms.insert(consult, room);
        (hub, consult, ears)
    }

    #[test]
    fn who_floods_a_call_is_told_so_and_stays_out_of_it_for_a_while() {
        let (departures, mut gone) = mpsc::channel(4);
        let (mut hub, consult, mut ears) = two_in_a_call(departures);

        hub.hear(Ask::Media(MediaEvent::Gone { seat: SeatId(1), why: GoneWhy::Flooded }), NOON);

        let said = ears.get_mut(&1).unwrap().try_recv().unwrap();
        let what = Heard::ShownOut { why: Code::Flooding, after_ms: 30_000 };
        assert!(
            matches!(&said, Input::Say(ServerSays::Eph { consult: Some(of), what: told }) if *of == consult && *told == what)
        );
        assert_eq!(gone.try_recv().unwrap().seat, SeatId(1));
        assert_eq!(hub.reserve(LineId(1), consult).err(), Some(Code::Flooding));
        assert!(hub.reserve(LineId(2), consult).is_ok(), "the other one sits there still");

        hub.tick(NOON.plus(std::time::Duration::from_secs(30)));
        assert!(hub.reserve(LineId(1), consult).is_ok());
    }

    #[test]
    fn whoever_is_found_gone_in_the_middle_of_a_telling_is_gone_in_the_last_one() {
        let (departures, _gone) = mpsc::channel(4);
        let (mut hub, _, mut ears) = two_in_a_call(departures);

        // The first one's socket has ended, and its own word of that is still on the way.
        ears.get_mut(&1).unwrap().close();
        let remote = "192.0.2.1:9".parse().unwrap();
        hub.hear(Ask::Media(MediaEvent::Connected { seat: SeatId(2), ms: 1, remote }), NOON);

        let mut told = Vec::new();
        while let Ok(input) = ears.get_mut(&2).unwrap().try_recv() {
            if let Input::Say(ServerSays::State { topic: Topic::Roster(_), rev, body: Body::Full(people) }) =
                input
            {
                told.push((rev, people["people"][0]["reconnecting"].clone()));
            }
        }
        assert!(told.is_sorted_by_key(|(rev, _)| *rev), "{told:?}");
        assert_eq!(told.last().map(|(_, away)| away.clone()), Some(true.into()), "{told:?}");
    }
}
