//! The rota: who answers at a moment. Pure.

use crate::{
    auth::Status,
    kernel::{Timestamp, UserId},
};

use super::model::{PersonName, Reach, Reachable, Tier};

/// One duty of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// Who.
    pub person: PersonName,
    /// 1 is rung first.
    pub tier: i64,
    /// From this moment on.
    pub starts_at: Timestamp,
    /// Up to this moment, which is the next one's.
    pub ends_at: Timestamp,
}

/// Who is rung at `now`, first tier first. A tier that nobody holds is left out, so that an
/// empty first tier costs the patient no waiting. Nobody is in two tiers.
pub fn tiers_at(shifts: &[Shift], ring_seconds: i64, now: Timestamp) -> Vec<Tier> {
    let mut tiers: Vec<Tier> = Vec::new();
    let mut seen: Vec<UserId> = Vec::new();
    for tier in [1, 2] {
        let mut people: Vec<PersonName> = Vec::new();
        for shift in shifts.iter().filter(|shift| shift.tier == tier && shift.covers(now)) {
            if !seen.contains(&shift.person.id) {
                seen.push(shift.person.id);
                people.push(shift.person.clone());
            }
        }
        if !people.is_empty() {
            tiers.push(Tier { tier, seconds: ring_seconds, people });
        }
    }
    tiers
}

impl Shift {
    /// True while it lasts.
    pub fn covers(&self, now: Timestamp) -> bool {
        self.starts_at <= now && now < self.ends_at
    }
}

/// Whether these people can be reached, by what each of them counts for.
pub fn reach(statuses: impl IntoIterator<Item = Status>) -> Reach {
    let (mut online, mut there) = (0, 0);
    for status in statuses {
        match status {
            Status::Available => online += 1,
            Status::Busy | Status::OnBreak => there += 1,
            Status::Off => {}
        }
    }
    let state = match (online, there) {
        (0, 0) => Reachable::Nobody,
        (0, _) => Reachable::Busy,
        _ => Reachable::Online,
    };
    Reach { state, online }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::LoadedDice;

    fn person(n: u64, name: &str) -> PersonName {
        let id = UserId::draw(Timestamp::from_millis(0), &LoadedDice::new(n));
        PersonName { id, name: name.to_owned(), title: String::new() }
    }

    fn shift(person: &PersonName, tier: i64, from: i64, to: i64) -> Shift {
        let (starts_at, ends_at) = (Timestamp::from_millis(from), Timestamp::from_millis(to));
        Shift { person: person.clone(), tier, starts_at, ends_at }
    }

    #[test]
    fn the_first_tier_is_rung_before_the_second_and_nobody_twice() {
        let (xu, lu) = (person(1, "许望舟"), person(2, "陆听澜"));
        let shifts = [shift(&lu, 2, 0, 100), shift(&xu, 1, 0, 50), shift(&xu, 2, 0, 50)];

        let tiers = tiers_at(&shifts, 45, Timestamp::from_millis(10));

        assert_eq!(tiers.len(), 2);
        assert_eq!(tiers[0], Tier { tier: 1, seconds: 45, people: vec![xu] });
        assert_eq!(tiers[1], Tier { tier: 2, seconds: 45, people: vec![lu] });
    }

    #[test]
    fn a_shift_ends_where_the_next_one_begins() {
        let (day, night) = (person(1, "day"), person(2, "night"));
        let shifts = [shift(&day, 1, 0, 50), shift(&night, 1, 50, 100)];

        let tiers = tiers_at(&shifts, 45, Timestamp::from_millis(50));

        assert_eq!(tiers[0].people, vec![night]);
        assert!(tiers_at(&shifts, 45, Timestamp::from_millis(100)).is_empty());
    }

    #[test]
    fn an_empty_first_tier_costs_no_waiting() {
        let lu = person(2, "陆听澜");

        let tiers = tiers_at(&[shift(&lu, 2, 0, 100)], 45, Timestamp::from_millis(10));

        assert_eq!(tiers.len(), 1);
        assert_eq!(tiers[0].tier, 2);
    }

    #[test]
    fn a_department_is_busy_when_somebody_is_there_and_nobody_is_free() {
        assert_eq!(reach([Status::Off, Status::Available]).state, Reachable::Online);
        assert_eq!(reach([Status::Busy, Status::Off]).state, Reachable::Busy);
        assert_eq!(reach([Status::Off]).state, Reachable::Nobody);
        assert_eq!(reach([]), Reach { state: Reachable::Nobody, online: 0 });
    }
}
