//! The rows of a consult and its letter.

pub mod lists;
pub mod people;
pub mod said;

use super::{
    due,
    model::{Consult, Letter, Slot},
};
use crate::{
    ctx::Ctx,
    kernel::{ConsultId, ReferralId, Timestamp},
    store::{Query, Result, Row, StoreError, WriteTx, args},
};

/// The columns of [`Consult`].
const COLUMNS: &str =
    "c.id, c.no, c.patient_id, c.from_facility, c.from_user, c.created_at, c.kind, c.urgency,
       c.to_facility, c.to_department, c.to_user, c.chair, c.state, c.state_since, c.opened_at,
       c.answered_at, c.ended_at, c.scheduled_start, c.scheduled_end, c.ring_round, c.ring_began,
       c.close_reason, c.unacknowledged, c.reminded, c.leg, c.version";

fn consult(row: &Row) -> Result<Consult> {
    let start: Option<Timestamp> = row.get("scheduled_start")?;
    let end: Option<Timestamp> = row.get("scheduled_end")?;
    Ok(Consult {
        id: row.get("id")?,
        no: row.get("no")?,
        patient: row.get("patient_id")?,
        from_facility: row.get("from_facility")?,
        from_user: row.get("from_user")?,
        created_at: row.get("created_at")?,
        kind: row.parse("kind")?,
        urgency: row.parse("urgency")?,
        to_facility: row.get("to_facility")?,
        to_department: row.get("to_department")?,
        to_user: row.get("to_user")?,
        chair: row.get("chair")?,
        state: row.parse("state")?,
        state_since: row.get("state_since")?,
        opened_at: row.get("opened_at")?,
        answered_at: row.get("answered_at")?,
        ended_at: row.get("ended_at")?,
        slot: start.zip(end).map(|(start, end)| Slot { start, end }),
        ring_round: row.get("ring_round")?,
        ring_began: row.get("ring_began")?,
        close_reason: row.get("close_reason")?,
        unacknowledged: row.get("unacknowledged")?,
        reminded: row.get("reminded")?,
        leg: row.get("leg")?,
        version: row.get("version")?,
    })
}

/// One consult, without anything clinical.
pub async fn load(tx: &mut impl Query, id: ConsultId) -> Result<Option<Consult>> {
    let rows = tx.fetch_built(format!("SELECT {COLUMNS} FROM consults c WHERE c.id = $1"), args![id]).await?;
    rows.first().map(consult).transpose()
}

/// Has the consult to oneself until the transaction ends: who comes second waits here, and
/// then reads what the first one left. PostgreSQL needs it; SQLite has one writer anyway.
pub async fn hold(tx: &mut WriteTx, id: ConsultId) -> Result<()> {
    let name = tx.name();
    tx.execute("UPDATE consults SET updated_by = $1 WHERE id = $2", args![name, id]).await?;
    Ok(())
}

/// What time has something to do with now. What rings, and instant requests in the list,
/// are always looked at: somebody may have come back.
pub async fn due(tx: &mut impl Query, now: Timestamp) -> Result<Vec<ConsultId>> {
    let rows = tx
        .fetch_all(
            "SELECT id FROM consults WHERE due_at <= $1
              UNION
             SELECT id
               FROM consults
              WHERE state IN ('requested', 'queued', 'ringing')
                AND (state = 'ringing' OR kind = 'instant')",
            args![now],
        )
        .await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// Writes a new draft.
pub async fn insert(ctx: &Ctx, tx: &mut WriteTx, consult: &Consult, letter: &Letter) -> Result<()> {
    tx.execute(
        "INSERT INTO consults (id, no, patient_id, from_facility, from_user, created_at, kind, urgency, question,
                               to_facility, to_department, chair, state, state_since, updated_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        args![
            consult.id,
            consult.no,
            consult.patient,
            consult.from_facility,
            consult.from_user,
            consult.created_at,
            consult.kind.word(),
            consult.urgency.word(),
            Vec::<u8>::new(),
            consult.to_facility,
            consult.to_department,
            consult.chair,
            consult.state.word(),
            consult.state_since,
            tx.name()
        ],
    )
    .await?;
    write_letter(ctx, tx, consult, letter).await
}

/// Writes what the author may still change, sealed.
pub async fn write_letter(ctx: &Ctx, tx: &mut WriteTx, consult: &Consult, letter: &Letter) -> Result<()> {
    let seal = |field: &str, text: &str| ctx.vault.seal_text(&place(field, consult.id), text, &*ctx.dice);
    let as_json = |value: serde_json::Result<String>| value.expect("our own nouns are JSON");
    tx.execute(
        "UPDATE consults SET question = $1, chief_complaint = $2, history = $3, exam = $4, prelim_diagnoses = $5
          WHERE id = $6",
        args![
            seal("question", &letter.question),
            letter.chief_complaint.as_deref().map(|text| seal("chief_complaint", text)),
            letter.history.as_deref().map(|text| seal("history", text)),
            letter.exam.map(|exam| seal("exam", &as_json(serde_json::to_string(&exam)))),
            seal("prelim_diagnoses", &as_json(serde_json::to_string(&letter.prelim_diagnoses))),
            consult.id
        ],
    )
    .await?;
    Ok(())
}

fn place(field: &str, id: ConsultId) -> String {
    format!("consults/{field}/{id}")
}

/// The letter of a consult, opened. Ask the policy first.
pub async fn letter(ctx: &Ctx, tx: &mut impl Query, id: ConsultId) -> Result<Letter> {
    let row = tx
        .fetch_one(
            "SELECT question, chief_complaint, history, exam, prelim_diagnoses FROM consults WHERE id = $1",
            args![id],
        )
        .await?;
    let text = |field: &str| open_optional(ctx, &row, field, &place(field, id));
    let parsed = |field: &str| {
        let broken = || StoreError::Broken { column: field.to_owned(), why: "not the expected JSON".into() };
        text(field)?.map(|json| serde_json::from_str(&json).map_err(|_| broken())).transpose()
    };
    Ok(Letter {
        question: text("question")?.unwrap_or_default(),
        chief_complaint: text("chief_complaint")?,
        history: text("history")?,
        exam: text("exam")?.and_then(|json| serde_json::from_str(&json).ok()),
        prelim_diagnoses: parsed("prelim_diagnoses")?.unwrap_or_default(),
    })
}

/// Opens a sealed column that may be NULL.
pub(super) fn open_optional(ctx: &Ctx, row: &Row, column: &str, place: &str) -> Result<Option<String>> {
    let Some(sealed) = row.get::<Option<Vec<u8>>>(column)? else { return Ok(None) };
    ctx.vault
        .open_text(place, &sealed)
        .map(Some)
        .map_err(|_| StoreError::Broken { column: column.to_owned(), why: "does not open".to_owned() })
}

/// Writes what moves, if nobody was faster: `consult.version` is the version that was read,
/// and is one more afterwards.
pub async fn save(tx: &mut WriteTx, consult: &mut Consult) -> Result<()> {
    let due = due::next(consult).map(|(at, _)| at).into_iter().chain(due::reminder(consult)).min();
    let name = tx.name();
    tx.execute_seen(
        "consult",
        "UPDATE consults
            SET kind = $1, urgency = $2, to_facility = $3, to_department = $4, to_user = $5, chair = $6, state = $7,
                state_since = $8, opened_at = $9, answered_at = $10, ended_at = $11, scheduled_start = $12,
                scheduled_end = $13, ring_round = $14, ring_began = $15, close_reason = $16, unacknowledged = $17,
                leg = $18, due_at = $19, updated_by = $20, reminded = $21, version = version + 1
          WHERE id = $22 AND version = $23",
        args![
            consult.kind.word(),
            consult.urgency.word(),
            consult.to_facility,
            consult.to_department,
            consult.to_user,
            consult.chair,
            consult.state.word(),
            consult.state_since,
            consult.opened_at,
            consult.answered_at,
            consult.ended_at,
            consult.slot.map(|slot| slot.start),
            consult.slot.map(|slot| slot.end),
            consult.ring_round,
            consult.ring_began,
            consult.close_reason,
            consult.unacknowledged,
            consult.leg,
            due,
            name,
            consult.reminded,
            consult.id,
            consult.version
        ],
    )
    .await?;
    consult.version += 1;
    Ok(())
}

/// What was written with the end of a consult.
pub async fn write_close_note(ctx: &Ctx, tx: &mut WriteTx, id: ConsultId, note: &str) -> Result<()> {
    let sealed = ctx.vault.seal_text(&place("close_note", id), note, &*ctx.dice);
    tx.execute("UPDATE consults SET close_note = $1 WHERE id = $2", args![sealed, id]).await?;
    Ok(())
}

/// What was written with the end of a consult.
pub async fn close_note(ctx: &Ctx, tx: &mut impl Query, id: ConsultId) -> Result<Option<String>> {
    let row = tx.fetch_one("SELECT close_note FROM consults WHERE id = $1", args![id]).await?;
    open_optional(ctx, &row, "close_note", &place("close_note", id))
}

/// Begins the leg towards the department that is asked now.
pub async fn begin_leg(tx: &mut WriteTx, consult: &Consult, at: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO consult_legs (consult_id, seq, to_facility, to_department, began_at)
         VALUES ($1, $2, $3, $4, $5)",
        args![consult.id, consult.leg, consult.to_facility, consult.to_department, at],
    )
    .await?;
    Ok(())
}

/// Ends the present leg: the request goes on elsewhere.
pub async fn end_leg(
    tx: &mut WriteTx,
    consult: &Consult,
    ended_as: &'static str,
    at: Timestamp,
) -> Result<()> {
    tx.execute(
        "UPDATE consult_legs SET ended_at = $1, ended_as = $2, to_user = $3 WHERE consult_id = $4 AND seq = $5",
        args![at, ended_as, consult.to_user, consult.id, consult.leg],
    )
    .await?;
    Ok(())
}

/// Remembers that a referral was written from a consult.
pub async fn link_referral(
    tx: &mut WriteTx,
    id: ConsultId,
    referral: ReferralId,
    at: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO consult_referrals (consult_id, referral_id, at) VALUES ($1, $2, $3)
             ON CONFLICT (consult_id, referral_id) DO NOTHING",
        args![id, referral, at],
    )
    .await?;
    Ok(())
}
