//! Who is calling, and what hats that person wears where.

use std::fmt;

use crate::{
    kernel::{DepartmentId, FacilityId, SessionId, UserId},
    words,
};

words! {
    /// What a person is at one facility.
    pub enum Role {
        /// A doctor of a township clinic.
        RuralDoctor = "rural_doctor",
        /// A doctor of a hospital's department.
        Specialist = "specialist",
        /// The desk that sends, receives and books.
        Coordinator = "coordinator",
        /// Looks after people, departments and rota of one facility.
        FacilityAdmin = "facility_admin",
        /// Looks after the alliance as a whole.
        AllianceAdmin = "alliance_admin",
        /// Reads the journal and nothing else.
        Auditor = "auditor",
    }
}

/// One hat: a role at a facility, for a doctor usually in a department.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// Where.
    pub facility: FacilityId,
    /// In which department, if in one.
    pub department: Option<DepartmentId>,
    /// As what.
    pub role: Role,
}

/// A person who is signed in.
#[derive(Clone, PartialEq, Eq)]
pub struct Principal {
    /// Who.
    pub user: UserId,
    /// In which browser.
    pub session: SessionId,
    /// The name, for the screen.
    pub name: String,
    /// The active hats; suspended and invited ones are not here.
    pub memberships: Vec<Membership>,
    /// The facility this person works for just now.
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
