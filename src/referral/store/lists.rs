//! The desk's lists: whose letters, in which states, found by what.

use super::{
    super::{
        desk::Assigned,
        model::{Direction, Referral},
        state::State,
    },
    select,
};
use crate::{
    ctx::Ctx,
    kernel::{DepartmentId, FacilityId, PatientId, UserId},
    store::{Query, Result, Value, args},
};

/// Whose letters a list shows.
#[derive(Debug, Clone)]
pub enum Shelf {
    /// Everything that was sent to a facility.
    InOf(FacilityId),
    /// What was sent to some departments of a facility, and on the way down to all its doctors.
    InFor {
        /// Where.
        facility: FacilityId,
        /// To which departments.
        departments: Vec<DepartmentId>,
        /// The direction that is for every doctor there.
        down: Option<Direction>,
    },
    /// Everything a facility sent, drafts included.
    OutOf(FacilityId),
    /// What one person wrote.
    By(UserId),
    /// One patient's.
    Of(PatientId),
}

impl Shelf {
    /// The condition, and its arguments from `$1` on.
    fn condition(&self) -> (String, Vec<Value>) {
        match self {
            Self::InOf(facility) => {
                ("r.to_facility = $1 AND r.submitted_at IS NOT NULL".to_owned(), args![facility])
            }
            Self::InFor { facility, departments, down } => {
                let mut values = args![facility, down.map_or("none", Direction::word)];
                let mut places = vec!["''".to_owned()];
                for department in departments {
                    values.extend(args![department]);
                    places.push(format!("${}", values.len()));
                }
                let places = places.join(", ");
                (
                    format!(
                        "r.to_facility = $1 AND r.submitted_at IS NOT NULL
                         AND (r.direction = $2 OR r.to_department IN ({places}))"
                    ),
                    values,
                )
            }
            Self::OutOf(facility) => ("r.from_facility = $1".to_owned(), args![facility]),
            Self::By(user) => ("r.from_user = $1".to_owned(), args![user]),
            // Those of the records that were merged into this one as well.
            Self::Of(patient) => (
                "r.patient_id IN (SELECT p.id FROM patients p WHERE p.id = $1 OR p.merged_into = $1)"
                    .to_owned(),
                args![patient],
            ),
        }
    }
}

/// What of a shelf is shown.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// Only what this person, or nobody, looks after.
    pub assigned: Option<(Assigned, UserId)>,
    /// How many, at most.
    pub limit: i64,
}

/// One shelf, most urgent first, then what is due first.
pub async fn pile(
    tx: &mut impl Query,
    ctx: &Ctx,
    shelf: &Shelf,
    states: Option<&[State]>,
    found: Option<&(String, Vec<PatientId>)>,
    cut: Cut,
) -> Result<Vec<Referral>> {
    let (mut condition, mut values) = shelf.condition();
    if let Some(states) = states {
        let words: Vec<String> = states.iter().map(|state| format!("'{}'", state.word())).collect();
        condition = format!("{condition} AND r.state IN ({})", words.join(", "));
    }
    if let Some((no, patients)) = found {
        values.extend(args![no]);
        let mut places = vec!["''".to_owned()];
        let no = values.len();
        for patient in patients {
            values.extend(args![patient]);
            places.push(format!("${}", values.len()));
        }
        condition = format!("{condition} AND (r.no = ${no} OR r.patient_id IN ({}))", places.join(", "));
    }
    match cut.assigned {
        Some((Assigned::Me, user)) => {
            values.extend(args![user]);
            condition = format!("{condition} AND r.assigned_to = ${}", values.len());
        }
        Some((Assigned::Nobody, _)) => condition.push_str(" AND r.assigned_to IS NULL"),
        None => {}
    }
    values.extend(args![cut.limit]);
    // Where nothing is due any more, the newest comes first.
    let condition = format!(
        "WHERE {condition}
         ORDER BY r.urgency_rank, COALESCE(r.answer_due_at, 9000000000000000), r.state_since DESC, r.id
         LIMIT ${}",
        values.len()
    );
    select(tx, ctx, &condition, values).await
}

/// How many lie on a shelf, by state.
pub async fn counts(tx: &mut impl Query, shelf: &Shelf) -> Result<Vec<(State, i64)>> {
    let (condition, values) = shelf.condition();
    let sql = format!("SELECT r.state, count(*) AS n FROM referrals r WHERE {condition} GROUP BY r.state");
    let rows = tx.fetch_built(sql, values).await?;
    rows.iter().map(|row| Ok((row.parse("state")?, row.get("n")?))).collect()
}
