//! The desk's lists: whose letters, in which states, found by what.
//!
//! A list is read in the order of the desk from indexes that end in that order, one short
//! stretch for each place and state, so a page costs the same in a small archive and in a large one.
//! A word that many patients carry is looked for along a whole shelf, in one walk.

use super::{
    super::{
        desk::Assigned,
        model::{Direction, Referral},
        state::{MACHINE, State},
    },
    select,
};
use crate::{
    ctx::Ctx,
    kernel::{DepartmentId, FacilityId, PageAsk, PatientId, ReferralId, UserId},
    patients,
    store::{Query, Result, ToColumn, Value, among, args},
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

/// Where a row stands in a list: [`Referral::desk_order`] and the id.
pub type Place = (i64, ReferralId);

/// What a list is narrowed to by what somebody typed.
#[derive(Debug, Clone)]
pub struct Found {
    /// Record numbers that were meant.
    pub numbers: Vec<String>,
    /// The patients that were meant.
    pub patients: patients::Found,
}

/// One part of a shelf: a column that an index begins with, and what it must be.
struct Part {
    column: &'static str,
    is: Value,
    and: &'static str,
}

impl Part {
    /// The condition, with the value at `place`.
    fn is_at(&self, place: usize) -> String {
        match self.column {
            // Those of the records that were merged into this one as well.
            "patient_id" => format!(
                "r.patient_id IN (SELECT p.id FROM patients p WHERE p.id = ${place} OR p.merged_into = ${place})"
            ),
            column => format!("r.{column} = ${place}"),
        }
    }

    /// The same, not to be looked up by the index of the column: it would walk the whole shelf.
    fn is_at_last(&self, place: usize) -> String {
        match self.column {
            "patient_id" => self.is_at(place),
            column => format!("r.{column} || '' = ${place}"),
        }
    }
}

impl Shelf {
    fn parts(&self) -> Vec<Part> {
        let part = |column, is: String, and| Part { column, is: is.to_column(), and };
        match self {
            Self::InOf(facility) => vec![part("to_facility", facility.to_string(), SENT)],
            Self::InFor { facility, departments, down } => {
                let mut parts: Vec<Part> = departments
                    .iter()
                    .map(|department| part("to_department", department.to_string(), SENT))
                    .collect();
                if *down == Some(Direction::Down) {
                    parts.push(part("to_facility", facility.to_string(), SENT_DOWN));
                }
                parts
            }
            Self::OutOf(facility) => vec![part("from_facility", facility.to_string(), "")],
            Self::By(user) => vec![part("from_user", user.to_string(), "")],
            Self::Of(patient) => vec![part("patient_id", patient.to_string(), "")],
        }
    }
}

const SENT: &str = "AND r.submitted_at IS NOT NULL";
const SENT_DOWN: &str = "AND r.submitted_at IS NOT NULL AND r.direction = 'down'";

/// What of a shelf is shown.
#[derive(Debug, Clone, Copy)]
pub struct Narrowed<'a> {
    /// In these states.
    pub states: &'a [State],
    /// What somebody typed.
    pub found: Option<&'a Found>,
    /// Only what this person, or nobody, looks after.
    pub assigned: Option<(Assigned, UserId)>,
}

/// One page of a shelf and one row more, in the order of the desk.
pub async fn page(
    tx: &mut impl Query,
    ctx: &Ctx,
    shelf: &Shelf,
    narrowed: Narrowed<'_>,
    ask: &PageAsk<Place>,
) -> Result<Vec<Referral>> {
    let (order, id) = match &ask.after {
        Some((order, id)) => (*order, id.to_string()),
        None => (i64::MIN, String::new()),
    };
    let mut values = args![order, id, ask.one_more()];
    let stretches = stretches(shelf, narrowed, &mut values);
    if stretches.is_empty() {
        return Ok(Vec::new());
    }
    let those = format!(
        "WHERE r.id IN (SELECT id FROM ({}) k ORDER BY desk_order, id LIMIT $3) ORDER BY r.desk_order, r.id",
        stretches.join(" UNION ")
    );
    select(tx, ctx, &those, values).await
}

/// The short ordered stretches of which a page is put together.
fn stretches(shelf: &Shelf, narrowed: Narrowed<'_>, values: &mut Vec<Value>) -> Vec<String> {
    let Narrowed { states, found, assigned } = narrowed;
    let theirs = match assigned {
        None => String::new(),
        Some((Assigned::Nobody, _)) => "AND r.assigned_to IS NULL".to_owned(),
        Some((Assigned::Me, user)) => {
            values.extend(args![user]);
            format!("AND r.assigned_to = ${}", values.len())
        }
    };
    let mut stretches = Vec::new();
    for part in shelf.parts() {
        values.push(part.is.clone());
        let (place, and) = (values.len(), part.and);
        let (here, here_last) = (part.is_at(place), part.is_at_last(place));
        let mut add = |fits: &str| {
            stretches.push(format!(
                "SELECT * FROM (SELECT r.id, r.desk_order FROM referrals r
                  WHERE {fits} {and} {theirs} AND (r.desk_order, r.id) > ($1, $2)
                  ORDER BY r.desk_order, r.id LIMIT $3) s{}",
                stretches.len()
            ));
        };
        // Letters of patients are looked up and asked where they stand; or, where very many are found, the
        // shelf is walked in the order of the desk and each letter is asked whether it is one of them.
        let in_one = match found {
            Some(found) => Some(match found.patients.looked_up("r.patient_id", values) {
                Some(those) => format!("{those} AND {here_last}"),
                None => {
                    let one_of = found.patients.carried_by("r.patient_id", values);
                    format!("{here} AND {one_of} {}", span(states))
                }
            }),
            None if matches!(shelf, Shelf::Of(_)) => Some(here.clone()),
            None => None,
        };
        if let Some(fits) = in_one {
            let listed = states.iter().map(|state| state.word()).collect::<Vec<_>>();
            let states = among(&listed, values);
            // Not by an index of states: each of them would be walked by itself.
            add(&format!("{fits} AND r.state || '' IN ({states})"));
        } else {
            for state in states {
                add(&format!("{here} AND r.state = '{}'", state.word()));
            }
        }
        if let Some(found) = found.filter(|found| !found.numbers.is_empty()) {
            let numbers = among(&found.numbers, values);
            add(&format!("r.no IN ({numbers}) AND {here_last}"));
        }
    }
    stretches
}

/// The span of a desk's order in which letters of these states lie: what is open is not looked for
/// among all that ever ended.
fn span(states: &[State]) -> String {
    let ended = states.iter().filter(|state| MACHINE.is_terminal(**state)).count();
    match ended {
        0 => format!("AND r.desk_order < {}", Referral::ENDED),
        all if all == states.len() => format!("AND r.desk_order >= {}", Referral::ENDED),
        _ => String::new(),
    }
}

/// The most rows of one state that are counted: whoever has more has many.
pub const COUNTED: i64 = 1_000;

/// How many lie on a shelf, by state, each counted up to [`COUNTED`].
pub async fn counts(tx: &mut impl Query, shelf: &Shelf) -> Result<Vec<(State, i64)>> {
    let mut values = args![COUNTED];
    let mut counts = Vec::new();
    for part in shelf.parts() {
        values.push(part.is.clone());
        let (and, here) = (part.and, part.is_at(values.len()));
        for state in State::ALL {
            let word = state.word();
            counts.push(format!(
                "SELECT '{word}' AS state, count(*) AS n
                   FROM (SELECT r.id FROM referrals r
                          WHERE {here} AND r.state = '{word}' {and} LIMIT $1) s"
            ));
        }
    }
    if counts.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.fetch_built(counts.join(" UNION ALL "), values).await?;
    rows.iter().map(|row| Ok((row.parse("state")?, row.get("n")?))).collect()
}
