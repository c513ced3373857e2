//! Who is rung next. Pure: rota, rings so far and the time go in, a decision comes out.
//!
//! A tier of the rota has its seconds (45 by default) and is rung as a whole: whoever is
//! reachable rings at once, who comes back meanwhile joins in, and the first to answer has
//! it. Who declines is not rung again in this round; who puts it off is, when nobody else is
//! left. After tier 2 comes the desk. An emergency rings everybody at once.

use std::time::Duration;

use super::model::{Ring, RingState, Urgency};
use crate::kernel::{Timestamp, UserId};

/// From the first ring until nobody is asked any more. A ring of 30 s is gone before a
/// doctor has a free hand; two minutes is what a patient in the room can wait for.
pub const TIME_TO_LIVE: Duration = Duration::from_secs(120);

/// The desk, after the tiers of the rota.
pub const DESK: i64 = 3;

/// Not of the rota: asked into a call under way by somebody who sits there.
pub const INVITED: i64 = 4;

/// Not of the rota either: who was there before the call broke off, and is called back.
pub const BACK: i64 = 5;

/// One person who could be rung, in the order of the rota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callee {
    /// Who.
    pub user: UserId,
    /// 1 and 2 of the rota, [`DESK`].
    pub tier: i64,
    /// How long the tier is rung.
    pub seconds: u32,
    /// Signed in and free to answer.
    pub reachable: bool,
}

/// One ring to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Whom.
    pub user: UserId,
    /// Of which tier.
    pub tier: i64,
    /// Until when.
    pub until: Timestamp,
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Somebody is being rung.
    Wait,
    /// Ring these.
    Ring(Vec<Turn>),
    /// Nobody is left, and somebody declined.
    Exhausted,
    /// Nobody is left, and nobody answered.
    Timeout,
}

/// Decides, given the `rings` of this round, which began at `began`.
pub fn next(plan: &[Callee], rings: &[Ring], urgency: Urgency, began: Timestamp, now: Timestamp) -> Next {
    let end = began.plus(TIME_TO_LIVE);
    let live: Vec<&Ring> =
        rings.iter().filter(|ring| ring.state == RingState::Ringing && ring.expires_at > now).collect();
    let of = |callee: &Callee| rings.iter().find(|ring| ring.user == callee.user);
    let reachable = || plan.iter().filter(|callee| callee.reachable);
    let mut left: Vec<&Callee> = reachable().filter(|callee| of(callee).is_none()).collect();

    if now < end {
        let ring = |who: Vec<&Callee>, until| {
            Next::Ring(who.iter().map(|c| Turn { user: c.user, tier: c.tier, until }).collect())
        };
        if urgency == Urgency::Emergency && !left.is_empty() {
            return ring(left, end);
        }
        if let Some(first) = live.first() {
            left.retain(|callee| callee.tier == first.tier);
            return if left.is_empty() { Next::Wait } else { ring(left, first.expires_at) };
        }
        if let Some(first) = left.first() {
            let (tier, until) =
                (first.tier, now.plus(Duration::from_secs(u64::from(first.seconds))).min(end));
            left.retain(|callee| callee.tier == tier);
            return ring(left, until);
        }
        // Only those are left who asked to be asked again.
        let put_off = reachable().filter(|callee| of(callee).is_some_and(|ring| ring.is_snoozed));
        let (again, not_yet): (Vec<&Callee>, Vec<&Callee>) =
            put_off.partition(|callee| of(callee).is_some_and(|ring| ring.expires_at <= now));
        if let Some(first) = again.first() {
            let until = now.plus(Duration::from_secs(u64::from(first.seconds))).min(end);
            return ring(again, until);
        }
        if !not_yet.is_empty() {
            return Next::Wait;
        }
    }
    if rings.iter().any(|ring| ring.state == RingState::Declined) { Next::Exhausted } else { Next::Timeout }
}

/// True if there is anybody to ring.
pub fn anybody(plan: &[Callee]) -> bool {
    plan.iter().any(|callee| callee.reachable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{LoadedDice, RingId};

    const BEGAN: Timestamp = Timestamp::from_millis(1_763_776_800_000);

    fn at(seconds: u64) -> Timestamp {
        BEGAN.plus(Duration::from_secs(seconds))
    }

    fn people<const N: usize>() -> [UserId; N] {
        let dice = LoadedDice::new(5);
        std::array::from_fn(|_| UserId::draw(BEGAN, &dice))
    }

    fn callee(user: UserId, tier: i64, reachable: bool) -> Callee {
        Callee { user, tier, seconds: 45, reachable }
    }

    fn rung(user: UserId, tier: i64, state: RingState, from: u64, until: u64) -> Ring {
        Ring {
            id: RingId::draw(BEGAN, &LoadedDice::new(1)),
            round: 1,
            user,
            tier,
            state,
            started_at: at(from),
            expires_at: at(until),
            is_snoozed: false,
        }
    }

    #[test]
    fn the_first_tier_rings_before_the_second_and_the_desk_comes_last() {
        let [one, two, desk] = people();
        let plan = [callee(one, 1, true), callee(two, 2, true), callee(desk, DESK, true)];
        let mut rings = vec![];

        for (second, user, tier, until) in [(0, one, 1, 45), (45, two, 2, 90), (90, desk, DESK, 120)] {
            let turn = Turn { user, tier, until: at(until) };
            assert_eq!(next(&plan, &rings, Urgency::Urgent, BEGAN, at(second)), Next::Ring(vec![turn]));
            rings.push(rung(user, tier, RingState::Ringing, second, until));
            assert_eq!(next(&plan, &rings, Urgency::Urgent, BEGAN, at(second + 1)), Next::Wait);
        }
        assert_eq!(next(&plan, &rings, Urgency::Urgent, BEGAN, at(120)), Next::Timeout);
    }

    #[test]
    fn who_declines_is_passed_at_once_and_not_rung_again() {
        let [one, two] = people();
        let plan = [callee(one, 1, true), callee(two, 2, true)];
        let mut rings = vec![rung(one, 1, RingState::Declined, 0, 45)];

        let turn = Turn { user: two, tier: 2, until: at(49) };
        assert_eq!(next(&plan, &rings, Urgency::Routine, BEGAN, at(4)), Next::Ring(vec![turn]));

        rings.push(rung(two, 2, RingState::Ringing, 4, 49));
        assert_eq!(next(&plan, &rings, Urgency::Routine, BEGAN, at(49)), Next::Exhausted);
    }

    #[test]
    fn an_emergency_rings_everybody_at_once_and_whoever_comes_back_meanwhile() {
        let [one, two, away] = people();
        let mut plan = [callee(one, 1, true), callee(two, 2, true), callee(away, 2, false)];

        let all = next(&plan, &[], Urgency::Emergency, BEGAN, at(0));
        let until = at(120);
        assert_eq!(
            all,
            Next::Ring(vec![Turn { user: one, tier: 1, until }, Turn { user: two, tier: 2, until }])
        );

        plan[2].reachable = true;
        let rings = [rung(one, 1, RingState::Ringing, 0, 120), rung(two, 2, RingState::Declined, 0, 120)];
        assert_eq!(
            next(&plan, &rings, Urgency::Emergency, BEGAN, at(30)),
            Next::Ring(vec![Turn { user: away, tier: 2, until }])
        );
    }

    #[test]
    fn people_of_one_tier_ring_together_and_who_comes_back_joins_in() {
        let [a, b, late, second] = people();
        let mut plan =
            [callee(a, 1, true), callee(b, 1, true), callee(late, 1, false), callee(second, 2, true)];
        let turn = |user| Turn { user, tier: 1, until: at(45) };

        assert_eq!(next(&plan, &[], Urgency::Urgent, BEGAN, BEGAN), Next::Ring(vec![turn(a), turn(b)]));

        plan[2].reachable = true;
        let mut rings = vec![rung(a, 1, RingState::Ringing, 0, 45), rung(b, 1, RingState::Declined, 0, 45)];
        assert_eq!(next(&plan, &rings, Urgency::Urgent, BEGAN, at(9)), Next::Ring(vec![turn(late)]));
        rings.push(rung(late, 1, RingState::Ringing, 9, 45));
        assert_eq!(next(&plan, &rings, Urgency::Urgent, BEGAN, at(10)), Next::Wait);
    }

    #[test]
    fn who_puts_it_off_is_asked_again_when_nobody_else_is_left() {
        let [one, two] = people();
        let plan = [callee(one, 1, true), callee(two, 2, true)];
        let off = Ring { is_snoozed: true, ..rung(one, 1, RingState::Expired, 0, 34) };

        let turn = |user, tier, until| Next::Ring(vec![Turn { user, tier, until: at(until) }]);
        assert_eq!(next(&plan, std::slice::from_ref(&off), Urgency::Urgent, BEGAN, at(4)), turn(two, 2, 49));

        let rings = [off, rung(two, 2, RingState::Declined, 4, 49)];
        assert_eq!(next(&plan, &rings, Urgency::Urgent, BEGAN, at(20)), Next::Wait);
        assert_eq!(next(&plan, &rings, Urgency::Urgent, BEGAN, at(34)), turn(one, 1, 79));
    }

    #[test]
    fn who_is_not_reachable_is_not_rung() {
        let [one] = people();
        let plan = [callee(one, 1, false)];

        assert!(!anybody(&plan));
        assert_eq!(next(&plan, &[], Urgency::Urgent, BEGAN, BEGAN), Next::Timeout);
    }
}
