//! Who may act on a record and who may see it: the one place that decides. Pure.
//!
//! The workflows speak of actors ("the requester", "the target's desk"); people hold
//! roles at facilities. [`actors`] maps the one to the other for one record, from active
//! memberships only. Whatever is not granted here is denied.

use crate::{
    kernel::{DepartmentId, FacilityId, UserId},
    words,
};

use super::{Principal, Role};

words! {
    /// A part in a workflow, in the words of `state_machines.json`.
    pub enum Actor {
        /// The author, or a colleague doctor of the sending facility.
        Requester = "requester",
        /// The coordinator of the sending facility.
        RequesterAdmin = "requester_admin",
        /// A doctor who may answer: of the target department, or of the township on the way down.
        TargetDoctor = "target_doctor",
        /// The coordinator of the receiving facility.
        TargetDesk = "target_desk",
        /// The coordinator at the facility that leads the alliance.
        AllianceDispatcher = "alliance_dispatcher",
        /// Who chairs a consult of several disciplines.
        Chair = "chair",
        /// Timers and routing; never a person.
        System = "system",
    }
}

words! {
    /// Which way a patient goes between two facilities.
    pub enum Direction {
        /// To a place that can do more.
        Up = "up",
        /// Back, closer to home.
        Down = "down",
        /// Between equals.
        Peer = "peer",
    }
}

/// The two sides of a record, as far as deciding needs them. Holds nothing clinical.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sides {
    /// The facility that asks.
    pub from_facility: FacilityId,
    /// The doctor who wrote the record.
    pub from_user: UserId,
    /// The facility that is asked.
    pub to_facility: FacilityId,
    /// The department that is asked.
    pub to_department: DepartmentId,
    /// Which way the patient goes; a consult has none.
    pub direction: Option<Direction>,
    /// Who chairs, if anybody does.
    pub chair: Option<UserId>,
    /// The facility that leads the alliance.
    pub lead_facility: FacilityId,
    /// False while the record is a draft: the target side does not know of it yet.
    pub released: bool,
}

/// A tie of one person to one record that no role gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// None.
    None,
    /// Was rung for it, or took part in it.
    TakesPart,
}

/// How much of a record a person may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// It does not exist for this person.
    Nothing,
    /// Knows that there is such a record, and must not read it.
    Existence,
    /// The record.
    Whole,
}

/// Why a record stays shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nothing to do with it: the answer is the same as for a record that does not exist.
    #[error("no such record")]
    Stranger,
    /// Belongs to one of the sides, in a part that does not read patients' records.
    #[error("this role does not open patients' records")]
    NotClinical,
}

/// The parts `who` may play in this record.
pub fn actors(who: &Principal, sides: &Sides) -> Vec<Actor> {
    Actor::ALL.iter().copied().filter(|actor| plays(who, *actor, sides)).collect()
}

/// How much of this record `who` may see.
pub fn sight(who: &Principal, sides: &Sides, grant: Grant) -> Sight {
    let granted = grant == Grant::TakesPart && is_clinical(who);
    if granted || !actors(who, sides).is_empty() {
        return Sight::Whole;
    }
    let related = who
        .memberships
        .iter()
        .any(|m| m.facility == sides.from_facility || (sides.released && m.facility == sides.to_facility));
    if related { Sight::Existence } else { Sight::Nothing }
}

/// True if `who` may read this record.
pub fn may_read(who: &Principal, sides: &Sides, grant: Grant) -> bool {
    sight(who, sides, grant) == Sight::Whole
}

/// The parts `who` may play in a record he may read, or how he is turned away.
pub fn require(who: &Principal, sides: &Sides, grant: Grant) -> Result<Vec<Actor>, Denied> {
    match sight(who, sides, grant) {
        Sight::Whole => Ok(actors(who, sides)),
        Sight::Existence => Err(Denied::NotClinical),
        Sight::Nothing => Err(Denied::Stranger),
    }
}

/// True if `who` looks after the whole alliance.
pub fn administers_alliance(who: &Principal) -> bool {
    who.memberships.iter().any(|m| m.role == Role::AllianceAdmin)
}

/// True if `who` looks after the people and departments of `facility`.
pub fn administers(who: &Principal, facility: FacilityId) -> bool {
    administers_alliance(who) || who.is(Role::FacilityAdmin, facility)
}

/// True if `who` looks after anything.
pub fn administers_anything(who: &Principal) -> bool {
    administers_alliance(who) || who.memberships.iter().any(|m| m.role == Role::FacilityAdmin)
}

fn plays(who: &Principal, actor: Actor, sides: &Sides) -> bool {
    match actor {
        Actor::Requester => is_doctor_at(who, sides.from_facility),
        Actor::RequesterAdmin => has(who, Role::Coordinator, sides.from_facility),
        Actor::TargetDoctor => sides.released && is_target_doctor(who, sides),
        Actor::TargetDesk => sides.released && has(who, Role::Coordinator, sides.to_facility),
        Actor::AllianceDispatcher => has(who, Role::Coordinator, sides.lead_facility),
        Actor::Chair => sides.released && sides.chair == Some(who.user) && is_clinical(who),
        Actor::System => false,
    }
}

fn is_target_doctor(who: &Principal, sides: &Sides) -> bool {
    who.memberships.iter().filter(|m| m.facility == sides.to_facility).any(|m| match m.role {
        Role::Specialist => m.department == Some(sides.to_department),
        // On the way down the township has no specialists: its doctors answer.
        Role::RuralDoctor => sides.direction == Some(Direction::Down),
        Role::Coordinator | Role::FacilityAdmin | Role::AllianceAdmin | Role::Auditor => false,
    })
}

fn is_doctor_at(who: &Principal, facility: FacilityId) -> bool {
    has(who, Role::RuralDoctor, facility) || has(who, Role::Specialist, facility)
}

fn is_clinical(who: &Principal) -> bool {
    who.memberships.iter().any(|m| matches!(m.role, Role::RuralDoctor | Role::Specialist | Role::Coordinator))
}

fn has(who: &Principal, role: Role, facility: FacilityId) -> bool {
    who.memberships.iter().any(|m| m.role == role && m.facility == facility)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        auth::Membership,
        kernel::{LoadedDice, SessionId, Timestamp},
    };

    struct Case {
        sides: Sides,
        elsewhere: FacilityId,
    }

    fn case() -> Case {
        let (at, dice) = (Timestamp::from_millis(1_763_776_800_000), LoadedDice::new(3));
        let facility = || FacilityId::draw(at, &dice);
        Case {
            sides: Sides {
                from_facility: facility(),
                from_user: UserId::draw(at, &dice),
                to_facility: facility(),
                to_department: DepartmentId::draw(at, &dice),
                direction: None,
                chair: None,
                lead_facility: facility(),
                released: true,
            },
            elsewhere: facility(),
        }
    }

    fn person(seed: u64, role: Role, facility: FacilityId, department: Option<DepartmentId>) -> Principal {
        let (at, dice) = (Timestamp::from_millis(1_763_776_800_000), LoadedDice::new(seed));
        Principal {
            user: UserId::draw(at, &dice),
            session: SessionId::draw(at, &dice),
            name: "An invented doctor".to_owned(),
            memberships: vec![Membership { facility, department, role }],
            acting: facility,
        }
    }

    #[test]
    fn each_side_plays_its_part_and_only_there() {
        let Case { sides, elsewhere } = case();
        let part = |role, facility, department| actors(&person(9, role, facility, department), &sides);

        assert_eq!(part(Role::RuralDoctor, sides.from_facility, None), [Actor::Requester]);
        assert_eq!(part(Role::Coordinator, sides.from_facility, None), [Actor::RequesterAdmin]);
        assert_eq!(
            part(Role::Specialist, sides.to_facility, Some(sides.to_department)),
            [Actor::TargetDoctor]
        );
        assert_eq!(part(Role::Coordinator, sides.to_facility, None), [Actor::TargetDesk]);
        assert_eq!(part(Role::Coordinator, sides.lead_facility, None), [Actor::AllianceDispatcher]);
        assert_eq!(part(Role::Specialist, sides.to_facility, None), []);
        assert_eq!(part(Role::RuralDoctor, sides.to_facility, None), []);
        for role in Role::ALL {
            assert_eq!(part(*role, elsewhere, Some(sides.to_department)), []);
        }
    }

    #[test]
    fn on_the_way_down_the_township_doctor_answers() {
        let Case { mut sides, .. } = case();
        sides.direction = Some(Direction::Down);

        let rural = person(9, Role::RuralDoctor, sides.to_facility, None);

        assert_eq!(actors(&rural, &sides), [Actor::TargetDoctor]);
    }

    #[test]
    fn a_draft_does_not_exist_for_the_target() {
        let Case { mut sides, .. } = case();
        let specialist = person(9, Role::Specialist, sides.to_facility, Some(sides.to_department));
        assert!(may_read(&specialist, &sides, Grant::None));

        sides.released = false;

        assert_eq!(require(&specialist, &sides, Grant::None), Err(Denied::Stranger));
    }

    #[test]
    fn administrators_and_auditors_know_of_a_record_and_do_not_read_it() {
        let Case { sides, elsewhere } = case();
        for role in [Role::FacilityAdmin, Role::AllianceAdmin, Role::Auditor] {
            let inside = person(9, role, sides.to_facility, None);
            assert_eq!(require(&inside, &sides, Grant::None), Err(Denied::NotClinical));
            assert_eq!(require(&inside, &sides, Grant::TakesPart), Err(Denied::NotClinical));
            let outside = person(9, role, elsewhere, None);
            assert_eq!(require(&outside, &sides, Grant::None), Err(Denied::Stranger));
        }
    }

    #[test]
    fn who_was_rung_may_read_without_playing_a_part() {
        let Case { sides, elsewhere } = case();
        let rung = person(9, Role::Specialist, elsewhere, None);

        assert_eq!(require(&rung, &sides, Grant::TakesPart), Ok(vec![]));
        assert_eq!(require(&rung, &sides, Grant::None), Err(Denied::Stranger));
    }
}
