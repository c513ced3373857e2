//! Lists of consults, page by page, and what their lines show beside the row itself.

use std::collections::BTreeMap;

use super::{COLUMNS, consult, open_optional, place};
use crate::{
    consult::model::{Consult, Urgency},
    ctx::Ctx,
    kernel::{ConsultId, DepartmentId, FacilityId, PageAsk, PatientId, ReferralId, Timestamp, UserId},
    store::{Query, Result, Value, among, args},
};

/// Where a row stands in its list: how urgent, since when, which.
pub type Place = (i64, Timestamp, ConsultId);

/// Which consults.
#[derive(Debug, Clone)]
pub enum Shelf {
    /// What a facility asked, and what concerned one of its people since then.
    Mine(FacilityId, UserId, Timestamp),
    /// What waits for the doctors of these departments, and at these desks.
    Waiting(Vec<DepartmentId>, Vec<FacilityId>),
    /// What concerned a person since then: written, taken or taken part in.
    Since(UserId, Timestamp),
    /// Every consult about a patient.
    Of(PatientId),
}

const WAITS: &str = "c.state IN ('requested', 'queued', 'ringing', 'accepted', 'scheduled', 'in_progress',
                                 'interrupted', 'opinion_given')";
const RANK: &str = "CASE c.urgency WHEN 'emergency' THEN 0 WHEN 'urgent' THEN 1 ELSE 2 END";

impl Shelf {
    /// Where `consult` stands on this shelf.
    pub fn place(&self, consult: &Consult) -> Place {
        match self {
            Self::Waiting(..) => (rank(consult.urgency), consult.state_since, consult.id),
            Self::Mine(..) | Self::Since(..) => (0, consult.state_since, consult.id),
            Self::Of(_) => (0, consult.created_at, consult.id),
        }
    }
}

fn rank(urgency: Urgency) -> i64 {
    match urgency {
        Urgency::Emergency => 0,
        Urgency::Urgent => 1,
        Urgency::Routine => 2,
    }
}

/// One page of a shelf and one row more: what waits most urgent first and then oldest, all else newest first.
pub async fn page(tx: &mut impl Query, shelf: &Shelf, ask: &PageAsk<Place>) -> Result<Vec<Consult>> {
    let mut values = match (&ask.after, shelf) {
        (Some((rank, at, id)), _) => args![rank, at, id, ask.one_more()],
        (None, Shelf::Waiting(..)) => args![-1_i64, 0_i64, "", ask.one_more()],
        // `~` comes after the letters and digits of an id.
        (None, _) => args![1_i64, i64::MAX, "~", ask.one_more()],
    };
    let stretches = stretches(shelf, &mut values);
    if stretches.is_empty() {
        return Ok(Vec::new());
    }
    let order = match shelf {
        Shelf::Waiting(..) => ("k.urgent, k.since, k.id", format!("{RANK}, c.state_since, c.id")),
        Shelf::Mine(..) | Shelf::Since(..) => {
            ("k.since DESC, k.id DESC", "c.state_since DESC, c.id DESC".into())
        }
        Shelf::Of(_) => ("k.since DESC, k.id DESC", "c.created_at DESC, c.id DESC".into()),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM consults c
          WHERE c.id IN (SELECT id FROM ({}) k ORDER BY {} LIMIT $4)
          ORDER BY {}",
        stretches.join(" UNION "),
        order.0,
        order.1
    );
    let rows = tx.fetch_built(sql, values).await?;
    rows.iter().map(consult).collect()
}

/// The short ordered stretches of which a page is put together.
fn stretches(shelf: &Shelf, values: &mut Vec<Value>) -> Vec<String> {
    match shelf {
        Shelf::Waiting(departments, desks) => {
            let departments = departments.iter().map(|id| ("to_department", id.to_string()));
            let places = departments.chain(desks.iter().map(|id| ("to_facility", id.to_string())));
            let stretch = |(n, (column, id)): (usize, (&str, String))| {
                values.extend(args![id]);
                format!(
                    "SELECT * FROM (SELECT c.id, {RANK} AS urgent, c.state_since AS since FROM consults c
                      WHERE c.{column} = ${} AND {WAITS} AND ({RANK}, c.state_since, c.id) > ($1, $2, $3)
                      ORDER BY {RANK}, c.state_since, c.id LIMIT $4) s{n}",
                    values.len()
                )
            };
            places.enumerate().map(stretch).collect()
        }
        Shelf::Mine(facility, user, since) => {
            let mut stretches = with(*user, *since, values);
            values.extend(args![facility]);
            let sent = format!("c.from_facility = ${} AND c.state <> 'entered_in_error'", values.len());
            stretches.push(newest("state_since", "", &sent, stretches.len()));
            stretches
        }
        Shelf::Since(user, since) => with(*user, *since, values),
        Shelf::Of(patient) => {
            values.extend(args![patient]);
            // Those of the records that were merged into this one as well.
            let of_person = format!(
                "c.patient_id IN (SELECT p.id FROM patients p WHERE p.id = ${n} OR p.merged_into = ${n})",
                n = values.len()
            );
            vec![newest("created_at", "", &of_person, 0)]
        }
    }
}

/// What a person wrote, took, chairs or takes part in, each from its own index.
fn with(user: UserId, since: Timestamp, values: &mut Vec<Value>) -> Vec<String> {
    values.extend(args![user, since]);
    let (user, since) = (values.len() - 1, values.len());
    let lately = format!(
        "c.state <> 'entered_in_error' AND (c.state_since >= ${since} OR (c.state = 'scheduled' AND c.scheduled_start IS NOT NULL))"
    );
    let mut stretches: Vec<String> = ["from_user", "to_user", "chair"]
        .iter()
        .enumerate()
        .map(|(n, column)| newest("state_since", "", &format!("c.{column} = ${user} AND {lately}"), n))
        .collect();
    let takes_part = format!("p.user_id = ${user} AND {lately}");
    stretches.push(newest("state_since", "JOIN participants p ON p.consult_id = c.id", &takes_part, 3));
    stretches
}

fn newest(column: &str, join: &str, condition: &str, n: usize) -> String {
    // $1 is bound and compared so that every shelf has the same arguments.
    format!(
        "SELECT * FROM (SELECT c.id, c.{column} AS since FROM consults c {join}
          WHERE {condition} AND $1 >= 0 AND (c.{column}, c.id) < ($2, $3)
          ORDER BY c.{column} DESC, c.id DESC LIMIT $4) s{n}"
    )
}

/// What several consults ask, opened.
pub async fn questions(
    ctx: &Ctx,
    tx: &mut impl Query,
    ids: &[ConsultId],
) -> Result<BTreeMap<ConsultId, String>> {
    let mut values = Vec::new();
    let places = among(ids, &mut values);
    let rows =
        tx.fetch_built(format!("SELECT id, question FROM consults WHERE id IN ({places})"), values).await?;
    let mut questions = BTreeMap::new();
    for row in &rows {
        let id = row.get("id")?;
        let question = open_optional(ctx, row, "question", &place("question", id))?;
        questions.insert(id, question.unwrap_or_default());
    }
    Ok(questions)
}

/// The referrals that were written from several consults, oldest first.
pub async fn referrals_of(
    tx: &mut impl Query,
    ids: &[ConsultId],
) -> Result<BTreeMap<ConsultId, Vec<ReferralId>>> {
    let mut values = Vec::new();
    let places = among(ids, &mut values);
    let sql = format!(
        "SELECT consult_id, referral_id FROM consult_referrals WHERE consult_id IN ({places})
          ORDER BY at, referral_id"
    );
    let mut referrals: BTreeMap<ConsultId, Vec<ReferralId>> = BTreeMap::new();
    for row in &tx.fetch_built(sql, values).await? {
        referrals.entry(row.get("consult_id")?).or_default().push(row.get("referral_id")?);
    }
    Ok(referrals)
}
