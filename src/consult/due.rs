//! What time does to a consult. Pure: the deadlines of each state, in one place.
//!
//! The spans are ours, not a norm's; `docs/workflow.md` prints them.

use std::time::Duration;

use super::{
    model::{Consult, Kind, Urgency},
    state::{Action, State},
};
use crate::kernel::Timestamp;

const fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

const fn hours(n: u64) -> Duration {
    minutes(60 * n)
}

/// Both sides have this long to come in after a doctor accepted.
pub const TO_JOIN: Duration = Duration::from_secs(120);
/// A scheduled consult may begin this much early …
pub const EARLY: Duration = minutes(15);
/// … and this much late.
pub const LATE: Duration = minutes(60);
/// Everybody who is asked to come is told so long before the time.
pub const REMIND: Duration = EARLY;
/// An opinion nobody confirmed is closed and flagged after this.
pub const TO_ACKNOWLEDGE: Duration = hours(72);
/// A call that broke off and was never taken up again.
pub const TO_REJOIN: Duration = hours(24);

/// How soon an answer is owed.
pub const fn answer_within(urgency: Urgency) -> Duration {
    match urgency {
        Urgency::Emergency => minutes(15),
        Urgency::Urgent => hours(2),
        Urgency::Routine => hours(48),
    }
}

/// How long an instant request waits in the list before it counts as missed.
const fn wait_in_list(urgency: Urgency) -> Option<Duration> {
    match urgency {
        Urgency::Emergency => Some(minutes(3)),
        Urgency::Urgent => Some(minutes(15)),
        Urgency::Routine => None,
    }
}

/// How long nothing may happen before it expires.
const fn expires_after(urgency: Urgency, state: State) -> Option<Duration> {
    match (urgency, state) {
        (Urgency::Emergency, State::Missed | State::Declined) => Some(hours(24)),
        (Urgency::Emergency, _) => None,
        (Urgency::Urgent, _) => Some(hours(2)),
        (Urgency::Routine, _) => Some(hours(48)),
    }
}

/// The next thing time will do to this consult, and when. Ringing has its own clock, in
/// [`super::ring`].
pub fn next(consult: &Consult) -> Option<(Timestamp, Action)> {
    let since = consult.state_since;
    let in_writing = consult.kind == Kind::Async;
    let expiry =
        || expires_after(consult.urgency, consult.state).map(|span| (since.plus(span), Action::Expire));
    match consult.state {
        State::Requested => expiry(),
        State::Queued => {
            let wait = wait_in_list(consult.urgency).filter(|_| consult.kind == Kind::Instant);
            [wait.map(|span| (since.plus(span), Action::WaitOver)), expiry()].into_iter().flatten().min()
        }
        State::Accepted if in_writing => Some((since.plus(answer_within(consult.urgency)), Action::Release)),
        State::Accepted => Some((since.plus(TO_JOIN), Action::JoinTimeout)),
        State::Scheduled => consult.slot.map(|slot| (slot.start.plus(LATE), Action::NoShow)),
        State::Interrupted => Some((since.plus(TO_REJOIN), Action::AutoClose)),
        State::OpinionGiven => Some((since.plus(TO_ACKNOWLEDGE), Action::AutoClose)),
        State::Missed | State::Declined => expiry(),
        State::Draft
        | State::Ringing
        | State::InProgress
        | State::Closed
        | State::Cancelled
        | State::Expired
        | State::EnteredInError => None,
    }
}

/// When those who agreed on a time are told that it is near; once.
pub fn reminder(consult: &Consult) -> Option<Timestamp> {
    let slot = consult.slot.filter(|_| consult.state == State::Scheduled && !consult.reminded)?;
    Some(slot.start.minus(REMIND))
}

/// True while a scheduled consult may begin.
pub fn may_start(consult: &Consult, now: Timestamp) -> bool {
    consult.slot.is_some_and(|slot| slot.start.minus(EARLY) <= now && now <= slot.start.plus(LATE))
}
