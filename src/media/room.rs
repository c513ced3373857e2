//! One room on the worker: who sits in it, and what is handed from whom to whom.
//!
//! A fault inside one peer's engine, a panic included, ends that seat and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::allowance::Flood;
use super::bucket::Bucket;
use super::demux::Remote;
use super::error::MediaError;
use super::feed::Published;
use super::ladder::Ladder;
use super::model::{Feed, GoneWhy, Line, MediaEvent, Mid, RoomId, SeatId, Slot, Source};
use super::offer::Offer;
use super::peer::{Broken, Peer, Said, Says};
use super::plan;
use super::seat::{LineState, Place, Seat, Turn};

/// A line is called lost after this. Browsers ask for a sign of life every 2.5 s and report
/// on media every second, so that two of them were missed.
const LOST_AFTER: Duration = Duration::from_secs(5);
/// A lost line's seat is kept for this, the lease of a signaling session.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// The first connection has to come about in this.
const CONNECT_WITHIN: Duration = Duration::from_secs(30);

/// Datagrams a second of one seat that are looked at: three cameras and a microphone at the most that is
/// handed on, and as much again in reports and repair. Beyond that they cost a worker more than they are worth.
const DATAGRAMS: f64 = 10_000.0;

pub(super) struct Room {
    id: RoomId,
    pub(super) seats: Vec<Seat>,
    speaking: Vec<SeatId>,
    /// The one timer of this room that counts.
    pub(super) next_tick: Instant,
    beat: Beat,
}

/// When engines are called: together, every so often, not each by itself. What they wait for
/// (asking again for what was lost, reporting what arrived) bears a few milliseconds, and
/// a round that serves twenty costs little more than one that serves one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beat {
    start: Instant,
}

impl Beat {
    const EVERY: Duration = Duration::from_millis(10);

    pub(super) fn new(start: Instant) -> Self {
        Self { start }
    }

    /// The next beat from when an engine wants to be called. One that wants it at once is
    /// called in the next round: not in a spin, and not so late that a join would notice.
    fn after(self, wanted: Instant, now: Instant) -> Instant {
        let soonest = now + Duration::from_millis(1);
        if wanted <= soonest {
            return soonest;
        }
        let gone = wanted.saturating_duration_since(self.start).as_nanos();
        let beats = gone.div_ceil(Self::EVERY.as_nanos()) as u32;
        self.start + Self::EVERY * beats
    }
}

impl Room {
    pub(super) fn new(id: RoomId, next_tick: Instant, beat: Beat) -> Self {
        Self { id, seats: Vec::new(), speaking: Vec::new(), next_tick, beat }
    }

    pub(super) fn len(&self) -> usize {
        self.seats.len()
    }

    pub(super) fn seats(&self) -> impl Iterator<Item = SeatId> {
        self.seats.iter().map(|seat| seat.id)
    }

    /// Seats a participant; what plays in its slots is the answer.
    pub(super) fn seat(&mut self, id: SeatId, peer: Peer, now: Instant, turn: &mut Turn) -> Vec<Slot> {
        let published = peer
            .sections()
            .iter()
            .filter_map(|section| Some(Published::new(section.mid, section.source?, true)))
            .collect();
        let slots = peer.outlets().iter().map(Place::of).collect();
        self.seats.push(Seat {
            id,
            peer,
            since: now,
            heard: now,
            remote: None,
            line: LineState::Connecting,
            ladder: Ladder::default(),
            published,
            slots,
            wants: Vec::new(),
            flood: Flood::default(),
            datagrams: Bucket::with(DATAGRAMS, now),
            wake: None,
            fallen: false,
        });
        self.replan(turn);
        self.tick_peer(id, now, turn);
        self.slots_of(id)
    }

    /// Answers a further offer and gives the connection's name, which may be new.
    pub(super) fn offer(
        &mut self,
        id: SeatId,
        offer: &Offer,
        now: Instant,
        turn: &mut Turn,
    ) -> Result<(String, String), MediaError> {
        let at = self.position(id).ok_or(MediaError::NoSuchSeat)?;
        self.touch(at, turn, |peer, said| peer.settle(now, said));
        let mut answered = Err(MediaError::NoSuchSeat);
        self.touch(at, turn, |peer, said| {
            answered = peer.answer(offer).map(|answer| (answer, peer.ufrag()));
            peer.settle(now, said)
        });
        let seat = &mut self.seats[at];
        // A section that was given up carries nothing any more.
        let sections = seat.peer.sections();
        seat.published.retain(|known| sections.iter().any(|section| section.mid == known.mid));
        let mut before = std::mem::take(&mut seat.slots);
        seat.slots = seat
            .peer
            .outlets()
            .iter()
            .map(|outlet| match before.iter().position(|place| place.slot.mid == outlet.mid) {
                Some(known) => before.swap_remove(known),
                None => Place::of(outlet),
            })
            .collect();
        self.replan(turn);
        self.work_off(now, turn);
        answered
    }

    /// Says what a section carries, or silences it.
    pub(super) fn publish(
        &mut self,
        id: SeatId,
        (mid, source): (Mid, Source),
        on: bool,
        turn: &mut Turn,
    ) -> Result<(), MediaError> {
        let at = self.position(id).ok_or(MediaError::NoSuchSeat)?;
        let seat = &mut self.seats[at];
        let section = seat
            .peer
            .sections_mut()
            .iter_mut()
            .find(|section| section.mid == mid && section.kind == source.kind());
        let Some(section) = section else {
            // One that was given up is silent already.
            return if on { Err(MediaError::NoSuchSection) } else { Ok(()) };
        };
        section.source = Some(source);
        if on {
            // One microphone, one screen: the newer section takes the name over.
            seat.published.retain(|known| known.source != source || known.mid == mid);
        }
        match seat.published.iter_mut().find(|known| known.mid == mid) {
            Some(known) => (known.source, known.on) = (source, on),
            None => seat.published.push(Published::new(mid, source, on)),
        }
        self.replan(turn);
        Ok(())
    }

    /// Frees a seat, saying goodbye if its engine still can.
    pub(super) fn remove(&mut self, id: SeatId, now: Instant, turn: &mut Turn) {
        let Some(at) = self.position(id) else { return };
        if !self.seats[at].fallen {
            self.touch(at, turn, |peer, said| peer.close(now, said));
            // The goodbye goes out; whatever else it said no longer matters.
            turn.said.retain(|(from, _)| *from != id);
            turn.fallen.retain(|(seat, _)| *seat != id);
        }
        let seat = self.seats.remove(at);
        // An engine that panicked may panic again when it is taken apart.
        let _ = catch_unwind(AssertUnwindSafe(move || drop(seat)));
        self.replan(turn);
    }

    /// Whether a STUN packet proves to know this seat's password.
    pub(super) fn knows(&self, id: SeatId, now: Instant, source: Remote, bytes: &[u8]) -> bool {
        let Some(at) = self.position(id) else { return false };
        let peer = &self.seats[at].peer;
        catch_unwind(AssertUnwindSafe(|| peer.knows(now, source, bytes))).unwrap_or(false)
    }

    /// A datagram for a seat.
    pub(super) fn receive(
        &mut self,
        id: SeatId,
        now: Instant,
        source: Remote,
        bytes: &[u8],
        turn: &mut Turn,
    ) {
        let Some(at) = self.position(id) else { return };
        let seat = &mut self.seats[at];
        (seat.heard, seat.remote) = (now, Some(source));
        if !seat.datagrams.takes(1.0, DATAGRAMS, DATAGRAMS, now) {
            turn.withheld += 1;
            return;
        }
        self.touch(at, turn, |peer, said| peer.receive(now, source, bytes, said));
        if self.seats[at].line == LineState::Lost {
            self.up(at, now, turn);
        }
        self.work_off(now, turn);
    }

    /// The engine of a seat wanted to be told the time.
    pub(super) fn tick_peer(&mut self, id: SeatId, now: Instant, turn: &mut Turn) {
        let Some(at) = self.position(id) else { return };
        self.touch(at, turn, |peer, said| peer.tick(now, said));
        self.work_off(now, turn);
    }

    /// Sends what was written to a seat and says when its engine next wants to be called,
    /// if that is earlier than already agreed.
    pub(super) fn settle(&mut self, id: SeatId, now: Instant, turn: &mut Turn) -> Option<Instant> {
        let at = self.position(id)?;
        self.call(at, turn, |peer, said| peer.settle(now, said));
        self.work_off(now, turn);
        let seat = &mut self.seats[at];
        let wake = seat.peer.wake_at().filter(|_| !seat.fallen)?;
        let wake = self.beat.after(wake, now);
        let earlier = seat.wake.is_none_or(|agreed| wake < agreed);
        earlier.then(|| *seat.wake.insert(wake))
    }

    /// The agreed time has come; false when an earlier call has taken its place.
    pub(super) fn is_due(&mut self, id: SeatId, agreed: Instant) -> bool {
        let Some(at) = self.position(id) else { return false };
        self.seats[at].wake.take_if(|wake| *wake <= agreed).is_some()
    }

    /// What a room does ten times a second: keyframes still missing, voices, lost lines.
    pub(super) fn tick(&mut self, now: Instant, turn: &mut Turn) {
        for at in 0..self.seats.len() {
            self.want_missing_keyframes(at, now);
        }
        for at in 0..self.seats.len() {
            self.ask_keyframes(at, now, turn);
            self.watch_line(at, now, turn);
            self.tell_needs(at, now, turn);
        }
        self.work_off(now, turn);
        self.listen_for_voices(now, turn);
    }

    /// Makes the next datagram of a seat panic. For tests.
    pub(super) fn trip(&mut self, id: SeatId) {
        if let Some(at) = self.position(id) {
            self.seats[at].peer.trip();
        }
    }

    fn note_line(&mut self, at: usize, line: Line, now: Instant, turn: &mut Turn) {
        let seat = &mut self.seats[at];
        let before = seat.ladder.share();
        seat.ladder.note(line.loss_down, now);
        let share = seat.ladder.share();
        if share < before {
            tracing::info!(media.seat = seat.id.0, media.share = ?share, "line degraded");
        } else if share > before {
            tracing::info!(media.seat = seat.id.0, media.share = ?share, "line recovered");
        }
        turn.events.push(MediaEvent::Quality { seat: seat.id, line: Line { share, ..line } });
        self.say_needs(at, turn);
    }

    pub(super) fn position(&self, id: SeatId) -> Option<usize> {
        self.seats.iter().position(|seat| seat.id == id)
    }

    fn slots_of(&self, id: SeatId) -> Vec<Slot> {
        let seat = self.seats.iter().find(|seat| seat.id == id);
        seat.map(|seat| seat.slots.iter().map(|place| place.slot).collect()).unwrap_or_default()
    }

    /// Calls a peer's engine; a fault or panic ends the seat.
    pub(super) fn touch(
        &mut self,
        at: usize,
        turn: &mut Turn,
        call: impl FnOnce(&mut Peer, &mut Said) -> Result<(), Broken>,
    ) {
        self.call(at, turn, call);
        let seat = self.seats[at].id;
        // A burst touches the same one again and again.
        if turn.touched.last() != Some(&seat) {
            turn.touched.push(seat);
        }
    }

    /// The same for one that is settled by this call.
    fn call(
        &mut self,
        at: usize,
        turn: &mut Turn,
        call: impl FnOnce(&mut Peer, &mut Said) -> Result<(), Broken>,
    ) {
        let seat = &mut self.seats[at];
        if seat.fallen {
            return;
        }
        let result = catch_unwind(AssertUnwindSafe(|| call(&mut seat.peer, &mut turn.scratch)));
        turn.said.extend(turn.scratch.says.drain(..).map(|say| (seat.id, say)));
        turn.datagrams.append(&mut turn.scratch.datagrams);
        let why = match result {
            Ok(Ok(())) => return,
            Ok(Err(Broken)) => GoneWhy::Failed,
            Err(_) => GoneWhy::Panicked,
        };
        seat.fallen = true;
        turn.fallen.push((seat.id, why));
    }

    /// Hears out everything the peers have to say, including what that leads to.
    fn work_off(&mut self, now: Instant, turn: &mut Turn) {
        while let Some((id, say)) = turn.said.pop_front() {
            let Some(at) = self.position(id) else { continue };
            match say {
                Says::Packet(packet) => self.forward(at, &packet, now, turn),
                Says::KeyframeWanted { mid } => self.keyframe_wanted(at, mid, now, turn),
                Says::Secured => self.up(at, now, turn),
                Says::Report(line) => self.note_line(at, line, now, turn),
                Says::Closed => {
                    self.seats[at].fallen = true;
                    turn.fallen.push((id, GoneWhy::Left));
                }
            }
        }
    }

    fn watch_line(&mut self, at: usize, now: Instant, turn: &mut Turn) {
        let seat = &mut self.seats[at];
        let silent = now.saturating_duration_since(seat.heard);
        let over = match seat.line {
            LineState::Connecting => {
                let waited = now.saturating_duration_since(seat.since);
                (waited > CONNECT_WITHIN).then_some(GoneWhy::NeverConnected)
            }
            LineState::Up => {
                if silent > LOST_AFTER {
                    seat.line = LineState::Lost;
                    turn.events.push(MediaEvent::Lost { seat: seat.id });
                }
                None
            }
            LineState::Lost => (silent > KEPT_FOR).then_some(GoneWhy::Silent),
        };
        if let Some(why) = over.filter(|_| !seat.fallen) {
            seat.fallen = true;
            turn.fallen.push((seat.id, why));
        }
    }

    fn listen_for_voices(&mut self, now: Instant, turn: &mut Turn) {
        let mut voices: Vec<(u32, SeatId)> = Vec::new();
        for seat in &mut self.seats {
            let id = seat.id;
            let mics = seat.published.iter_mut().filter(|known| known.on && known.source == Source::Mic);
            voices.extend(mics.filter_map(|mic| Some((mic.voice.talking(now)?, id))));
        }
        voices.sort_by_key(|(level, seat)| (std::cmp::Reverse(*level), *seat));
        let seats: Vec<SeatId> = voices.into_iter().map(|(_, seat)| seat).collect();
        let same =
            seats.len() == self.speaking.len() && seats.iter().all(|seat| self.speaking.contains(seat));
        if !same {
            self.speaking.clone_from(&seats);
            turn.events.push(MediaEvent::Speaking { room: self.id, seats });
        }
    }

    /// Decides anew who plays where and tells those for whom something changed.
    fn replan(&mut self, turn: &mut Turn) {
        let feeds: Vec<Feed> = self
            .seats
            .iter()
            .flat_map(|seat| {
                let on = seat.published.iter().filter(|known| known.on);
                on.map(|known| Feed { seat: seat.id, source: known.source })
            })
            .collect();
        for seat in &mut self.seats {
            let before: Vec<Slot> = seat.slots.iter().map(|place| place.slot).collect();
            let after = plan::assign(seat.id, &before, &feeds);
            if after == before {
                continue;
            }
            for (place, slot) in seat.slots.iter_mut().zip(&after) {
                if place.slot != *slot {
                    place.interrupt();
                    place.slot = *slot;
                }
            }
            seat.look();
            turn.events.push(MediaEvent::Slots { seat: seat.id, slots: after });
        }
    }
}
