//! Who may look after whose account: the one table, pure.
//!
//! An alliance administrator looks after everybody; a facility's administrator after those whose
//! every role is at that facility, and never after alliance administrators and auditors. Nobody
//! gives themselves a role, and an auditor holds no other role where they audit.

use super::{Membership, Principal, Role};
use crate::kernel::{FacilityId, UserId};

/// Over whom somebody watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Oversight {
    /// Nobody.
    Nobody,
    /// The people of these facilities.
    Facilities(Vec<FacilityId>),
    /// Everybody.
    Alliance,
}

/// Why roles were not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotYours {
    /// Somebody else's to decide.
    #[error("this is not yours to decide")]
    Denied,
    /// The role at this place in the list does not go with another one at the same facility.
    #[error("an auditor holds no other role where they audit")]
    AuditsThemselves(usize),
}

impl Oversight {
    /// What the roles of `who` give.
    pub fn of(who: &Principal) -> Self {
        if who.memberships.iter().any(|m| m.role == Role::AllianceAdmin) {
            return Self::Alliance;
        }
        let mut places: Vec<_> =
            who.memberships.iter().filter(|m| m.role == Role::FacilityAdmin).map(|m| m.facility).collect();
        places.sort_unstable();
        places.dedup();
        if places.is_empty() { Self::Nobody } else { Self::Facilities(places) }
    }

    /// True if the facility is theirs.
    pub fn covers(&self, facility: FacilityId) -> bool {
        match self {
            Self::Nobody => false,
            Self::Facilities(places) => places.contains(&facility),
            Self::Alliance => true,
        }
    }

    /// True if somebody with these roles is in their list.
    pub fn sees(&self, roles: &[Membership]) -> bool {
        *self == Self::Alliance || roles.iter().any(|m| self.covers(m.facility))
    }

    /// True if the whole account is theirs: its name, its password link, its sessions, whether it is open.
    /// Who is something elsewhere too must not be taken over from here.
    pub fn rules(&self, roles: &[Membership]) -> bool {
        *self == Self::Alliance || (!roles.is_empty() && roles.iter().all(|m| self.gives(m)))
    }

    /// True if the role is theirs to give and to take.
    pub fn gives(&self, role: &Membership) -> bool {
        *self == Self::Alliance
            || (self.covers(role.facility) && !matches!(role.role, Role::AllianceAdmin | Role::Auditor))
    }

    /// Whether they may turn these roles of `user` into those.
    ///
    /// # Errors
    /// `Denied` if a role that comes or goes is not theirs to give, or comes to themselves.
    pub fn allows(
        &self,
        (by, user): (Option<UserId>, UserId),
        before: &[Membership],
        after: &[Membership],
    ) -> Result<(), NotYours> {
        let mut coming = after.iter().filter(|role| !before.contains(role)).peekable();
        let mut going = before.iter().filter(|role| !after.contains(role));
        if by == Some(user) && coming.peek().is_some() {
            return Err(NotYours::Denied);
        }
        if !coming.all(|role| self.gives(role)) || !going.all(|role| self.gives(role)) {
            return Err(NotYours::Denied);
        }
        let clash = |(_, one): &(usize, &Membership)| {
            one.role == Role::Auditor
                && after.iter().any(|other| other.facility == one.facility && other.role != Role::Auditor)
        };
        match after.iter().enumerate().find(clash) {
            Some((at, _)) => Err(NotYours::AuditsThemselves(at)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{LoadedDice, Timestamp};

    struct Cast {
        here: FacilityId,
        there: FacilityId,
        admin: UserId,
        user: UserId,
    }

    fn cast() -> Cast {
        let (at, dice) = (Timestamp::from_millis(1_763_776_800_000), LoadedDice::new(3));
        let facility = || FacilityId::draw(at, &dice);
        let user = || UserId::draw(at, &dice);
        Cast { here: facility(), there: facility(), admin: user(), user: user() }
    }

    const fn at(facility: FacilityId, role: Role) -> Membership {
        Membership { facility, department: None, role }
    }

    #[test]
    fn a_facility_administrator_gives_the_roles_of_their_own_facility_and_no_others() {
        let Cast { here, there, admin, user } = cast();
        let mine = Oversight::Facilities(vec![here]);
        for role in Role::ALL {
            let own = mine.allows((Some(admin), user), &[], &[at(here, *role)]);
            let taken = mine.allows((Some(admin), user), &[at(here, *role)], &[]);
            let others = mine.allows((Some(admin), user), &[], &[at(there, *role)]);

            let theirs = !matches!(role, Role::AllianceAdmin | Role::Auditor);
            assert_eq!(own.is_ok(), theirs, "{role}");
            assert_eq!(taken.is_ok(), theirs, "{role}");
            assert_eq!(others, Err(NotYours::Denied), "{role}");
            assert_eq!(mine.rules(&[at(here, *role)]), theirs, "{role}");
            assert!(!mine.rules(&[at(there, *role)]) && !mine.sees(&[at(there, *role)]), "{role}");
        }
    }

    #[test]
    fn who_is_something_elsewhere_is_seen_and_not_taken_over() {
        let Cast { here, there, admin, user } = cast();
        let mine = Oversight::Facilities(vec![here]);
        let both = [at(here, Role::RuralDoctor), at(there, Role::Specialist)];

        assert!(mine.sees(&both) && !mine.rules(&both));
        assert_eq!(mine.allows((Some(admin), user), &both, &both[1..]), Ok(()));
        assert_eq!(mine.allows((Some(admin), user), &both, &both[..1]), Err(NotYours::Denied));
    }

    #[test]
    fn nobody_gives_themselves_a_role_and_anybody_may_lay_one_down() {
        let Cast { here, admin, .. } = cast();
        let both = [at(here, Role::FacilityAdmin), at(here, Role::RuralDoctor)];
        for oversight in [Oversight::Alliance, Oversight::Facilities(vec![here])] {
            assert_eq!(oversight.allows((Some(admin), admin), &both[..1], &both), Err(NotYours::Denied));
            assert_eq!(oversight.allows((Some(admin), admin), &both, &both[..1]), Ok(()));
        }
    }

    #[test]
    fn an_auditor_holds_no_other_role_where_they_audit() {
        let Cast { here, there, admin, user } = cast();
        let allows = |after: &[Membership]| Oversight::Alliance.allows((Some(admin), user), &[], after);

        assert_eq!(
            allows(&[at(here, Role::Coordinator), at(here, Role::Auditor)]),
            Err(NotYours::AuditsThemselves(1))
        );
        assert_eq!(allows(&[at(here, Role::Coordinator), at(there, Role::Auditor)]), Ok(()));
    }

    #[test]
    fn nobody_else_looks_after_anybody() {
        let Cast { here, admin, user, .. } = cast();
        assert!(!Oversight::Nobody.sees(&[at(here, Role::RuralDoctor)]));
        assert!(!Oversight::Nobody.rules(&[at(here, Role::RuralDoctor)]));
        let gives = Oversight::Nobody.allows((Some(admin), user), &[], &[at(here, Role::RuralDoctor)]);
        assert_eq!(gives, Err(NotYours::Denied));
    }
}
