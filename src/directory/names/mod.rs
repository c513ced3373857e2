//! Names beside ids: whatever an answer names is read in three questions, however long it is.

mod store;

use std::collections::BTreeMap;

pub use store::people as names_of;

use super::{Department, PersonName};
use crate::{
    auth::FacilityName,
    kernel::{DepartmentId, FacilityId, UserId},
    store::{Query, Result, StoreError},
};

/// What an answer is going to name.
#[derive(Debug, Default)]
pub struct Mentioned {
    /// Members of staff.
    pub people: Vec<UserId>,
    /// Facilities.
    pub facilities: Vec<FacilityId>,
    /// Departments.
    pub departments: Vec<DepartmentId>,
}

/// Names that were read while one answer is put together, each once. What is closed by now
/// keeps its name.
#[derive(Debug, Default)]
pub struct Names {
    people: BTreeMap<UserId, PersonName>,
    facilities: BTreeMap<FacilityId, FacilityName>,
    departments: BTreeMap<DepartmentId, Department>,
}

impl Names {
    /// The names of everything that is mentioned.
    pub async fn of(tx: &mut impl Query, mentioned: Mentioned) -> Result<Self> {
        let mut names = Self::default();
        names.add(tx, mentioned).await?;
        Ok(names)
    }

    /// Reads what is mentioned and not yet known.
    pub async fn add(&mut self, tx: &mut impl Query, mut mentioned: Mentioned) -> Result<()> {
        mentioned.people.retain(|id| !self.people.contains_key(id));
        mentioned.facilities.retain(|id| !self.facilities.contains_key(id));
        mentioned.departments.retain(|id| !self.departments.contains_key(id));
        self.people.extend(store::people(tx, &mentioned.people).await?);
        self.facilities.extend(store::facilities(tx, &mentioned.facilities).await?);
        self.departments.extend(store::departments(tx, &mentioned.departments).await?);
        Ok(())
    }

    /// A member of staff.
    pub fn person(&self, id: UserId) -> Option<&PersonName> {
        self.people.get(&id)
    }

    /// A facility.
    pub fn facility(&self, id: FacilityId) -> Option<&FacilityName> {
        self.facilities.get(&id)
    }

    /// A department.
    pub fn department(&self, id: DepartmentId) -> Option<&Department> {
        self.departments.get(&id)
    }

    /// A member of staff that a record names, read if need be.
    pub async fn read_person(&mut self, tx: &mut impl Query, id: UserId) -> Result<PersonName> {
        self.add(tx, Mentioned { people: vec![id], ..Mentioned::default() }).await?;
        self.person(id).cloned().ok_or(StoreError::NoRow)
    }

    /// A facility that a record names, read if need be.
    pub async fn read_facility(&mut self, tx: &mut impl Query, id: FacilityId) -> Result<FacilityName> {
        self.add(tx, Mentioned { facilities: vec![id], ..Mentioned::default() }).await?;
        self.facility(id).cloned().ok_or(StoreError::NoRow)
    }

    /// A department that a record names, read if need be.
    pub async fn read_department(&mut self, tx: &mut impl Query, id: DepartmentId) -> Result<Department> {
        self.add(tx, Mentioned { departments: vec![id], ..Mentioned::default() }).await?;
        self.department(id).cloned().ok_or(StoreError::NoRow)
    }
}
