//! Rows of referrals, legs and notes.

mod clock;
mod lists;
mod said;

use std::collections::BTreeMap;

use serde::{Serialize, de::DeserializeOwned};

pub use clock::{due, nearly_late, overdue, told_nearly_late, told_overdue};
pub use lists::{COUNTED, Found, Narrowed, Place, Shelf, counts, page};
pub use said::{Said, notes, say};

use super::{
    model::{AnswerClock, Held, Last, Leg, Letter, Outcome, Referral, rank},
    state::{Action, State},
};
use crate::{
    ctx::Ctx,
    kernel::{BedPoolId, ConsultId, DepartmentId, FacilityId, LegId, PatientId, ReferralId, SlotId, UserId},
    store::{Query, Result, Row, StoreError, WriteTx, among, args},
};

const COLUMNS: &str = "r.id, r.no, r.chain_id, r.parent_id, r.is_return, r.source_consult_id, r.direction, r.patient_id,
       r.from_facility, r.from_department, r.from_user, r.created_at, r.created_by, r.urgency, r.letter, r.snapshot,
       r.state, r.state_since, r.last_action, r.last_by, r.last_at, r.submitted_at, r.answer_from, r.answer_due_at,
       r.paused_at, r.paused_ms, r.overdue_told, r.answer_within_ms, r.assigned_to, r.deadline_at, r.accepted_at, r.arrived_at, r.auto_accepted,
       r.unacknowledged, r.plan_ends_at, r.transport_state, r.outcome, r.end_reason, r.version,
       l.id AS leg_id, l.seq, l.to_facility, l.to_department, l.to_user, l.state AS leg_state, l.offered_at,
       l.first_viewed_at, l.first_viewed_by, l.decided_at, l.decided_by, l.decision_code, l.ended_at,
       l.appointment_at, l.slot_id, l.bed_pool_id, l.arrived_at AS leg_arrived_at, l.admitted_at, l.discharged_at, l.moves, l.words";

/// One referral with its current leg.
pub async fn load(tx: &mut impl Query, ctx: &Ctx, id: ReferralId) -> Result<Option<Referral>> {
    Ok(select(tx, ctx, "WHERE r.id = $1", args![id]).await?.into_iter().next())
}

/// The referrals of one chain, oldest first.
pub async fn chain(tx: &mut impl Query, ctx: &Ctx, chain: ReferralId) -> Result<Vec<Referral>> {
    select(tx, ctx, "WHERE r.chain_id = $1 ORDER BY r.created_at, r.id", args![chain]).await
}

/// A patient's referrals, oldest first; no patient has so many that they must be paged.
pub async fn of_patient(tx: &mut impl Query, ctx: &Ctx, patient: PatientId) -> Result<Vec<Referral>> {
    select(
        tx,
        ctx,
        "WHERE r.patient_id IN (SELECT p.id FROM patients p WHERE p.id = $1 OR p.merged_into = $1)
      ORDER BY r.created_at, r.id LIMIT 200",
        args![patient],
    )
    .await
}

/// The draft that was already made from this consult, if it was.
pub async fn draft_from(tx: &mut impl Query, ctx: &Ctx, consult: ConsultId) -> Result<Option<Referral>> {
    let rows =
        select(tx, ctx, "WHERE r.source_consult_id = $1 AND r.state = 'draft'", args![consult]).await?;
    Ok(rows.into_iter().next())
}

/// Other referrals of this patient that are open at the same department.
pub async fn live_doubles(
    tx: &mut impl Query,
    patient: PatientId,
    department: DepartmentId,
    but: ReferralId,
) -> Result<Vec<(ReferralId, String, State)>> {
    let rows = tx
        .fetch_all(
            "SELECT id, no, state
               FROM referrals
              WHERE patient_id IN (SELECT p.id FROM patients p
                                    WHERE p.id = $1 OR p.merged_into = $1
                                       OR p.id = (SELECT m.merged_into FROM patients m WHERE m.id = $1))
                AND to_department = $2
                AND id <> $3
                AND state IN ('submitted', 'more_info', 'accepted', 'scheduled', 'no_show', 'arrived',
                              'in_treatment', 'cancel_requested')
              ORDER BY submitted_at",
            args![patient, department, but],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("no")?, row.parse("state")?))).collect()
}

/// Every leg, first to last.
pub async fn legs(tx: &mut impl Query, ctx: &Ctx, id: ReferralId) -> Result<Vec<Leg>> {
    Ok(legs_of(tx, ctx, &[id]).await?.remove(&id).unwrap_or_default())
}

/// Every leg of several referrals, first to last.
pub async fn legs_of(
    tx: &mut impl Query,
    ctx: &Ctx,
    ids: &[ReferralId],
) -> Result<BTreeMap<ReferralId, Vec<Leg>>> {
    let mut legs: BTreeMap<ReferralId, Vec<Leg>> = BTreeMap::new();
    if ids.is_empty() {
        return Ok(legs);
    }
    let mut values = Vec::new();
    let places = among(ids, &mut values);
    let sql = format!(
        "SELECT referral_id, id AS leg_id, seq, to_facility, to_department, to_user, state AS leg_state, offered_at,
                first_viewed_at, first_viewed_by, decided_at, decided_by, decision_code, ended_at,
                appointment_at, slot_id, bed_pool_id, arrived_at AS leg_arrived_at, admitted_at, discharged_at,
                moves, words
           FROM referral_legs
          WHERE referral_id IN ({places})
          ORDER BY referral_id, seq"
    );
    for row in &tx.fetch_built(sql, values).await? {
        legs.entry(row.get("referral_id")?).or_default().push(leg(row, ctx)?);
    }
    Ok(legs)
}

/// Writes a new referral and its first leg.
pub async fn insert(tx: &mut WriteTx, ctx: &Ctx, r: &Referral) -> Result<()> {
    tx.execute(
        "INSERT INTO referrals (id, no, chain_id, parent_id, is_return, source_consult_id, direction, patient_id,
                                from_facility, from_department, from_user, created_at, created_by, urgency,
                                urgency_rank, requested_service, reason_codes, primary_code, letter, state,
                                state_since, last_action, last_by, last_at, leg_id, to_facility, to_department,
                                plan_ends_at, transport_state, desk_order)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                 'create', $22, $21, $23, $24, $25, $26, $27, $28)",
        args![
            r.id,
            r.no,
            r.chain,
            r.parent,
            r.is_return,
            r.source_consult,
            r.direction.word(),
            r.patient,
            r.from_facility,
            r.from_department,
            r.from_user,
            r.created_at,
            r.created_by,
            r.urgency.word(),
            rank(r.urgency),
            r.letter.requested_service.map(|service| service.word().to_owned()),
            codes(&r.letter),
            primary_code(&r.letter),
            seal(ctx, &Referral::place(r.id, "letter"), &r.letter),
            r.state.word(),
            r.state_since,
            r.created_by,
            r.leg.id,
            r.leg.to_facility,
            r.leg.to_department,
            r.plan_ends_at,
            r.transport_state.word(),
            r.desk_order()
        ],
    )
    .await?;
    insert_leg(tx, ctx, r.id, &r.leg).await
}

/// Writes a leg that was not there before.
pub async fn insert_leg(tx: &mut WriteTx, ctx: &Ctx, of: ReferralId, leg: &Leg) -> Result<()> {
    tx.execute(
        "INSERT INTO referral_legs (id, referral_id, seq, to_facility, to_department, to_user, state, offered_at, moves)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '[]')",
        args![
            leg.id,
            of,
            leg.seq,
            leg.to_facility,
            leg.to_department,
            leg.to_user,
            leg.state.word(),
            leg.offered_at
        ],
    )
    .await?;
    save_leg(tx, ctx, leg).await
}

/// Writes what can move in a leg.
pub async fn save_leg(tx: &mut WriteTx, ctx: &Ctx, leg: &Leg) -> Result<()> {
    let (slot, bed) = match leg.held {
        Some(Held::Slot(slot)) => (Some(slot), None),
        Some(Held::Bed(bed)) => (None, Some(bed)),
        None => (None, None),
    };
    let moves = serde_json::to_string(&leg.moves).unwrap_or_else(|_| "[]".to_owned());
    tx.execute(
        "UPDATE referral_legs
            SET to_facility = $1, to_department = $2, to_user = $3, state = $4, offered_at = $5,
                first_viewed_at = $6, first_viewed_by = $7, decided_at = $8, decided_by = $9, decision_code = $10,
                ended_at = $11, appointment_at = $12, arrived_at = $13, admitted_at = $14, discharged_at = $15,
                moves = $16, words = $17, slot_id = $18, bed_pool_id = $19
          WHERE id = $20",
        args![
            leg.to_facility,
            leg.to_department,
            leg.to_user,
            leg.state.word(),
            leg.offered_at,
            leg.first_viewed_at,
            leg.first_viewed_by,
            leg.decided_at,
            leg.decided_by,
            leg.decision_code,
            leg.ended_at,
            leg.appointment_at,
            leg.arrived_at,
            leg.admitted_at,
            leg.discharged_at,
            moves,
            seal(ctx, &leg_place(leg.id), &leg.words),
            slot,
            bed,
            leg.id
        ],
    )
    .await?;
    Ok(())
}

/// Writes the letter of a draft, if nobody was faster.
pub async fn save_draft(tx: &mut WriteTx, ctx: &Ctx, r: &Referral, seen: i64) -> Result<()> {
    tx.execute_seen(
        "referral",
        "UPDATE referrals
            SET direction = $1, urgency = $2, urgency_rank = $3, requested_service = $4, reason_codes = $5,
                primary_code = $6, letter = $7, to_facility = $8, to_department = $9, transport_state = $10,
                plan_ends_at = $11, last_action = 'edit', last_by = $12, last_at = $13, desk_order = $14,
                version = version + 1
          WHERE id = $15
            AND version = $16
            AND state = 'draft'",
        args![
            r.direction.word(),
            r.urgency.word(),
            rank(r.urgency),
            r.letter.requested_service.map(|service| service.word().to_owned()),
            codes(&r.letter),
            primary_code(&r.letter),
            seal(ctx, &Referral::place(r.id, "letter"), &r.letter),
            r.leg.to_facility,
            r.leg.to_department,
            r.transport_state.word(),
            r.plan_ends_at,
            r.last.by,
            r.last.at,
            r.desk_order(),
            r.id,
            seen
        ],
    )
    .await?;
    save_leg(tx, ctx, &r.leg).await
}

/// Writes the new state, if nobody was faster: `seen` is the version the step was decided on.
pub async fn save(tx: &mut WriteTx, ctx: &Ctx, r: &Referral, seen: i64) -> Result<()> {
    let snapshot =
        r.snapshot.as_ref().map(|snapshot| seal(ctx, &Referral::place(r.id, "snapshot"), snapshot));
    let outcome = r.outcome.as_ref().map(|outcome| seal(ctx, &Referral::place(r.id, "outcome"), outcome));
    tx.execute_seen(
        "referral",
        "UPDATE referrals
            SET state = $1, state_since = $2, last_action = $3, last_by = $4, last_at = $5, leg_id = $6,
                to_facility = $7, to_department = $8, submitted_at = $9, answer_from = $10, answer_due_at = $11,
                paused_at = $12, paused_ms = $13, overdue_told = $14, deadline_at = $15, accepted_at = $16,
                arrived_at = $17, auto_accepted = $18, unacknowledged = $19, plan_ends_at = $20,
                transport_state = $21, outcome_code = $22, outcome = $23, end_reason = $24, letter = $25,
                snapshot = $26, assigned_to = $27, answer_within_ms = $28, answer_warn_at = $29,
                warned = CASE WHEN answer_from = $10 THEN warned ELSE 0 END, desk_order = $30,
                version = version + 1
          WHERE id = $31
            AND version = $32",
        args![
            r.state.word(),
            r.state_since,
            r.last.action.map_or("create", Action::word),
            r.last.by,
            r.last.at,
            r.leg.id,
            r.leg.to_facility,
            r.leg.to_department,
            r.submitted_at,
            r.answer.from,
            r.answer.due_at,
            r.answer.paused_at,
            r.answer.paused_ms,
            r.answer.overdue_told,
            r.deadline_at,
            r.accepted_at,
            r.arrived_at,
            r.auto_accepted,
            r.unacknowledged,
            r.plan_ends_at,
            r.transport_state.word(),
            r.outcome.as_ref().map(|outcome| outcome.code.word().to_owned()),
            outcome,
            r.end_reason,
            seal(ctx, &Referral::place(r.id, "letter"), &r.letter),
            snapshot,
            r.assigned_to,
            r.answer.within_ms,
            r.answer.warn_at(r.urgency),
            r.desk_order(),
            r.id,
            seen
        ],
    )
    .await
}

/// Referrals by a condition put together from fixed pieces.
pub(super) async fn select(
    tx: &mut impl Query,
    ctx: &Ctx,
    condition: &str,
    args: Vec<crate::store::Value>,
) -> Result<Vec<Referral>> {
    let sql =
        format!("SELECT {COLUMNS} FROM referrals r JOIN referral_legs l ON l.id = r.leg_id {condition}");
    let rows = tx.fetch_built(sql, args).await?;
    rows.iter().map(|row| referral(row, ctx)).collect()
}

fn referral(row: &Row, ctx: &Ctx) -> Result<Referral> {
    let id: ReferralId = row.get("id")?;
    let sealed = |column: &str| row.get::<Option<Vec<u8>>>(column);
    let snapshot = sealed("snapshot")?.map(|bytes| open(ctx, &Referral::place(id, "snapshot"), &bytes));
    let outcome: Option<Outcome> =
        sealed("outcome")?.map(|bytes| open(ctx, &Referral::place(id, "outcome"), &bytes)).transpose()?;
    Ok(Referral {
        id,
        no: row.get("no")?,
        chain: row.get("chain_id")?,
        parent: row.get("parent_id")?,
        is_return: row.get("is_return")?,
        source_consult: row.get("source_consult_id")?,
        direction: row.parse("direction")?,
        patient: row.get("patient_id")?,
        from_facility: row.get("from_facility")?,
        from_department: row.get("from_department")?,
        from_user: row.get("from_user")?,
        created_at: row.get("created_at")?,
        created_by: row.get("created_by")?,
        urgency: row.parse("urgency")?,
        letter: open(ctx, &Referral::place(id, "letter"), &row.get::<Vec<u8>>("letter")?)?,
        snapshot: snapshot.transpose()?,
        state: row.parse("state")?,
        state_since: row.get("state_since")?,
        last: Last {
            // `create` and `edit` are no steps of the workflow.
            action: row.get::<String>("last_action")?.parse().ok(),
            by: row.get("last_by")?,
            at: row.get("last_at")?,
        },
        leg: leg(row, ctx)?,
        submitted_at: row.get("submitted_at")?,
        answer: AnswerClock {
            from: row.get("answer_from")?,
            due_at: row.get("answer_due_at")?,
            paused_at: row.get("paused_at")?,
            paused_ms: row.get("paused_ms")?,
            overdue_told: row.get("overdue_told")?,
            within_ms: row.get("answer_within_ms")?,
        },
        assigned_to: row.get("assigned_to")?,
        deadline_at: row.get("deadline_at")?,
        accepted_at: row.get("accepted_at")?,
        arrived_at: row.get("arrived_at")?,
        auto_accepted: row.get("auto_accepted")?,
        unacknowledged: row.get("unacknowledged")?,
        plan_ends_at: row.get("plan_ends_at")?,
        transport_state: row.parse("transport_state")?,
        outcome,
        end_reason: row.get("end_reason")?,
        version: row.get("version")?,
    })
}

fn leg(row: &Row, ctx: &Ctx) -> Result<Leg> {
    let id: LegId = row.get("leg_id")?;
    let words = row.get::<Option<Vec<u8>>>("words")?;
    Ok(Leg {
        id,
        seq: row.get("seq")?,
        to_facility: row.get("to_facility")?,
        to_department: row.get("to_department")?,
        to_user: row.get("to_user")?,
        state: row.parse("leg_state")?,
        offered_at: row.get("offered_at")?,
        first_viewed_at: row.get("first_viewed_at")?,
        first_viewed_by: row.get("first_viewed_by")?,
        decided_at: row.get("decided_at")?,
        decided_by: row.get("decided_by")?,
        decision_code: row.get("decision_code")?,
        ended_at: row.get("ended_at")?,
        appointment_at: row.get("appointment_at")?,
        held: row
            .get::<Option<SlotId>>("slot_id")?
            .map(Held::Slot)
            .or(row.get::<Option<BedPoolId>>("bed_pool_id")?.map(Held::Bed)),
        arrived_at: row.get("leg_arrived_at")?,
        admitted_at: row.get("admitted_at")?,
        discharged_at: row.get("discharged_at")?,
        moves: row.json("moves")?,
        words: words.map(|bytes| open(ctx, &leg_place(id), &bytes)).transpose()?.unwrap_or_default(),
    })
}

fn leg_place(id: LegId) -> String {
    format!("referral_legs/words/{id}")
}

fn codes(letter: &Letter) -> String {
    serde_json::to_string(&letter.reason_codes).unwrap_or_else(|_| "[]".to_owned())
}

fn primary_code(letter: &Letter) -> Option<String> {
    letter.diagnoses.first().and_then(|diagnosis| diagnosis.code.clone())
}

fn seal(ctx: &Ctx, place: &str, what: &impl Serialize) -> Vec<u8> {
    let text = serde_json::to_vec(what).expect("our own plain types have a JSON form");
    ctx.vault.seal(place, &text, &*ctx.dice)
}

fn open<T: DeserializeOwned>(ctx: &Ctx, place: &str, sealed: &[u8]) -> Result<T> {
    let broken = |why: &str| StoreError::Broken { column: place.to_owned(), why: why.to_owned() };
    let bytes = ctx.vault.open(place, sealed).map_err(|_| broken("does not open"))?;
    serde_json::from_slice(&bytes).map_err(|_| broken("not the expected JSON"))
}

/// Gives a draft another number: it was turned to another direction.
pub async fn renumber(tx: &mut WriteTx, id: ReferralId, no: &str) -> Result<u64> {
    tx.execute("UPDATE referrals SET no = $1 WHERE id = $2 AND state = 'draft'", args![no, id]).await
}

/// The department of a facility that takes patients, if it has one: the first that was set up.
pub async fn takes_back(tx: &mut impl Query, facility: FacilityId) -> Result<Option<DepartmentId>> {
    let row = tx
        .fetch_optional(
            "SELECT id
               FROM departments
              WHERE facility_id = $1
                AND active = 1
              ORDER BY accepts_referral DESC, created_at, id
              LIMIT 1",
            args![facility],
        )
        .await?;
    row.map(|row| row.get("id")).transpose()
}

/// The department of a doctor at a facility, if he has one.
pub async fn seat_of(
    tx: &mut impl Query,
    user: UserId,
    facility: FacilityId,
) -> Result<Option<DepartmentId>> {
    let row = tx
        .fetch_optional(
            "SELECT department_id
               FROM user_roles
              WHERE user_id = $1
                AND facility_id = $2
                AND department_id IS NOT NULL
              ORDER BY n
              LIMIT 1",
            args![user, facility],
        )
        .await?;
    row.map(|row| row.get("department_id")).transpose()
}
