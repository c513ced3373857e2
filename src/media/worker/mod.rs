//! A worker: one thread and its rooms. The first one has the socket and the streams, too.
//!
//! A round is: wait for a datagram, a command or a timer; do what came; send what that
//! wrote. A datagram costs work for its own room only, and a timer for its own peer or room.
//! With several workers the first hands on what is for the rooms of others ([`super::yard`]).

mod errands;
mod timers;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io::ErrorKind;
use std::net::UdpSocket;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token, Waker};

use super::carrier::Carrier;
use super::counters::{self, Counters, count};
use super::demux::{Door, Looks, Remote, look};
use super::effort::Effort;
use super::error::MediaError;
use super::events::Listeners;
use super::model::{GoneWhy, MediaEvent, RoomId, SeatId, Slot};
use super::peer::Peer;
use super::relay::Command;
use super::room::{Beat, Room};
use super::seat::Turn;
use super::socket::Inlet;
use super::stream::{Framing, StreamSays};
use super::turn::{Outcome, TurnServer, Via};
use super::yard::{Outward, Post};
use crate::config;

const SOCKET: Token = Token(0);
const COMMANDS: Token = Token(1);
/// Datagrams, or packets from streams, taken before looking at timers and commands again.
const BATCH: usize = 128;
/// While packets flow, the worker looks for them at this pace and is woken by none: what comes
/// together leaves together, and waking up is most of what a packet costs when few come. The first
/// one after a silence is handed on at once. A voice packet alone is 20 ms long.
const PACE: Duration = Duration::from_micros(2_500);
/// How often a room looks after keyframes, voices and lost lines.
const ROOM_TICK: Duration = Duration::from_millis(100);
/// Kernel buffers: a tenth of a second of the busiest worker measured.
const SOCKET_BUFFER: usize = 4 << 20;

/// The relay's clock. Every decision takes the moment as a parameter; it is read here, once
/// a round.
#[must_use]
pub(super) fn moment() -> Instant {
    Instant::now()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Peer(SeatId),
    Room(RoomId),
}

/// What the worker hears beside datagrams.
pub(super) struct Inbox {
    pub(super) commands: Receiver<Command>,
    pub(super) streams: Receiver<StreamSays>,
}

pub(super) struct Worker {
    poll: Poll,
    carrier: Carrier,
    inbox: Inbox,
    post: Post,
    effort: Effort,
    counters: Arc<[Counters]>,
    /// Which of the workers, and of the counters, this is.
    number: usize,
    listeners: Listeners,
    rooms: HashMap<RoomId, Room>,
    seats: HashMap<SeatId, RoomId>,
    door: Door,
    timers: BinaryHeap<Reverse<(Instant, Due)>>,
    beat: Beat,
    turn: Turn,
    max_rooms: usize,
    max_seats: usize,
    /// The socket may have more; the poll tells only of changes.
    readable: bool,
    running: bool,
}

impl Worker {
    /// A worker with this number. The socket is shared by all; only the first one reads it.
    pub(super) fn new(
        config: &config::Media,
        socket: UdpSocket,
        inbox: Inbox,
        turn: TurnServer,
        (counters, number): (Arc<[Counters]>, usize),
    ) -> std::io::Result<(Self, Arc<Waker>)> {
        let tuned = socket2::SockRef::from(&socket);
        // A kernel that grants less costs packets under load, not the start.
        let _ = tuned.set_recv_buffer_size(SOCKET_BUFFER);
        let _ = tuned.set_send_buffer_size(SOCKET_BUFFER);
        socket.set_nonblocking(true)?;
        let poll = Poll::new()?;
        let mut socket = mio::net::UdpSocket::from_std(socket);
        let has_port = number == 0;
        if has_port {
            poll.registry().register(&mut socket, SOCKET, Interest::READABLE)?;
        }
        let waker = Arc::new(Waker::new(poll.registry(), COMMANDS)?);
        let now = moment();
        let worker = Self {
            poll,
            carrier: Carrier::new(socket, turn)?,
            inbox,
            post: Post::Alone,
            effort: Effort::new(now),
            counters,
            number,
            listeners: Listeners::default(),
            rooms: HashMap::new(),
            seats: HashMap::new(),
            door: Door::default(),
            timers: BinaryHeap::new(),
            beat: Beat::new(now),
            turn: Turn::default(),
            max_rooms: config.max_rooms,
            max_seats: config.max_seats_per_room,
            readable: has_port,
            running: true,
        };
        Ok((worker, waker))
    }

    /// Makes it one of several.
    pub(super) fn join(&mut self, post: Post) {
        self.post = post;
    }

    fn tally(&self) -> &Counters {
        &self.counters[self.number]
    }

    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(16);
        let mut inlet = Inlet::new();
        let (mut looked, mut flows) = (moment(), false);
        while self.running {
            let asleep = moment();
            let wait = if flows && !self.readable {
                thread::sleep((looked + PACE).saturating_duration_since(asleep));
                Some(Duration::ZERO)
            } else {
                self.wait()
            };
            if let Err(why) = self.poll.poll(&mut events, wait)
                && why.kind() != ErrorKind::Interrupted
            {
                tracing::error!(error = %why, "media worker cannot wait for datagrams");
                break;
            }
            self.readable |= events.iter().any(|event| event.token() == SOCKET);
            flows = self.readable || !events.is_empty();
            let now = moment();
            self.effort.rested(asleep, now);
            self.take_post(now);
            self.take_commands(now);
            self.take_datagrams(now, &mut inlet);
            self.take_streams(now);
            self.take_timers(now);
            self.settle(now);
            let unsent = self.carrier.flush() + self.post.flush();
            count(&self.tally().unsent, unsent);
            self.listeners.flush();
            looked = now;
        }
        tracing::info!("relay stopped");
    }

    fn wait(&self) -> Option<Duration> {
        if self.readable {
            return Some(Duration::ZERO);
        }
        // Waiting listeners are looked at again soon; otherwise only a timer ends the wait.
        let soon = self.listeners.are_behind().then_some(Duration::from_millis(20));
        let next = self.timers.peek().map(|Reverse((at, _))| at.saturating_duration_since(moment()));
        match (soon, next) {
            (Some(soon), Some(next)) => Some(soon.min(next)),
            (soon, next) => soon.or(next),
        }
    }

    fn take_commands(&mut self, now: Instant) {
        loop {
            match self.inbox.commands.try_recv() {
                Ok(command) => self.command(command, now),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.running = false;
                    return;
                }
            }
            self.after(now);
        }
    }

    /// An asker that went away needs no answer, hence the ignored results of `send`.
    fn command(&mut self, command: Command, now: Instant) {
        match command {
            Command::Seat { room, seat, peer, done } => {
                let _ = done.send(self.seat(room, seat, *peer, now));
            }
            Command::Offer { seat, offer, done } => {
                let answered = self.in_room(seat, |room, turn| room.offer(seat, &offer, now, turn));
                let answered = answered.unwrap_or(Err(MediaError::NoSuchSeat)).map(|(answer, name)| {
                    self.name(seat, name, now);
                    answer
                });
                let _ = done.send(answered);
            }
            Command::Expect { seat } => self.carrier.turn.expect(seat, now),
            Command::Leave { seat } => self.remove(seat, GoneWhy::Left, now),
            Command::Publish { seat, mid, source, on, done } => {
                let published = self.in_room(seat, |room, turn| room.publish(seat, (mid, source), on, turn));
                let _ = done.send(published.unwrap_or(Err(MediaError::NoSuchSeat)));
            }
            Command::Want { seat, wants } => {
                self.in_room(seat, |room, turn| room.want(seat, wants, now, turn)).unwrap_or_default();
            }
            Command::Listen { to } => self.listeners.add(to),
            Command::Panic { seat } => self.in_room(seat, |room, _| room.trip(seat)).unwrap_or_default(),
            Command::Stop => self.running = false,
        }
    }

    fn seat(
        &mut self,
        id: RoomId,
        seat: SeatId,
        mut peer: Peer,
        now: Instant,
    ) -> Result<Vec<Slot>, MediaError> {
        if let Some(old) = self.seats.get(&seat).copied() {
            self.clear(seat, old, now);
        }
        let seated = self.rooms.get(&id).map(Room::len);
        if seated.is_none() && self.is_full() {
            return Err(MediaError::RelayFull);
        }
        if seated.is_some_and(|seated| seated >= self.max_seats) {
            return Err(MediaError::RoomFull);
        }
        let name = peer.ufrag();
        self.name(seat, name, now);
        self.seats.insert(seat, id);
        if seated.is_none() {
            self.timers.push(Reverse((now + ROOM_TICK, Due::Room(id))));
        }
        let room = self.rooms.entry(id).or_insert_with(|| Room::new(id, now + ROOM_TICK, self.beat));
        let slots = room.seat(seat, peer, now, &mut self.turn);
        self.gauge();
        Ok(slots)
    }

    /// Whether another room would be one too many: of all that were allowed for, or for a
    /// worker that has no rest as it is. Who wants into a room that is open is let in.
    fn is_full(&self) -> bool {
        counters::read(&self.counters).rooms as usize >= self.max_rooms || self.effort.is_spent()
    }

    fn take_datagrams(&mut self, now: Instant, inlet: &mut Inlet) {
        if self.post.is_away_from_port() {
            return;
        }
        let mut taken = 0;
        while taken < BATCH {
            match self.carrier.receive(inlet) {
                Ok(more) => {
                    for (source, bytes) in inlet.datagrams() {
                        self.datagram(now, Via::Udp(source), bytes);
                        self.after(now);
                    }
                    let weight = inlet.weight();
                    taken += weight;
                    count(&self.tally().received, weight as u64);
                    self.readable = more;
                    if !more {
                        return;
                    }
                }
                Err(why) if why.kind() == ErrorKind::WouldBlock => {
                    self.readable = false;
                    return;
                }
                // An earlier datagram could not be delivered; says nothing about this one.
                Err(_) => taken += 1,
            }
        }
    }

    /// Packets that came on streams. What does not fit into this round is taken in the next.
    fn take_streams(&mut self, now: Instant) {
        let mut taken = 0;
        while taken < BATCH {
            let Ok(says) = self.inbox.streams.try_recv() else { return };
            taken += 1;
            let Some((id, packets)) = self.carrier.note(says) else { continue };
            let Some((from, framing)) = self.carrier.stream(id) else { continue };
            taken += packets.len();
            for bytes in packets {
                count(&self.tally().received, 1);
                match framing {
                    Framing::Turn => self.relayed(now, Via::Stream(id, from), &bytes),
                    Framing::Ice => self.deliver(now, Remote::Tcp(from), &bytes, None),
                }
                self.after(now);
            }
        }
        self.readable = true;
    }

    fn datagram(&mut self, now: Instant, via: Via, bytes: &[u8]) {
        let Via::Udp(source) = via else { return };
        match look(bytes) {
            Some(Looks::Turn) => self.relayed(now, via, bytes),
            // An address that was lent is nobody's on the network: whoever shows it lies.
            _ if self.carrier.turn.has_lent(source) => count(&self.tally().strangers, 1),
            _ => self.deliver(now, Remote::Udp(source), bytes, None),
        }
    }

    /// Something for the TURN server, and what it unpacks for us.
    fn relayed(&mut self, now: Instant, via: Via, bytes: &[u8]) {
        let turn = &mut self.carrier.turn;
        let outcome = catch_unwind(AssertUnwindSafe(|| turn.take(via, bytes, now)));
        match outcome {
            Ok(Outcome::Answer(answer)) => {
                if self.carrier.answer(via, answer).is_err() {
                    count(&self.tally().unsent, 1);
                }
                self.gauge();
            }
            Ok(Outcome::Inner { seat, lent, bytes }) => {
                self.deliver(now, Remote::Udp(lent), bytes, Some(seat));
            }
            Ok(Outcome::Nothing) => count(&self.tally().strangers, 1),
            Err(_) => {
                count(&self.tally().panics, 1);
                tracing::error!("the TURN server panicked at a message, which was dropped");
            }
        }
    }

    /// A packet for a seat; through the TURN server only for the one whose pass was shown.
    fn deliver(&mut self, now: Instant, source: Remote, bytes: &[u8], only: Option<SeatId>) {
        let looks = look(bytes);
        let seat = match looks {
            Some(Looks::Knock(name)) => self
                .door
                .named(name)
                .filter(|seat| self.post.has(*seat) || self.knows(*seat, now, source, bytes)),
            Some(Looks::Traffic) => self.door.at(source),
            Some(Looks::Turn) | None => None,
        };
        let Some(seat) = seat.filter(|seat| only.is_none_or(|only| only == *seat)) else {
            count(&self.tally().strangers, 1);
            return;
        };
        if self.post.has(seat) {
            self.post.put(seat, source, bytes);
            return;
        }
        if matches!(looks, Some(Looks::Knock(_))) {
            self.door.settle(seat, source);
        }
        self.in_room(seat, |room, turn| room.receive(seat, now, source, bytes, turn));
    }

    /// Calls the seat's room. A panic in our own code ends the seat it happened for.
    fn in_room<T>(&mut self, seat: SeatId, call: impl FnOnce(&mut Room, &mut Turn) -> T) -> Option<T> {
        let room = self.rooms.get_mut(self.seats.get(&seat)?)?;
        let turn = &mut self.turn;
        let called = catch_unwind(AssertUnwindSafe(|| call(room, turn)));
        if called.is_err() {
            self.turn.fallen.push((seat, GoneWhy::Panicked));
        }
        called.ok()
    }

    /// Sends, tells and counts what a step brought about, and clears the seats it ended.
    fn after(&mut self, now: Instant) {
        loop {
            self.send(now);
            let fallen = std::mem::take(&mut self.turn.fallen);
            if fallen.is_empty() {
                break;
            }
            for (seat, why) in fallen {
                self.remove(seat, why, now);
            }
        }
        for event in self.turn.events.drain(..) {
            self.listeners.tell(event);
        }
        let tally = &self.counters[self.number];
        for (counter, counted) in [
            (&tally.forwarded, &mut self.turn.forwarded),
            (&tally.withheld, &mut self.turn.withheld),
            (&tally.keyframes_asked, &mut self.turn.keyframes_asked),
        ] {
            if *counted > 0 {
                count(counter, std::mem::take(counted));
            }
        }
    }

    fn send(&mut self, now: Instant) {
        for (to, bytes) in self.turn.datagrams.drain(..) {
            if self.post.must_carry(to) {
                self.post.carry(to, bytes);
            } else if self.carrier.send(to, bytes, now).is_err() {
                count(&self.counters[self.number].unsent, 1);
            }
        }
    }

    /// Sends what this round wrote to peers, and agrees on when to call them next.
    fn settle(&mut self, now: Instant) {
        // Settling touches peers again; two passes see to those, a third has nothing to do.
        for _ in 0..2 {
            let mut touched = std::mem::take(&mut self.turn.touched);
            touched.sort_unstable();
            touched.dedup();
            for seat in touched.drain(..) {
                let wake = self.in_room(seat, |room, turn| room.settle(seat, now, turn)).flatten();
                if let Some(wake) = wake {
                    self.timers.push(Reverse((wake, Due::Peer(seat))));
                }
                self.after(now);
            }
            self.turn.touched.retain(|seat| self.seats.contains_key(seat));
        }
        self.turn.touched.clear();
    }

    fn remove(&mut self, seat: SeatId, why: GoneWhy, now: Instant) {
        self.carrier.turn.forget(seat);
        let Some(room) = self.seats.get(&seat).copied() else { return self.gauge() };
        if why == GoneWhy::Panicked {
            count(&self.tally().panics, 1);
            tracing::error!(media.seat = seat.0, "a media peer panicked and was removed");
        }
        self.clear(seat, room, now);
        self.post.say(Outward::Gone { seat });
        self.turn.events.push(MediaEvent::Gone { seat, why });
        if self.rooms.get(&room).is_some_and(|room| room.len() == 0) {
            self.rooms.remove(&room);
        }
        self.gauge();
    }

    fn clear(&mut self, seat: SeatId, room: RoomId, now: Instant) {
        self.seats.remove(&seat);
        self.door.clear(seat);
        self.post.say(Outward::Cleared { seat });
        if let Some(room) = self.rooms.get_mut(&room) {
            let turn = &mut self.turn;
            // The seat is out of the maps already; a panic here costs a goodbye.
            let _ = catch_unwind(AssertUnwindSafe(|| room.remove(seat, now, turn)));
        }
        self.send(now);
    }

    fn gauge(&self) {
        self.tally().allocations.store(self.carrier.turn.allocations() as u64, Ordering::Relaxed);
        self.tally().seats.store(self.seats.len() as u64, Ordering::Relaxed);
        self.tally().rooms.store(self.rooms.len() as u64, Ordering::Relaxed);
    }
}
