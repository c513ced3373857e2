//! Who sits in a consult's room: seats, what they bring, what plays where. Pure.
//!
//! A seat belongs to a person, not to a line: the same person coming back gets the same
//! seat, so that nobody ever sees a ghost twin. The relay knows it by a number only.

use std::{collections::BTreeMap, time::Duration};

use super::{
    ask::LineId,
    protocol::{Media, Named, Person, Sid, Slot, TrackState},
    tally::Tally,
};
use crate::{
    kernel::{FacilityId, ParticipantId, Timestamp, UserId},
    media::{self, Mid, RoomId, SeatId, Source},
};

/// How long a seat is kept when its line is gone.
pub const LEASE: Duration = Duration::from_secs(60);

/// A voice that still flows keeps its seat longer than its words: the line may be shut by a
/// proxy while the media goes on. Not for ever: who signed out elsewhere must be gone.
const LONGEST_WITHOUT_LINE: Duration = Duration::from_mins(10);

/// The person in a seat, as the others see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sitter {
    /// Who.
    pub user: Named<UserId>,
    /// From where.
    pub facility: Named<FacilityId>,
    /// In which role.
    pub role: String,
}

/// One seat.
#[derive(Debug, Clone)]
pub struct Seat {
    /// The number the relay knows it by.
    pub number: SeatId,
    /// Whose.
    pub user: UserId,
    /// The signaling session that holds it: of a person's tabs, the one that sits here.
    pub holder: Sid,
    /// The line that speaks for it; none while it is away.
    pub line: Option<LineId>,
    /// Since when it has no line.
    pub lineless_since: Option<Timestamp>,
    /// Whether media flows, as far as the relay knows.
    pub flows: bool,
    /// Since when the relay has not heard of it.
    pub silent_since: Option<Timestamp>,
    /// The newest offer that was taken.
    pub neg: u32,
    /// Its receiving sections.
    pub slots: Vec<media::Slot>,
    /// Its sending sections.
    pub tracks: BTreeMap<Mid, Source>,
    /// What the others see: nothing until the person was let in.
    pub shown: Option<Shown>,
    /// What the call is like here.
    pub tally: Tally,
}

/// A seat as the others see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Its name in the record.
    pub pid: ParticipantId,
    /// Who sits there.
    pub sitter: Sitter,
    /// Since when.
    pub joined_at: Timestamp,
    /// What they bring.
    pub media: Media,
}

impl Seat {
    /// A seat that was just asked for.
    pub fn taken(number: SeatId, user: UserId, (holder, line): (Sid, LineId)) -> Self {
        Self {
            number,
            user,
            holder,
            line: Some(line),
            lineless_since: None,
            flows: false,
            silent_since: None,
            neg: 0,
            slots: Vec::new(),
            tracks: BTreeMap::new(),
            shown: None,
            tally: Tally::default(),
        }
    }

    /// Its line is gone.
    pub fn loses_line(&mut self, now: Timestamp) {
        self.line = None;
        self.lineless_since = Some(now);
    }

    /// A line speaks for it again.
    pub fn gains_line(&mut self, line: LineId) {
        self.line = Some(line);
        self.lineless_since = None;
    }

    /// Whether it has been away for longer than it is kept.
    pub fn is_given_up(&self, now: Timestamp) -> bool {
        let over = |since: Option<Timestamp>, span| since.is_some_and(|since| now.since(since) >= span);
        over(self.silent_since, LEASE)
            || over(self.lineless_since, if self.flows { LONGEST_WITHOUT_LINE } else { LEASE })
    }

    fn is_reconnecting(&self) -> bool {
        self.line.is_none() || self.silent_since.is_some()
    }
}

/// One room.
#[derive(Debug)]
pub struct Room {
    /// The number the relay knows it by.
    pub number: RoomId,
    /// Its seats: few.
    pub seats: Vec<Seat>,
}

impl Room {
    /// An empty one.
    pub fn new(number: RoomId) -> Self {
        Self { number, seats: Vec::new() }
    }

    /// The seat of a person.
    pub fn of_user(&mut self, user: UserId) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.user == user)
    }

    /// The seat with this number.
    pub fn by_number(&mut self, number: SeatId) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.number == number)
    }

    /// The seat that this line speaks for.
    pub fn of_line(&mut self, line: LineId) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.line == Some(line))
    }

    /// Everybody who was let in, as they are shown.
    pub fn roster(&self) -> Vec<Person> {
        let person = |seat: &Seat| {
            let Shown { pid, sitter, joined_at, media } = seat.shown.clone()?;
            Some(Person {
                pid,
                user: sitter.user,
                facility: sitter.facility,
                role: sitter.role,
                joined_at,
                reconnecting: seat.is_reconnecting(),
                mic: media.mic,
                cam: media.cam,
                screen: media.screen,
            })
        };
        self.seats.iter().filter_map(person).collect()
    }

    /// What plays in the receiving sections of one seat.
    pub fn slots(&self, number: SeatId) -> Vec<Slot> {
        let Some(seat) = self.seats.iter().find(|seat| seat.number == number) else { return Vec::new() };
        let slot = |slot: &media::Slot| {
            let feed = slot.playing.and_then(|feed| Some((self.pid(feed.seat)?, feed.source)));
            Slot { mid: slot.mid, kind: slot.kind, pid: feed.map(|f| f.0), source: feed.map(|f| f.1) }
        };
        seat.slots.iter().map(slot).collect()
    }

    /// The name in the record of a seat number.
    pub fn pid(&self, number: SeatId) -> Option<ParticipantId> {
        let seat = self.seats.iter().find(|seat| seat.number == number)?;
        seat.shown.as_ref().map(|shown| shown.pid)
    }

    /// The seat number of a name in the record.
    pub fn number_of(&self, pid: ParticipantId) -> Option<SeatId> {
        let is_it = |seat: &&Seat| seat.shown.as_ref().is_some_and(|shown| shown.pid == pid);
        self.seats.iter().find(is_it).map(|seat| seat.number)
    }

    /// Who sits under this name.
    pub fn sitter(&self, pid: ParticipantId) -> Option<UserId> {
        let is_it = |seat: &&Seat| seat.shown.as_ref().is_some_and(|shown| shown.pid == pid);
        self.seats.iter().find(is_it).map(|seat| seat.user)
    }

    /// The lines of everybody who was let in.
    pub fn lines(&self) -> impl Iterator<Item = LineId> + '_ {
        self.seats.iter().filter(|seat| seat.shown.is_some()).filter_map(|seat| seat.line)
    }
}

impl Shown {
    /// A track is silent now, or no longer. True if that is news.
    pub fn mute(&mut self, track: Source, is_muted: bool) -> bool {
        let state = if is_muted { TrackState::Off } else { TrackState::On };
        let field = match track {
            Source::Mic => &mut self.media.mic,
            Source::Cam => &mut self.media.cam,
            Source::Exam | Source::Screen => &mut self.media.screen,
        };
        let is_news = *field != state;
        *field = state;
        is_news
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::media::{Feed, Kind};

    const NOON: Timestamp = Timestamp::from_millis(43_200_000);

    fn user(tail: u8) -> UserId {
        format!("usr-{tail:032x}").parse().unwrap()
    }

    fn held(tail: u8) -> (Sid, LineId) {
        (Sid::new(format!("sid-{tail}")).unwrap(), LineId(u64::from(tail)))
    }

    /// Somebody who was let in: seat, line and person have the same number.
    pub(in crate::signal) fn seat(tail: u8) -> Seat {
        let mut seat = Seat::taken(SeatId(u64::from(tail)), user(tail), held(tail));
        seat.shown = Some(Shown {
            pid: format!("par-{tail:032x}").parse().unwrap(),
            sitter: Sitter {
                user: Named { id: user(tail), name: "An invented doctor".into(), title: None },
                facility: Named {
                    id: format!("fac-{tail:032x}").parse().unwrap(),
                    name: "A".into(),
                    title: None,
                },
                role: "specialist".into(),
            },
            joined_at: NOON,
            media: Media { mic: TrackState::On, cam: TrackState::None, screen: TrackState::Off },
        });
        seat
    }

    #[test]
    fn what_plays_is_told_by_the_name_in_the_record() {
        let mut room = Room::new(RoomId(1));
        room.seats = vec![seat(1), seat(2)];
        let mid = Mid::new("3").unwrap();
        let feed = |number| Some(Feed { seat: SeatId(number), source: Source::Cam });
        room.seats[0].slots = vec![
            media::Slot { mid, kind: Kind::Video, playing: feed(2) },
            media::Slot { mid, kind: Kind::Video, playing: feed(9) },
        ];

        let slots = room.slots(SeatId(1));

        assert_eq!(slots[0].pid, room.pid(SeatId(2)));
        assert_eq!((slots[1].pid, slots[1].source), (None, None));
    }

    #[test]
    fn a_seat_without_a_line_is_kept_for_a_minute_and_longer_while_it_is_heard() {
        let later = |seconds| NOON.plus(Duration::from_secs(seconds));
        let mut seat = seat(1);
        seat.loses_line(NOON);

        assert!(seat.is_reconnecting());
        assert!(!seat.is_given_up(later(59)) && seat.is_given_up(later(60)));

        seat.flows = true;
        assert!(!seat.is_given_up(later(599)) && seat.is_given_up(later(600)));

        seat.gains_line(LineId(5));
        assert!(!seat.is_reconnecting() && !seat.is_given_up(later(9_999)));
    }

    #[test]
    fn who_was_not_let_in_is_not_shown() {
        let mut room = Room::new(RoomId(1));
        room.seats = vec![seat(1), Seat::taken(SeatId(2), user(2), held(2))];

        assert_eq!(room.roster().len(), 1);
        assert_eq!(room.lines().count(), 1);
    }
}
