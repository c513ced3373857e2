//! Directory: facilities, departments, staff, and who is on call.
//!
//! Everything here may be read by everybody who is signed in: it is what one looks up
//! before calling. Who answers at a moment is decided in [`rota`]; what a level may send
//! to which other is in [`model::Level::relation_to`].

mod admin;
mod api;
mod away;
mod commands;
mod duty;
mod model;
mod names;
pub mod people;
pub mod rota;
mod setup;
mod store;

pub use api::doors;
pub use commands::{
    Error, NewDepartment, NewFacility, NewPerson, Wanted, add_department, add_facility, add_person,
    add_person_without_password, add_shift, department_view, departments, facilities,
};
pub use duty::store::on_call;
pub use model::{
    Department, DepartmentView, Facility, FacilityView, Level, PersonName, Reach, Reachable, StaffLine, Tier,
    TierView,
};
pub use names::{Mentioned, Names, names_of};
pub use setup::{NotSetUp, SetUp, open_link, set_up};
pub use store::{
    department, department_by_name, departments as all_departments, desk_of, doctors_at, doctors_of,
    facilities as all_facilities, facility, facility_by_name, is_doctor, keeps_anybody, lead, name_of,
    person, relation, staff, user_by_login,
};
