//! Begin a letter, write in it, act on it: load, allow, decide, save, tell.

use serde_json::{Map, Value, json};
use tracing::info;

use super::{
    around,
    ask::{Ask, Wrong},
    birth::{Birth, born, next_letter, number},
    chain, consent, counted,
    edit::{self, Head, transport_state},
    error::{Error, Faster},
    eyes::Eyes,
    guards::{department, guard, needed},
    model::{Held, Last, Letter, Referral, Urgency},
    moves::{By, Moved, take},
    office,
    state::{Action, MACHINE, Refusal, State},
    store::{self, Said},
    view,
};
use crate::{
    auth::{Principal, Role, policy::Actor},
    ctx::Ctx,
    entry,
    http::{NotAgain, Once, StoredAnswer},
    journal::{self, Entity, Entry},
    kernel::{FacilityId, PatientId, ReferralId, Timestamp, UserId},
    store::{StoreError, WriteTx},
};

/// Carries out what a key stands for, once.
macro_rules! once {
    ($once:expr, $ctx:expr, $tx:expr, $at:expr) => {
        match $once.claim($ctx, &mut $tx, $at).await? {
            Ok(()) => {}
            Err(NotAgain::Done(answer)) => return Ok(answer),
            Err(other @ NotAgain::OtherRequest) => return Err(Error::Again(other)),
        }
    };
}

pub(super) use once;

/// Begins a letter.
///
/// # Errors
/// `Denied` unless the caller treats patients or is a coordinator where they act; `Form`
/// with every field that is not right.
pub async fn create(
    ctx: &Ctx,
    who: &Principal,
    body: &Map<String, Value>,
    once: &Once,
) -> Result<StoredAnswer, Error> {
    let at = ctx.clock.now();
    let writes = [Role::RuralDoctor, Role::Specialist, Role::Coordinator];
    let seat = who.memberships.iter().find(|m| m.facility == who.acting && writes.contains(&m.role));
    let Some(seat) = seat else { return Err(Error::Denied) };
    let mut tx = ctx.db.write("referral.create").await?;
    once!(once, ctx, tx, at);

    let mut rest = body.clone();
    let patient = take_id::<PatientId>(&mut rest, "patient_id");
    let written = edit::write(&Letter::default(), &rest);
    let (patient, (letter, head)) = match (patient, written) {
        (Ok(patient), Ok(written)) => (patient, written),
        (patient, written) => {
            let mut wrong: Vec<Wrong> = patient.err().into_iter().collect();
            wrong.extend(written.err().into_iter().flatten());
            return Err(Error::Form(wrong));
        }
    };
    if !around::may_open(&mut tx, who, patient).await? {
        return Err(Error::Form(vec![Wrong { field: "patient_id".to_owned(), code: "unknown" }]));
    }
    let to = needed(head.to_department, "to_department")?;
    let place = department(&mut tx, to).await?;
    let relation = around::relation(&mut tx, who.acting, place.facility).await?;
    let direction = needed(head.direction.or(relation), "direction")?;
    let birth = Birth {
        patient,
        direction,
        urgency: head.urgency.unwrap_or(Urgency::Routine),
        from: (who.acting, seat.department, who.user),
        to: (place.facility, place.department),
        letter,
        parent: None,
        consult: None,
    };
    let draft = born(ctx, &mut tx, birth, who.user, at).await?;
    consent::written(ctx, &mut tx, &draft, body, (who.user, at)).await?;

    let answer = shown(ctx, &mut tx, who, &draft, 201).await?;
    once.keep(ctx, &mut tx, &answer).await?;
    let entry = entry_of(&draft, By { user: Some(who.user), at }, Some(who.acting), "referral.create");
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    info!(referral.id = %draft.id, facility.id = %who.acting, "Referral {} begun", draft.id);
    Ok(answer)
}

/// Writes in a draft.
///
/// # Errors
/// `Refused` once it was sent; `Stale` if someone else wrote meanwhile; `Form` with every
/// field that is not right, and nothing is written then.
pub async fn write(
    ctx: &Ctx,
    who: &Principal,
    id: ReferralId,
    seen: i64,
    patch: &Map<String, Value>,
) -> Result<(i64, Value), Error> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.write("referral.edit").await?;
    let (before, eyes) = opened(ctx, &mut tx, who, id).await?;
    if before.version != seen {
        return Err(stale(&mut tx, &before, &eyes).await?);
    }
    // Who may send it may write in it, and for as long.
    MACHINE.step(before.state, Action::Submit, &eyes.actors)?;
    let (letter, head) = edit::write(&before.letter, patch).map_err(Error::Form)?;
    let mut after = Referral { letter, ..before.clone() };
    turn(&mut tx, &mut after, head, at).await?;
    after.transport_state = transport_state(&after.letter);
    after.plan_ends_at = after.letter.follow_up_due;
    after.last = Last { action: None, by: Some(who.user), at };
    after.version += 1;
    store::save_draft(&mut tx, ctx, &after, seen).await?;
    consent::written(ctx, &mut tx, &after, patch, (who.user, at)).await?;

    let shown = view::whole(ctx, &mut tx, &eyes, &after).await?;
    let entry = entry_of(&after, By { user: Some(who.user), at }, Some(who.acting), "referral.edit");
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    Ok((after.version, shown))
}

/// Turns a draft towards another target, direction or urgency.
async fn turn(tx: &mut WriteTx, draft: &mut Referral, head: Head, at: Timestamp) -> Result<(), Error> {
    if let Some(to) = head.to_department {
        let place = department(tx, to).await?;
        if place.facility == draft.from_facility {
            return Err(Error::Form(vec![Wrong { field: "to_department".to_owned(), code: "own_house" }]));
        }
        (draft.leg.to_facility, draft.leg.to_department) = (place.facility, place.department);
    }
    if let Some(direction) = head.direction.filter(|direction| *direction != draft.direction) {
        draft.direction = direction;
        draft.no = number(tx, direction, at).await?;
        store::renumber(tx, draft.id, &draft.no).await?;
    }
    draft.urgency = head.urgency.unwrap_or(draft.urgency);
    Ok(())
}

/// The one door for every change of a referral that was begun.
///
/// # Errors
/// `NotFound` to a stranger, `Denied` to those who read no records; `Stale` unless the
/// caller saw the newest version; `UnknownAction`, `Refused` and `Shut` with what is open
/// instead; `Incomplete` and `Form` with what is missing or wrong.
pub async fn act(
    ctx: &Ctx,
    who: &Principal,
    (id, seen): (ReferralId, i64),
    what: (&str, &Map<String, Value>),
    once: &Once,
) -> Result<StoredAnswer, Error> {
    match act_once(ctx, who, (id, seen), what, once).await {
        // Two decided on the same version and the other one's was written: say who and when.
        Err(Error::Store(StoreError::Conflict { .. })) => {
            let mut tx = ctx.db.read().await?;
            let (now, eyes) = opened(ctx, &mut tx, who, id).await?;
            Err(stale(&mut tx, &now, &eyes).await?)
        }
        other => other,
    }
}

async fn act_once(
    ctx: &Ctx,
    who: &Principal,
    (id, seen): (ReferralId, i64),
    (action, body): (&str, &Map<String, Value>),
    once: &Once,
) -> Result<StoredAnswer, Error> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.write("referral.act").await?;
    once!(once, ctx, tx, at);
    let (before, eyes) = opened(ctx, &mut tx, who, id).await?;
    let Ok(action) = action.parse::<Action>() else {
        return Err(Error::UnknownAction { open: eyes.open(&before) });
    };
    if before.version != seen {
        return Err(stale(&mut tx, &before, &eyes).await?);
    }
    let step = MACHINE.step(before.state, action, &eyes.actors).map_err(|refusal| match refusal {
        // What the facts keep shut is not offered instead.
        Refusal::WrongState { from, action, .. } => {
            Refusal::WrongState { from, action, open: eyes.open(&before) }
        }
        refusal @ Refusal::WrongActor { .. } => refusal,
    })?;
    if let Some(why) = eyes.why_shut(&before, action) {
        return Err(Error::Shut { why, open: eyes.open(&before) });
    }
    let ask = Ask::read(action, body).map_err(Error::Form)?;
    let by = By { user: Some(who.user), at };
    let fresh = guard(ctx, &mut tx, &before, &eyes, action, &ask).await?;
    let mut moved = take(&before, action, step.to, ask.clone(), by, fresh);
    if moved.after.answer.from.is_some() && moved.after.answer.within_ms == 0 {
        let house = moved.after.leg.to_facility;
        moved.after.answer.promised(office::within(&mut tx, house, before.urgency).await?);
    }
    if action == Action::Submit {
        moved.after.snapshot = Some(around::snapshot(ctx, &mut tx, before.patient).await?);
        consent::confirmed(ctx, &mut tx, &before, who, at).await?;
        moved.payload = counted::at_submission(ctx, &mut tx, &moved.after, body).await?;
        let written = moved.after.letter.diagnoses.iter();
        let coded = written.filter_map(|one| Some((one.code.as_deref()?, one.text.as_str())));
        entry::used(&mut tx, who, coded, at).await?;
    }

    let made = next_letter(ctx, &mut tx, who, (&before, &mut moved), (action, &ask), at).await?;
    let mut told = vec![settle(ctx, &mut tx, &before, moved, (action, by), Some(who.acting)).await?];
    follow(ctx, &mut tx, &before, &mut told, by).await?;

    let after = told[0].1.clone();
    let eyes = around::eyes(ctx, &mut tx, who, &after).await?;
    let mut shown = view::whole(ctx, &mut tx, &eyes, &after).await?;
    shown["created_referral_id"] = json!(made);
    let answer = StoredAnswer { status: 200, version: after.version, body: shown };
    once.keep(ctx, &mut tx, &answer).await?;
    tell(&mut tx, told).await?;
    tx.commit().await.map_err(Error::Store)?;
    info!(referral.id = %id, facility.id = %who.acting, "Referral {id} {action}");
    Ok(answer)
}

/// A change that is saved and owes its journal entry: the entry, the referral, whom it concerns.
pub(super) type Told = (Entry, Referral, Vec<UserId>);

/// Saves what a step came to.
pub(super) async fn settle(
    ctx: &Ctx,
    tx: &mut WriteTx,
    before: &Referral,
    moved: Moved,
    (action, by): (Action, By),
    facility: Option<FacilityId>,
) -> Result<Told, Error> {
    let Moved { mut after, left, notes, because, payload } = moved;
    for (kind, body) in notes {
        let author = by.user.unwrap_or(before.from_user);
        let facility = facility.unwrap_or(before.from_facility);
        store::say(tx, ctx, before.id, &Said { at: by.at, author, facility, kind, body }).await?;
    }
    let mut audience = around::audience(tx, &after).await?;
    if let Some(left) = left {
        store::save_leg(tx, ctx, &left).await?;
        store::insert_leg(tx, ctx, before.id, &after.leg).await?;
        audience.extend(around::side_of(tx, left.to_facility, left.to_department, before.direction).await?);
    }
    if before.leg.held != after.leg.held {
        place(tx, before.leg.held, &after).await?;
    }
    store::save_leg(tx, ctx, &after.leg).await?;
    around::share_patient(tx, before, &after, by.at).await?;
    // A first look is noted beside the record: whoever writes at the same moment is not turned away for it.
    if action != Action::View {
        store::save(tx, ctx, &after, before.version).await?;
        after.version += 1;
    }
    let mut entry =
        entry_of(&after, by, facility, action.told()).step(before.state.word(), after.state.word());
    entry.reason_code = because;
    if let (Some(all), Some(more)) = (entry.payload.as_object_mut(), payload.as_object()) {
        all.extend(more.clone());
    }
    Ok((entry, after, audience))
}

/// Keeps the place that a step booked and gives back the one it let go.
async fn place(tx: &mut WriteTx, before: Option<Held>, after: &Referral) -> Result<(), Error> {
    if let Some(held) = before {
        office::give_back(tx, held).await?;
    }
    let Some(held) = after.leg.held else { return Ok(()) };
    let at = after.leg.appointment_at.unwrap_or(after.last.at);
    if office::keep(tx, held, after.leg.to_department, at).await? {
        return Ok(());
    }
    let field = match held {
        Held::Slot(_) => "slot_id",
        Held::Bed(_) => "bed_pool_id",
    };
    Err(Error::Form(vec![Wrong { field: field.to_owned(), code: "full" }]))
}

/// Writes the entries, the cause before what it caused.
pub(super) async fn tell(tx: &mut WriteTx, told: Vec<Told>) -> Result<(), StoreError> {
    for (entry, _, audience) in told {
        journal::append(tx, entry, &audience).await?;
    }
    Ok(())
}

/// What one step does to the other letters of the same story.
pub(super) async fn follow(
    ctx: &Ctx,
    tx: &mut WriteTx,
    before: &Referral,
    told: &mut Vec<Told>,
    by: By,
) -> Result<(), Error> {
    let after = told[0].1.clone();
    let system = By { user: None, at: by.at };
    let died = told[0].0.action == Action::PatientDied.told();
    if died {
        for other in store::chain(tx, ctx, after.chain).await? {
            let Some(action) = chain::at_death(other.state).filter(|_| other.id != after.id) else {
                continue;
            };
            let to = if action == Action::Discard { State::Cancelled } else { State::Closed };
            let moved = take(&other, action, to, Ask::Maybe(None), by, None);
            told.push(settle(ctx, tx, &other, moved, (action, by), None).await?);
        }
        return Ok(());
    }
    let Some(parent) = after.parent else { return Ok(()) };
    let Some(parent) = store::load(tx, ctx, parent).await? else { return Ok(()) };
    if let Some(action) = chain::on_parent(before.state, &after, parent.state) {
        let step = MACHINE.step(parent.state, action, &[Actor::System])?;
        let moved = take(&parent, action, step.to, Ask::Plain, system, None);
        told.push(settle(ctx, tx, &parent, moved, (action, system), None).await?);
    }
    Ok(())
}

/// The referral and how this person stands to it, or how he is turned away.
pub(super) async fn opened(
    ctx: &Ctx,
    tx: &mut impl crate::store::Query,
    who: &Principal,
    id: ReferralId,
) -> Result<(Referral, Eyes), Error> {
    let referral = store::load(tx, ctx, id).await?.ok_or(Error::NotFound)?;
    let eyes = around::eyes(ctx, tx, who, &referral).await?;
    eyes.admit()?;
    Ok((referral, eyes))
}

pub(super) async fn stale(
    tx: &mut impl crate::store::Query,
    now: &Referral,
    eyes: &Eyes,
) -> Result<Error, StoreError> {
    let by = match now.last.by {
        Some(user) => Some(around::person(tx, user).await?),
        None => None,
    };
    Ok(Error::Stale(Box::new(Faster {
        version: now.version,
        state: now.state,
        action: now.last.action,
        by,
        at: now.last.at,
        open: eyes.open(now),
    })))
}

/// What a person sees of a referral, as an answer.
pub(super) async fn shown(
    ctx: &Ctx,
    tx: &mut WriteTx,
    who: &Principal,
    referral: &Referral,
    status: u16,
) -> Result<StoredAnswer, Error> {
    let eyes = around::eyes(ctx, tx, who, referral).await?;
    let body = view::whole(ctx, tx, &eyes, referral).await?;
    Ok(StoredAnswer { status, version: referral.version, body })
}

/// An entry about a referral, with what a list needs to place it.
pub(super) fn entry_of(
    referral: &Referral,
    by: By,
    facility: Option<FacilityId>,
    action: &'static str,
) -> Entry {
    let actor = by.user.map_or(journal::Actor::System, journal::Actor::User);
    Entry::new(by.at, actor, facility, Entity::Referral(referral.id), action).with(json!({
        "urgency": referral.urgency,
        "direction": referral.direction,
        "chain": referral.chain,
        "consult": referral.source_consult,
        "parent": referral.parent,
        "patient": referral.patient,
        "from_facility": referral.from_facility,
        "from_user": referral.from_user,
        "to_facility": referral.leg.to_facility,
        "to_department": referral.leg.to_department,
    }))
}

fn take_id<T: std::str::FromStr>(body: &mut Map<String, Value>, field: &str) -> Result<T, Wrong> {
    let wrong = |code| Wrong { field: field.to_owned(), code };
    let value = body.remove(field).ok_or_else(|| wrong("required"))?;
    value.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| wrong("not_right"))
}
