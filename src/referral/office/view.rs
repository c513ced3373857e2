//! How places, promises and assignments look on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    directory::PersonName,
    kernel::{BedPoolId, DepartmentId, FacilityId, Line, SlotId, Timestamp, UserId},
    referral::model::{TransportMode, TransportState},
};

/// A stretch of time in which a department sees so many patients.
#[derive(Debug, Serialize, ToSchema)]
pub struct SlotView {
    /// Which one.
    pub id: SlotId,
    /// From when.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
    /// How many patients.
    pub capacity: i64,
    /// How many are coming.
    pub taken: i64,
}

/// The beds of one kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct BedsView {
    /// Which ones.
    pub id: BedPoolId,
    /// In the ward's words.
    pub kind: String,
    /// How many there are.
    pub total: i64,
    /// How many are free.
    pub free: i64,
    /// When that was said.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: Option<PersonName>,
}

/// What a department can give.
#[derive(Debug, Serialize, ToSchema)]
pub struct Capacity {
    /// Which department.
    pub department: DepartmentId,
    /// From when the slots are shown.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Its slots, earliest first.
    pub slots: Vec<SlotView>,
    /// Its beds.
    pub beds: Vec<BedsView>,
    /// Whether the caller plans them.
    pub may_edit: bool,
}

/// What a department has free in the next days, in numbers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Free {
    /// Which department.
    pub department: DepartmentId,
    /// Free places in its slots of the next seven days.
    pub places: i64,
    /// The first of them.
    pub first: Option<Timestamp>,
    /// Free beds.
    pub beds: i64,
}

/// From when on slots are asked for; from now if not said.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CapacityAsk {
    /// From when.
    pub from: Option<Timestamp>,
    /// How many days; seven if not said.
    pub days: Option<i64>,
}

/// A slot as it is planned.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SlotForm {
    /// From when.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
    /// How many patients.
    pub capacity: i64,
}

/// A department's slots of some days: they take the place of those that were planned for these days.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SlotsForm {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// The slots between.
    pub slots: Vec<SlotForm>,
}

/// The beds of one kind as the ward counts them.
#[derive(Debug, Deserialize, ToSchema)]
pub struct BedsForm {
    /// In the ward's words.
    pub kind: Line,
    /// How many there are.
    pub total: i64,
    /// How many are free.
    pub free: i64,
}

/// A department's beds.
#[derive(Debug, Deserialize, ToSchema)]
pub struct BedPoolsForm {
    /// Each kind once.
    pub beds: Vec<BedsForm>,
}

/// How soon a house promises to answer, in minutes.
#[derive(Debug, Serialize, ToSchema)]
pub struct PromiseView {
    /// Whose.
    pub facility: FacilityId,
    /// An emergency.
    pub emergency_minutes: i64,
    /// An urgent letter.
    pub urgent_minutes: i64,
    /// Any other.
    pub routine_minutes: i64,
    /// Counts changes; 0 while it is the alliance's default.
    pub version: i64,
}

/// How soon a house promises to answer, as it is set.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the unit belongs to the name")]
pub struct PromiseForm {
    /// An emergency.
    pub emergency_minutes: i64,
    /// An urgent letter.
    pub urgent_minutes: i64,
    /// Any other.
    pub routine_minutes: i64,
}

/// Who looks after a letter from now on; nobody in particular, if null.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AssignForm {
    /// Whom.
    pub user: Option<UserId>,
}

/// How the patient travels, as either side enters it.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TransportForm {
    /// By what.
    pub mode: TransportMode,
    /// How far it is; follows from the rest if not said.
    pub state: Option<TransportState>,
    /// Who goes along.
    pub crew: Option<Line>,
    /// The vehicle.
    pub plate: Option<Line>,
    /// Where the crew is reached.
    pub phone: Option<Line>,
    /// When it leaves.
    pub depart_at: Option<Timestamp>,
    /// When it should arrive.
    pub eta: Option<Timestamp>,
    /// When it arrived.
    pub arrive_at: Option<Timestamp>,
    /// Who handed the patient over.
    pub handover_by: Option<Line>,
}
