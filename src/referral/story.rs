//! One story in one picture: where a patient was sent, up, down and up again, and who waits for whom.

use serde_json::{Value, json};

use super::{
    around,
    error::Error,
    eyes::Eyes,
    model::{Leg, LegState, Referral},
    state::State,
    store,
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    journal::{self, Entity, Entry},
    kernel::{PatientId, Timestamp},
    store::{Query, StoreError},
};

/// The letters of the story that `r` belongs to, oldest first.
pub(super) async fn of(
    ctx: &Ctx,
    tx: &mut impl Query,
    eyes: &Eyes,
    r: &Referral,
) -> Result<Value, StoreError> {
    let mut shown = Vec::new();
    for other in store::chain(tx, ctx, r.chain).await? {
        let theirs = around::eyes(ctx, tx, &eyes.who, &other).await?;
        // A draft of the other side is not there yet.
        if other.state == State::Draft && theirs.admit().is_err() {
            continue;
        }
        shown.push(link(ctx, tx, &theirs, &other).await?);
    }
    Ok(Value::Array(shown))
}

/// Every story of a patient in which this person has a letter to read.
///
/// # Errors
/// `NotFound` for a patient this person may not open.
pub async fn chains(ctx: &Ctx, who: &Principal, patient: PatientId) -> Result<Vec<Value>, Error> {
    let mut tx = ctx.db.write("referral.chains").await?;
    if !around::may_open(&mut tx, who, patient).await? {
        return Err(Error::NotFound);
    }
    let letters = store::of_patient(&mut tx, ctx, patient).await?;
    let seen = around::eyes_of(ctx, &mut tx, who, &letters).await?;
    let mut shown = Vec::new();
    for (letter, eyes) in letters.iter().zip(&seen) {
        let part = |(other, eyes): (&Referral, &Eyes)| other.chain == letter.chain && eyes.admit().is_ok();
        let known = letters.iter().zip(&seen).any(part);
        // A draft is nobody's but its author's.
        if known && (letter.state != State::Draft || eyes.admit().is_ok()) {
            shown.push(link(ctx, &mut tx, eyes, letter).await?);
        }
    }
    let actor = journal::Actor::User(who.user);
    let entry =
        Entry::new(ctx.clock.now(), actor, Some(who.acting), Entity::Patient(patient), "referral.chains")
            .with(json!({ "found": shown.len() }));
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    Ok(shown)
}

/// One letter of a story, without what it says.
async fn link(ctx: &Ctx, tx: &mut impl Query, eyes: &Eyes, r: &Referral) -> Result<Value, StoreError> {
    let legs = store::legs(tx, ctx, r.id).await?;
    let mut earlier = Vec::new();
    for leg in legs.iter().filter(|leg| leg.id != r.leg.id) {
        earlier.push(json!({
            "to": around::facility(tx, leg.to_facility).await?,
            "state": leg.state.word(),
            "offered_at": leg.offered_at,
            "ended_at": leg.ended_at,
        }));
    }
    let readable = eyes.admit().is_ok() && eyes.held_until.is_none();
    // What came out is read with the letter.
    let outcome = r.outcome.as_ref().filter(|_| readable && !eyes.sees_head_only());
    Ok(json!({
        "id": r.id,
        "no": r.no,
        "chain_id": r.chain,
        "parent_id": r.parent,
        "direction": r.direction,
        "urgency": r.urgency,
        "state": r.state,
        "state_since": r.state_since,
        "from": around::facility(tx, r.from_facility).await?,
        "to": around::facility(tx, r.leg.to_facility).await?,
        "department": around::department(tx, r.leg.to_department).await?,
        "created_at": r.created_at,
        "submitted_at": r.submitted_at,
        "accepted_at": r.accepted_at,
        "appointment_at": r.leg.appointment_at,
        "arrived_at": r.arrived_at,
        "left_at": left_at(r, &r.leg),
        "outcome_code": outcome.map(|outcome| outcome.code),
        "unacknowledged": r.unacknowledged,
        "sla_due_at": r.answer.due_at,
        "earlier": earlier,
        "readable": eyes.admit().is_ok(),
    }))
}

/// When the patient was no longer there: treated to the end, or the letter ended otherwise.
fn left_at(r: &Referral, leg: &Leg) -> Option<Timestamp> {
    r.arrived_at?;
    let over = matches!(leg.state, LegState::At(State::Closed | State::EnteredInError));
    leg.discharged_at.or(over.then_some(r.state_since))
}
