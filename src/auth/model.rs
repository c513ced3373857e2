//! The caller and their roles.

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    kernel::{DepartmentId, FacilityId, SessionId, UserId},
    words,
};

words! {
    /// What a person is at a facility.
    pub enum Role {
        /// A doctor of a village, township or community: asks and refers.
        RuralDoctor = "rural_doctor",
        /// A doctor of a department that is asked.
        Specialist = "specialist",
        /// The referral desk: takes in, books, redirects.
        Coordinator = "coordinator",
        /// Looks after the facility's people and departments; reads no records.
        FacilityAdmin = "facility_admin",
        /// Looks after the alliance; reads no records.
        AllianceAdmin = "alliance_admin",
        /// Reads the journal; reads no records.
        Auditor = "auditor",
    }
}

impl Role {
    /// True for those who treat patients or arrange their way, and may therefore read of them.
    pub const fn is_clinical(self) -> bool {
        match self {
            Self::RuralDoctor | Self::Specialist | Self::Coordinator => true,
            Self::FacilityAdmin | Self::AllianceAdmin | Self::Auditor => false,
        }
    }
}

words! {
    /// What a person says about themselves.
    pub enum Status {
        /// May be rung.
        Available = "available",
        /// With a patient or in a call.
        Busy = "busy",
        /// Back soon.
        OnBreak = "on_break",
        /// Not there. Also what everybody is whose line is not known to be open.
        Off = "off",
    }
}

/// One role at one facility, active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// Where.
    pub facility: FacilityId,
    /// In which department, for those who belong to one.
    pub department: Option<DepartmentId>,
    /// As what.
    pub role: Role,
}

/// Who is calling. Holds active memberships only: a suspended one is not there at all.
#[derive(Clone, PartialEq, Eq)]
pub struct Principal {
    /// The person.
    pub user: UserId,
    /// The browser they signed in with.
    pub session: SessionId,
    /// Their name; staff names are no secret inside the alliance.
    pub name: String,
    /// Their roles, the first one first.
    pub memberships: Vec<Membership>,
    /// The facility they act for.
    pub acting: FacilityId,
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Ids only: a name in a log line is one too many.
        f.debug_struct("Principal")
            .field("user", &self.user)
            .field("acting", &self.acting)
            .finish_non_exhaustive()
    }
}

impl Principal {
    /// True if they hold `role` at `facility`.
    pub fn is(&self, role: Role, facility: FacilityId) -> bool {
        self.memberships.iter().any(|m| m.role == role && m.facility == facility)
    }

    /// The facilities where they treat patients or arrange their way, once each.
    pub fn clinical_facilities(&self) -> Vec<FacilityId> {
        let mut places: Vec<_> =
            self.memberships.iter().filter(|m| m.role.is_clinical()).map(|m| m.facility).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// True if they treat patients or arrange their way anywhere.
    pub fn is_clinical(&self) -> bool {
        self.memberships.iter().any(|m| m.role.is_clinical())
    }
}

/// A facility as shown beside a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FacilityName {
    /// Which one.
    pub id: FacilityId,
    /// Its name.
    pub name: String,
    /// Its level: `township`, `tertiary`, …
    pub level: String,
    /// The telephone that is answered day and night.
    pub phone_24h: String,
}

/// A department as shown beside a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DepartmentName {
    /// Which one.
    pub id: DepartmentId,
    /// Its name.
    pub name: String,
}

/// A membership as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Membership)]
pub struct MembershipView {
    /// Where.
    pub facility: FacilityName,
    /// In which department.
    pub department: Option<DepartmentName>,
    /// As what.
    pub role: Role,
}

/// For whom a person acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Acting {
    /// The facility.
    pub facility: FacilityName,
    /// The roles there.
    pub roles: Vec<Role>,
    /// The department there, for those who belong to one.
    pub department: Option<DepartmentName>,
}

/// A signed-in person, as they see themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Me {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Their name in Latin letters.
    pub pinyin: String,
    /// Their title, such as 副主任医师.
    pub title: String,
    /// Their active roles.
    pub memberships: Vec<MembershipView>,
    /// For whom they act.
    pub acting: Acting,
    /// What they say about themselves.
    pub presence: Status,
}
