//! Places, departments and people as everybody may see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    auth::{DepartmentName, FacilityName, Role, Status, policy::Direction},
    kernel::{DepartmentId, FacilityId, UserId},
    words,
};

words! {
    /// How much a facility can do; relations follow from it.
    pub enum Level {
        /// A village clinic: one room.
        Village = "village",
        /// A township health centre.
        Township = "township",
        /// A health centre of a town's quarter.
        Community = "community",
        /// A county hospital.
        County = "county",
        /// A hospital of the highest grade.
        Tertiary = "tertiary",
        /// A hospital for one subject.
        Specialised = "specialised",
    }
}

impl Level {
    /// Where it stands in the tiers of care.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Village => 0,
            Self::Township | Self::Community => 1,
            Self::County => 2,
            Self::Tertiary | Self::Specialised => 3,
        }
    }

    /// Which way a patient goes from here to a facility of level `to`, if at all: two
    /// villages have nothing to send each other.
    pub fn relation_to(self, to: Self) -> Option<Direction> {
        match self.rank().cmp(&to.rank()) {
            std::cmp::Ordering::Less => Some(Direction::Up),
            std::cmp::Ordering::Greater => Some(Direction::Down),
            std::cmp::Ordering::Equal if self.rank() == 0 => None,
            std::cmp::Ordering::Equal => Some(Direction::Peer),
        }
    }
}

/// A facility.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facility {
    /// Which one.
    pub id: FacilityId,
    /// Its name.
    pub name: String,
    /// Its name in pinyin, in one word.
    pub pinyin: String,
    /// The first letters of that.
    pub initials: String,
    /// What it can do.
    pub level: Level,
    /// Its grade, such as 三级甲等.
    pub grade: Option<String>,
    /// The telephone that is answered day and night.
    pub phone_24h: String,
    /// True for the one that leads the alliance.
    pub leads: bool,
}

impl Facility {
    /// As it is shown beside other things.
    pub fn name(&self) -> FacilityName {
        FacilityName {
            id: self.id,
            name: self.name.clone(),
            level: self.level.word().to_owned(),
            phone_24h: self.phone_24h.clone(),
        }
    }
}

/// A department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    /// Which one.
    pub id: DepartmentId,
    /// Of which facility.
    pub facility: FacilityName,
    /// Its name.
    pub name: String,
    /// Its name in pinyin, in one word.
    pub pinyin: String,
    /// The first letters of that.
    pub initials: String,
    /// What it takes and what it does not.
    pub scope_text: String,
    /// Its desk's telephone.
    pub phone: String,
    /// May be asked for a consult.
    pub accepts_consult: bool,
    /// May be sent a patient.
    pub accepts_referral: bool,
    /// What must be filled in before it is asked.
    pub min_dataset: Vec<String>,
    /// How long each tier is rung.
    pub ring_seconds: i64,
}

impl Department {
    /// As it is shown beside other things.
    pub fn name(&self) -> DepartmentName {
        DepartmentName { id: self.id, name: self.name.clone() }
    }
}

/// A member of staff as shown beside what they did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PersonName {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Their title.
    pub title: String,
}

/// Who is rung together, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// 1 or 2.
    pub tier: i64,
    /// So long before the next tier.
    pub seconds: i64,
    /// Whom.
    pub people: Vec<PersonName>,
}

words! {
    /// Whether a department can be reached just now.
    pub enum Reachable {
        /// Somebody on call is there and free.
        Online = "online",
        /// Somebody on call is there, nobody is free.
        Busy = "busy",
        /// Nobody on call is there: the desk's telephone is.
        Nobody = "nobody",
    }
}

/// Whether a department can be reached just now, and how many are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reach {
    /// In one word.
    pub state: Reachable,
    /// How many are there and free.
    pub online: usize,
}

/// A facility in the list of places.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Facility)]
pub struct FacilityView {
    /// Which one.
    pub id: FacilityId,
    /// Its name.
    pub name: String,
    /// Its name in pinyin.
    pub pinyin: String,
    /// Its level.
    pub level: Level,
    /// Its grade.
    pub grade: Option<String>,
    /// The telephone that is answered day and night.
    pub phone_24h: String,
    /// Which way a patient goes from mine to it.
    pub relation: Option<Direction>,
}

/// Somebody in the ring order.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = OnCall)]
pub struct OnCallView {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Their title.
    pub title: String,
    /// Whether they can be rung.
    pub presence: Status,
}

/// One tier of the ring order.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = RingTier)]
pub struct TierView {
    /// 1 or 2.
    pub tier: i64,
    /// So long before the next tier.
    pub seconds: i64,
    /// Whom.
    pub people: Vec<OnCallView>,
}

/// A department as one looks it up before calling.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Department)]
pub struct DepartmentView {
    /// Which one.
    pub id: DepartmentId,
    /// Its name.
    pub name: String,
    /// Its name in pinyin.
    pub pinyin: String,
    /// Of which facility.
    pub facility: FacilityName,
    /// What it takes and what it does not.
    pub scope_text: String,
    /// Its desk's telephone.
    pub phone: String,
    /// May be asked for a consult.
    pub accepts_consult: bool,
    /// May be sent a patient.
    pub accepts_referral: bool,
    /// What must be filled in before it is asked.
    pub min_dataset: Vec<String>,
    /// Whether somebody is there.
    pub reach: Reach,
    /// Who is rung, in which order.
    pub ring_order: Vec<TierView>,
    /// Which way a patient goes from my facility to it.
    pub relation: Option<Direction>,
}

/// One line in the list of people: for an operator's eyes.
#[derive(Debug, Clone)]
pub struct StaffLine {
    /// Who.
    pub id: UserId,
    /// What they sign in as.
    pub login: String,
    /// Their name.
    pub name: String,
    /// Where they are what, in words.
    pub roles: Vec<(Role, String)>,
    /// False if suspended.
    pub active: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_follow_from_the_levels() {
        assert_eq!(Level::Township.relation_to(Level::Tertiary), Some(Direction::Up));
        assert_eq!(Level::Tertiary.relation_to(Level::Village), Some(Direction::Down));
        assert_eq!(Level::Township.relation_to(Level::Community), Some(Direction::Peer));
        assert_eq!(Level::Village.relation_to(Level::Village), None);
    }
}
