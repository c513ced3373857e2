//! Places as their administrators see and send them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::{
    away::Absence,
    model::{Department, Facility, Level, PersonName},
};
use crate::{
    auth::FacilityName,
    kernel::{DepartmentId, FacilityId, Line, Note, Timestamp, UserId},
};

/// What may be asked for in a department's minimum data: fields of a consult or letter.
pub const DATASET: &[&str] = &[
    "chief_complaint",
    "history",
    "exam.bp_sys",
    "exam.bp_dia",
    "exam.heart_rate",
    "exam.temp_c",
    "exam.spo2",
    "exam.resp_rate",
    "exam.glucose",
    "prelim_diagnoses",
];

/// A facility with what only its administrators need.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FacilityRecord {
    /// Which one.
    pub id: FacilityId,
    /// Its name.
    pub name: String,
    /// What it can do.
    pub level: Level,
    /// Its grade, such as 三级甲等.
    pub grade: Option<String>,
    /// The telephone that is answered day and night.
    pub phone_24h: String,
    /// True for the one that leads the alliance.
    pub leads: bool,
    /// How many departments it has.
    pub departments: i64,
    /// How many people have a role there.
    pub people: i64,
    /// Counts the changes.
    pub version: i64,
}

/// A facility and how often it was changed.
#[derive(Debug, Clone)]
pub struct Kept<T> {
    /// The place.
    pub place: T,
    /// Counts the changes.
    pub version: i64,
}

impl Kept<Facility> {
    /// As its administrators see it.
    pub fn record(self, departments: i64, people: i64) -> FacilityRecord {
        let Self { place, version } = self;
        FacilityRecord {
            id: place.id,
            name: place.name,
            level: place.level,
            grade: place.grade,
            phone_24h: place.phone_24h,
            leads: place.leads,
            departments,
            people,
            version,
        }
    }
}

/// A department with what only its administrators need.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DepartmentRecord {
    /// Which one.
    pub id: DepartmentId,
    /// Of which facility.
    pub facility: FacilityName,
    /// Its name.
    pub name: String,
    /// What it takes and what it does not, shown before the call.
    pub scope_text: String,
    /// Its desk's telephone.
    pub phone: String,
    /// May be asked for a consult.
    pub accepts_consult: bool,
    /// May be sent a patient.
    pub accepts_referral: bool,
    /// Fields that must be filled in before it is asked.
    pub min_dataset: Vec<String>,
    /// How long each tier is rung, in seconds.
    pub ring_seconds: i64,
    /// True if only those on duty are rung; false if all its doctors are.
    pub keeps_rota: bool,
    /// Counts the changes.
    pub version: i64,
}

impl Kept<Department> {
    /// As its administrators see it.
    pub fn record(self, keeps_rota: bool) -> DepartmentRecord {
        let Self { place, version } = self;
        DepartmentRecord {
            id: place.id,
            facility: place.facility,
            name: place.name,
            scope_text: place.scope_text,
            phone: place.phone,
            accepts_consult: place.accepts_consult,
            accepts_referral: place.accepts_referral,
            min_dataset: place.min_dataset,
            ring_seconds: place.ring_seconds,
            keeps_rota,
            version,
        }
    }
}

/// A facility as it is sent.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FacilityForm {
    /// Its name.
    pub name: Line,
    /// What it can do.
    pub level: Level,
    /// Its grade, such as 三级甲等.
    pub grade: Option<Line>,
    /// The telephone that is answered day and night.
    pub phone_24h: Line,
}

/// A department as it is sent; it stays in its facility.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct DepartmentForm {
    /// Its name.
    pub name: Line,
    /// What it takes and what it does not, shown before the call.
    pub scope_text: Option<Note>,
    /// Its desk's telephone.
    pub phone: Line,
    /// May be asked for a consult.
    pub accepts_consult: bool,
    /// May be sent a patient.
    pub accepts_referral: bool,
    /// Fields that must be filled in before it is asked.
    #[serde(default)]
    pub min_dataset: Vec<String>,
    /// How long each tier is rung, 10 to 300 seconds.
    #[schema(minimum = 10, maximum = 300)]
    pub ring_seconds: i64,
}

/// A department that is not there yet.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct NewDepartmentForm {
    /// Of which facility.
    pub facility: FacilityId,
    /// All the rest.
    #[serde(flatten)]
    pub form: DepartmentForm,
}

/// One duty in a week of the rota.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Duty {
    /// Who.
    pub user: UserId,
    /// 1 is rung first, then 2.
    #[schema(minimum = 1, maximum = 2)]
    pub tier: i64,
    /// From this moment on.
    pub starts_at: Timestamp,
    /// Up to this moment, which is the next one's.
    pub ends_at: Timestamp,
}

/// Seven days of a department's rota.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RotaWeek {
    /// Of which department.
    pub department: DepartmentId,
    /// The first moment of the week.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
    /// Who can be put on duty.
    pub staff: Vec<PersonName>,
    /// The duties that begin in this week, and those that reach into it.
    pub duties: Vec<Duty>,
    /// Who of them is away in this week: not rung, whatever the duties say.
    pub absences: Vec<Absence>,
    /// True if only those on duty are rung; false if all its doctors are.
    pub keeps_rota: bool,
    /// The department's version.
    pub version: i64,
}

/// A week of the rota as it is sent: takes the place of what began in that week.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotaForm {
    /// The first moment of the week.
    pub from: Timestamp,
    /// The duties that begin in it.
    #[schema(max_items = 400)]
    pub duties: Vec<Duty>,
}
