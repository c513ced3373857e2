//! What a person sees of a referral: made for their eyes, so that what is not theirs to
//! read is not in it.

use serde_json::{Value, json};

use super::{
    around::{self, Around},
    eyes::Eyes,
    guards::what_is_missing,
    model::{Held, Leg, Letter, Referral},
    state::{Action, State, what_time_does},
    store, story,
};
use crate::{
    consult,
    ctx::Ctx,
    kernel::{BedPoolId, SlotId},
    store::{Query, Result},
};

/// What only those who treat or take the patient read.
const CLINICAL: &[&str] = &[
    "present_illness",
    "past_history",
    "treatment_so_far",
    "key_results",
    "rehab_plan",
    "medications",
    "red_flags",
];

/// The whole record.
pub async fn whole(ctx: &Ctx, tx: &mut impl Query, eyes: &Eyes, r: &Referral) -> Result<Value> {
    let around = Around::of(ctx, tx, std::slice::from_ref(r)).await?;
    let mut view = head(&around, eyes, r)?;
    add_letter(&mut view, &r.letter, eyes);
    let view_map = view.as_object_mut().expect("a head is an object");
    view_map.insert("created_at".to_owned(), json!(r.created_at));
    view_map.insert("created_by".to_owned(), around::person(tx, r.created_by).await?);
    view_map.insert("accepted_at".to_owned(), json!(r.accepted_at));
    view_map.insert("arrived_at".to_owned(), json!(r.arrived_at));
    view_map.insert("auto_accepted".to_owned(), json!(r.auto_accepted));
    view_map.insert("end_reason".to_owned(), json!(r.end_reason));
    view_map.insert("plan_ends_at".to_owned(), json!(r.plan_ends_at));
    view_map.insert(
        "patient_snapshot".to_owned(),
        if eyes.sees_head_only() { Value::Null } else { json!(r.snapshot) },
    );
    view_map.insert("outcome".to_owned(), outcome(tx, eyes, r).await?);
    view_map.insert("legs".to_owned(), legs(ctx, tx, eyes, r).await?);
    view_map.insert("notes".to_owned(), notes(ctx, tx, eyes, r).await?);
    view_map.insert("chain".to_owned(), story::of(ctx, tx, eyes, r).await?);
    view_map.insert("opinion".to_owned(), opinion(ctx, tx, eyes, r).await?);
    view_map.insert("closed_actions".to_owned(), json!(eyes.closed(r)));
    view_map.insert("missing".to_owned(), json!([]));
    view_map.insert("warnings".to_owned(), json!([]));
    if r.state == State::Draft {
        view_map.insert("missing".to_owned(), json!(what_is_missing(tx, r, &r.letter).await?));
        let doubles = store::live_doubles(tx, r.patient, r.leg.to_department, r.id).await?;
        let warnings: Vec<Value> = doubles
            .iter()
            .map(|(id, no, state)| json!({ "code": "live_referral", "referral": id, "no": no, "state": state }))
            .collect();
        view_map.insert("warnings".to_owned(), json!(warnings));
    }
    Ok(view)
}

/// What a list shows of it, and what the whole record begins with.
pub fn head(around: &Around, eyes: &Eyes, r: &Referral) -> Result<Value> {
    let to_user = r.leg.decided_by.or(r.leg.to_user).map(|user| around.person(user));
    let assigned_to = r.assigned_to.map(|user| around.person(user));
    let from_department = r.from_department.map(|department| around.department(department));
    let first = r.letter.diagnoses.first();
    let expires_at = r.deadline_at.filter(|_| what_time_does(r.state) == Some(Action::Expire));
    Ok(json!({
        "id": r.id,
        "no": r.no,
        "direction": r.direction,
        "chain_id": r.chain,
        "parent_id": r.parent,
        "source_consult_id": r.source_consult,
        "urgency": r.urgency,
        "state": r.state,
        "state_since": r.state_since,
        "version": r.version,
        "from": {
            "facility": around.facility(r.from_facility),
            "department": from_department,
            "user": around.person(r.from_user),
        },
        "to": {
            "facility": around.facility(r.leg.to_facility),
            "department": around.department(r.leg.to_department),
            "user": to_user,
        },
        "patient": around.patient(r.patient)?,
        "diagnosis": first.map(|diagnosis| json!({ "code": diagnosis.code, "text": diagnosis.text })),
        "requested_service": r.letter.requested_service,
        "reason_codes": r.letter.reason_codes,
        "transport": transport(r),
        "attachments": around.files(r.id),
        "sla_due_at": r.answer.due_at,
        "sla_warn_at": r.answer.warn_at(r.urgency),
        "assigned_to": assigned_to,
        "unacknowledged": r.unacknowledged,
        "sla_paused": r.answer.paused_at.is_some(),
        "submitted_at": r.submitted_at,
        "expires_at": expires_at,
        "deadline_at": r.deadline_at,
        "first_viewed_at": r.leg.first_viewed_at,
        "appointment": appointment(&r.leg),
        "last": { "action": r.last.action, "at": r.last.at },
        "open_actions": eyes.open(r),
    }))
}

fn add_letter(view: &mut Value, letter: &Letter, eyes: &Eyes) {
    let (Some(view), Ok(Value::Object(letter))) = (view.as_object_mut(), serde_json::to_value(letter)) else {
        return;
    };
    let head_only = eyes.sees_head_only();
    for (name, value) in letter {
        if name == "transport" {
            continue;
        }
        let hidden = head_only && CLINICAL.contains(&name.as_str());
        view.insert(name, if hidden { Value::Null } else { value });
    }
    view.insert("header_only".to_owned(), json!(head_only));
}

fn transport(r: &Referral) -> Value {
    let mut transport = match r.letter.transport.as_ref().map(serde_json::to_value) {
        Some(Ok(Value::Object(transport))) => transport,
        // A member that is not said is null, never missing.
        _ => ["mode", "crew", "plate", "phone", "depart_at", "eta", "arrive_at", "handover_by"]
            .into_iter()
            .map(|name| (name.to_owned(), Value::Null))
            .collect(),
    };
    transport.insert("state".to_owned(), json!(r.transport_state));
    Value::Object(transport)
}

fn appointment(leg: &Leg) -> Value {
    leg.appointment_at.map_or(Value::Null, |start| {
        json!({
            "start": start,
            "location": leg.words.location,
            "bed": leg.words.bed,
            "received_by": leg.words.received_by,
            "contact": leg.words.contact,
            "instructions": leg.words.instructions,
            "slot_id": held_slot(leg),
            "bed_pool_id": held_bed(leg),
        })
    })
}

fn held_slot(leg: &Leg) -> Option<SlotId> {
    leg.held.and_then(|held| if let Held::Slot(slot) = held { Some(slot) } else { None })
}

fn held_bed(leg: &Leg) -> Option<BedPoolId> {
    leg.held.and_then(|held| if let Held::Bed(bed) = held { Some(bed) } else { None })
}

async fn outcome(tx: &mut impl Query, eyes: &Eyes, r: &Referral) -> Result<Value> {
    let Some(outcome) = r.outcome.as_ref().filter(|o| eyes.reaches(o.at) && !eyes.sees_head_only()) else {
        return Ok(Value::Null);
    };
    Ok(json!({
        "code": outcome.code,
        "summary": outcome.summary,
        "at": outcome.at,
        "by": around::person(tx, outcome.by).await?,
    }))
}

async fn legs(ctx: &Ctx, tx: &mut impl Query, eyes: &Eyes, r: &Referral) -> Result<Value> {
    let mut shown = Vec::new();
    for leg in store::legs(tx, ctx, r.id).await? {
        let theirs = leg.offered_at.is_none_or(|at| eyes.held_until.is_none_or(|until| at < until));
        let decided_by = match leg.decided_by {
            Some(user) => around::person(tx, user).await?,
            None => Value::Null,
        };
        let mut moves = Vec::new();
        for step in &leg.moves {
            let from = around::department(tx, step.from).await?;
            moves.push(json!({ "at": step.at, "by": around::person(tx, step.by).await?, "from": from }));
        }
        shown.push(json!({
            "id": leg.id,
            "seq": leg.seq,
            "to": {
                "facility": around::facility(tx, leg.to_facility).await?,
                "department": around::department(tx, leg.to_department).await?,
            },
            "state": leg.state.word(),
            "offered_at": leg.offered_at,
            "first_viewed_at": leg.first_viewed_at,
            "decided_at": leg.decided_at,
            "decided_by": decided_by,
            "reason_code": leg.decision_code,
            "reason": leg.words.reason.as_ref().filter(|_| theirs),
            "contact": leg.words.contact.as_ref().filter(|_| theirs),
            "appointment": if theirs { appointment(&leg) } else { Value::Null },
            "arrived_at": leg.arrived_at,
            "admitted_at": leg.admitted_at,
            "inpatient_no": leg.words.inpatient_no.as_ref().filter(|_| theirs),
            "discharged_at": leg.discharged_at,
            "ended_at": leg.ended_at,
            "moves": moves,
        }));
    }
    Ok(Value::Array(shown))
}

async fn notes(ctx: &Ctx, tx: &mut impl Query, eyes: &Eyes, r: &Referral) -> Result<Value> {
    let mut shown = Vec::new();
    if eyes.sees_head_only() {
        return Ok(Value::Array(shown));
    }
    for said in store::notes(tx, ctx, r.id).await? {
        if eyes.reaches(said.at) {
            shown.push(json!({
                "at": said.at,
                "kind": said.kind,
                "author": around::person(tx, said.author).await?,
                "facility": around::facility(tx, said.facility).await?,
                "body": said.body,
            }));
        }
    }
    Ok(Value::Array(shown))
}

/// The newest opinion of the consult it came from, as it stands there: a change of mind
/// after the letter was sent reaches whoever acts on the letter.
async fn opinion(ctx: &Ctx, tx: &mut impl Query, eyes: &Eyes, r: &Referral) -> Result<Value> {
    let Some(consult) = r.source_consult.filter(|_| !eyes.sees_head_only()) else { return Ok(Value::Null) };
    let Some(opinion) = consult::opinion(ctx, tx, consult).await?.filter(|o| eyes.reaches(o.signed_at))
    else {
        return Ok(Value::Null);
    };
    Ok(json!({
        "id": opinion.id,
        "author": around::person(tx, opinion.author).await?,
        "conclusion": opinion.text.conclusion,
        "advice": opinion.text.advice,
        "diagnoses": opinion.text.diagnoses,
        "next": opinion.next,
        "signed_at": opinion.signed_at,
        "version_no": opinion.version_no,
    }))
}
