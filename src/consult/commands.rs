//! What people do with consults: begin one, edit it, take a step, talk, read.
//!
//! Each takes the caller's transaction, so that the answer to the caller's key is kept
//! together with the change; the door that opened it commits.

use serde_json::json;

use super::{
    Error, around,
    form::{Body, DraftForm, wrong},
    model::{Consult, Letter},
    routing,
    state::{Action, State},
    step::{self, By},
    store::{self, people},
};
use crate::{
    auth::{
        Principal, Role,
        policy::{self, Actor, Denied, Grant, Sides},
    },
    consents::{self, Subject},
    ctx::Ctx,
    directory,
    journal::{self, Entity, Entry},
    kernel::{ConsultId, FacilityId, ReferralId, Timestamp},
    patients,
    store::{Query, StoreError, WriteTx},
};

/// A consult and the parts `who` plays in it; nothing clinical is opened yet.
///
/// # Errors
/// `NotFound` and `NotAllowed(Stranger)` sound the same outside.
pub async fn load_for(
    tx: &mut impl Query,
    who: &Principal,
    id: ConsultId,
    now: Timestamp,
) -> Result<(Consult, Vec<Actor>), Error> {
    let consult = store::load(tx, id).await?.ok_or(Error::NotFound(id))?;
    let parts = parts_of(tx, who, &consult, now).await?;
    Ok((consult, parts))
}

/// The parts `who` plays in a consult he may read. Who was rung or took part reads it for
/// thirty days after that ended; after the consent was taken back only the asking side does.
pub async fn parts_of(
    tx: &mut impl Query,
    who: &Principal,
    consult: &Consult,
    now: Timestamp,
) -> Result<Vec<Actor>, Error> {
    let mut all = parts_of_all(tx, who, std::slice::from_ref(consult), now).await?;
    Ok(all.pop().ok_or(StoreError::NoRow)??)
}

/// The parts `who` plays in each of several consults, in their order, or how he is turned away;
/// in as many questions as for one.
pub async fn parts_of_all(
    tx: &mut impl Query,
    who: &Principal,
    consults: &[Consult],
    now: Timestamp,
) -> Result<Vec<Result<Vec<Actor>, Denied>>, Error> {
    let lead = directory::lead(tx).await?;
    // Without a lead, the sender dispatches for itself.
    let sides: Vec<Sides> = consults.iter().map(|c| c.sides(lead.unwrap_or(c.from_facility))).collect();
    let sent = consults.iter().zip(&sides).filter(|(_, sides)| sides.released);
    let sent: Vec<Subject> = sent.map(|(consult, _)| Subject::Consult(consult.id)).collect();
    let shut = consents::withdrawn_of(tx, &sent).await?;
    let is_shut = |consult: &Consult| shut.contains(&consult.id.to_string());
    let open: Vec<&Consult> = consults.iter().filter(|consult| !is_shut(consult)).collect();
    let tied = people::ties(tx, &open, who.user, now).await?;
    let mut all = Vec::with_capacity(consults.len());
    for (consult, mut sides) in consults.iter().zip(sides) {
        sides.released &= !is_shut(consult);
        let grant = if tied.contains(&consult.id) { Grant::TakesPart } else { Grant::None };
        let asks = |part: &Actor| matches!(part, Actor::Requester | Actor::RequesterAdmin);
        all.push(policy::require(who, &sides, grant).and_then(|parts| {
            if is_shut(consult) && !parts.iter().any(asks) { Err(Denied::NotClinical) } else { Ok(parts) }
        }));
    }
    Ok(all)
}

/// Begins a draft.
///
/// # Errors
/// `NotAllowed` unless the caller is a doctor of the facility he acts for; `Invalid` with
/// the fields that are not right.
pub async fn create(
    ctx: &Ctx,
    tx: &mut WriteTx,
    who: &Principal,
    form: &DraftForm,
    at: Timestamp,
) -> Result<Consult, Error> {
    let from = acting_as_doctor(who)?;
    let begin = form.beginning()?;
    let mut letter = Letter::default();
    let mut wrongs = form.write_over(&mut letter).err().unwrap_or_default();
    let consent = form.consent(begin.urgency).unwrap_or_else(|error| {
        wrongs.push(error);
        None
    });
    let department = around::target(tx, from, begin.to_department).await?;
    let department = department.map_err(|error| wrongs.push(error)).ok();
    if !patients::may_open(tx, who, begin.patient).await? {
        wrongs.push(wrong("patient_id", "unknown"));
    }
    let (Some(department), true) = (department, wrongs.is_empty()) else {
        return Err(Error::Invalid(wrongs));
    };
    let mut consult = Consult {
        id: ConsultId::draw(at, &*ctx.dice),
        no: format!("C-{:06}", tx.next_number("consult").await?),
        patient: begin.patient,
        from_facility: from,
        from_user: who.user,
        created_at: at,
        kind: begin.kind,
        urgency: begin.urgency,
        to_facility: department.facility.id,
        to_department: begin.to_department,
        to_user: None,
        chair: None,
        state: State::Draft,
        state_since: at,
        opened_at: None,
        answered_at: None,
        ended_at: None,
        slot: None,
        ring_round: 0,
        ring_began: None,
        close_reason: None,
        unacknowledged: false,
        reminded: false,
        leg: 1,
        version: 1,
    };
    store::insert(ctx, tx, &consult, &letter).await?;
    if let Some(consent) = consent {
        consents::record(ctx, tx, &consult.consent_place(), &consent, (who.user, at)).await?;
    }
    tell(tx, who, &consult, "consult.create", at).await?;
    consult.version = 1;
    Ok(consult)
}

/// The facility for which this person may ask: where he acts as a doctor.
fn acting_as_doctor(who: &Principal) -> Result<FacilityId, Error> {
    let is_doctor = |role| matches!(role, Role::RuralDoctor | Role::Specialist);
    let here = who.memberships.iter().any(|m| m.facility == who.acting && is_doctor(m.role));
    if here { Ok(who.acting) } else { Err(Denied::NotClinical.into()) }
}

/// Changes a draft.
///
/// # Errors
/// `AuthorOnly` to colleagues; `Refused` once it was sent; `Stale`; `Invalid`.
pub async fn edit(
    ctx: &Ctx,
    tx: &mut WriteTx,
    who: &Principal,
    (id, seen): (ConsultId, i64),
    form: &DraftForm,
    at: Timestamp,
) -> Result<Consult, Error> {
    let (mut consult, parts) = load_for(tx, who, id, at).await?;
    if consult.state != State::Draft {
        let open = step::open_and_shut(&consult, &parts, at).0;
        return Err(Error::Over { open });
    }
    if consult.from_user != who.user {
        return Err(Error::AuthorOnly);
    }
    if consult.version != seen {
        return Err(Error::Stale { version: consult.version });
    }
    consult.kind = form.kind.unwrap_or(consult.kind);
    consult.urgency = form.urgency.unwrap_or(consult.urgency);
    let mut letter = store::letter(ctx, tx, id).await?;
    let mut wrongs = form.write_over(&mut letter).err().unwrap_or_default();
    let consent = form.consent(consult.urgency).unwrap_or_else(|error| {
        wrongs.push(error);
        None
    });
    if let Some(to) = form.to_department {
        match around::target(tx, consult.from_facility, to).await? {
            Ok(department) => {
                consult.to_department = to;
                consult.to_facility = department.facility.id;
            }
            Err(error) => wrongs.push(error),
        }
    }
    if !wrongs.is_empty() {
        return Err(Error::Invalid(wrongs));
    }
    store::write_letter(ctx, tx, &consult, &letter).await?;
    if let Some(consent) = consent {
        consents::record(ctx, tx, &consult.consent_place(), &consent, (who.user, at)).await?;
    }
    store::save(tx, &mut consult).await?;
    tell(tx, who, &consult, "consult.edit", at).await?;
    Ok(consult)
}

async fn tell(
    tx: &mut WriteTx,
    who: &Principal,
    consult: &Consult,
    action: &'static str,
    at: Timestamp,
) -> Result<(), Error> {
    let entity = Entity::Consult(consult.id);
    let entry = Entry::new(at, journal::Actor::User(who.user), Some(who.acting), entity, action)
        .step(consult.state.word(), consult.state.word())
        .with(json!({ "version": consult.version }));
    journal::append(tx, entry, &[consult.from_user]).await?;
    Ok(())
}

/// What one request asks to be done to a consult.
#[derive(Debug)]
pub struct Ask<'a> {
    /// To which.
    pub id: ConsultId,
    /// As the caller saw it; nothing where no version can have been seen, as by a ring.
    pub seen: Option<i64>,
    /// What, in the caller's word.
    pub action: &'a str,
    /// With what.
    pub body: &'a Body,
    /// In which request.
    pub request: Option<String>,
}

/// The one door for every change of a consult that was sent, and for sending it.
///
/// # Errors
/// In this order: not there, not allowed, no such action, not open or not for this person,
/// stale, fields that are not right.
pub async fn act(
    ctx: &Ctx,
    tx: &mut WriteTx,
    who: &Principal,
    ask: Ask<'_>,
    at: Timestamp,
) -> Result<Consult, Error> {
    store::hold(tx, ask.id).await?;
    let (mut consult, parts) = load_for(tx, who, ask.id, at).await?;
    let by = By { who: Some(who), parts, at, request: ask.request };
    let Ok(action) = ask.action.parse::<Action>() else {
        return Err(Error::UnknownAction { open: step::open_and_shut(&consult, &by.parts, at).0 });
    };
    if action == Action::Escalate {
        // It makes a referral, and has a door of its own where referrals are made.
        return Err(Error::UnknownAction { open: step::open_and_shut(&consult, &by.parts, at).0 });
    }
    step::allowed(&consult, action, &by)?;
    if ask.seen.is_some_and(|seen| seen != consult.version) {
        return Err(Error::Stale { version: consult.version });
    }
    step::take(ctx, tx, &mut consult, action, ask.body, &by).await?;
    routing::settle(ctx, tx, &mut consult, &by).await?;
    Ok(consult)
}

/// Writes down that a referral was written from this consult. The referral room calls it
/// in the transaction that makes the draft.
///
/// # Errors
/// As [`act`].
pub async fn escalated(
    tx: &mut WriteTx,
    who: &Principal,
    (id, seen): (ConsultId, i64),
    referral: ReferralId,
    at: Timestamp,
) -> Result<Consult, Error> {
    store::hold(tx, id).await?;
    let (mut consult, parts) = load_for(tx, who, id, at).await?;
    let by = By { who: Some(who), parts, at, request: None };
    step::allowed(&consult, Action::Escalate, &by)?;
    if consult.version != seen {
        return Err(Error::Stale { version: consult.version });
    }
    store::link_referral(tx, id, referral, at).await?;
    store::save(tx, &mut consult).await?;
    let mut told = super::effects::Told::default();
    told.payload.insert("referral".to_owned(), json!(referral));
    let from = consult.state;
    step::write_down(tx, &consult, Action::Escalate, from, told, &by).await?;
    Ok(consult)
}

/// Writes down that somebody read a consult.
pub async fn read_by(
    tx: &mut WriteTx,
    who: &Principal,
    consult: &Consult,
    at: Timestamp,
) -> Result<(), Error> {
    let entity = Entity::Consult(consult.id);
    let entry = Entry::new(at, journal::Actor::User(who.user), Some(who.acting), entity, "consult.read");
    journal::append(tx, entry, &[]).await?;
    Ok(())
}
