//! What each action brings about besides the new state. One arm per action; what an arm
//! needs from the body it checks itself and names the field that is not right.

use serde_json::{Map, Value, json};

use super::{
    Error, around,
    due::{EARLY, REMIND},
    form::{self, Body},
    guards,
    model::{Ack, Consult, Diagnosis, Kind, NewOpinion, RingState, Side, Slot},
    ring::{self, Turn},
    rings,
    sign::{self, Signed},
    state::{Action, State},
    step::By,
    store::{self, people, said},
};
use crate::{
    auth::policy::Actor,
    consents::{self, Asked, Subject},
    ctx::Ctx,
    directory, entry, journal,
    kernel::{OpinionId, Timestamp, UserId},
    store::WriteTx,
};

/// What the journal is told besides the step.
#[derive(Debug, Default)]
pub struct Told {
    /// Why, as a code.
    pub reason_code: Option<String>,
    /// Ids and codes.
    pub payload: Map<String, Value>,
}

impl Told {
    fn because(code: impl Into<String>) -> Self {
        Self { reason_code: Some(code.into()), ..Self::default() }
    }

    fn with(mut self, key: &str, value: Value) -> Self {
        self.payload.insert(key.to_owned(), value);
        self
    }
}

/// A consult that is agreed on without an end lasts this long.
const USUAL: std::time::Duration = std::time::Duration::from_secs(30 * 60);

/// An agreed time lies within this many days.
const FARTHEST: std::time::Duration = std::time::Duration::from_secs(180 * 24 * 3600);

/// Does what `action` does, and says what to tell the journal.
pub async fn bring_about(
    ctx: &Ctx,
    tx: &mut WriteTx,
    consult: &mut Consult,
    action: Action,
    body: &Body,
    by: &By<'_>,
) -> Result<Told, Error> {
    match action {
        Action::Submit => submit(ctx, tx, consult, by).await,
        Action::RouteRing | Action::Offer => {
            consult.ring_round += 1;
            consult.ring_began = Some(by.at);
            ring_on(ctx, tx, consult, by).await
        }
        Action::RingNext => ring_on(ctx, tx, consult, by).await,
        Action::Rejoin => came_back(tx, consult, by).await,
        Action::RouteQueue | Action::WaitOver | Action::Join | Action::Escalate => Ok(Told::default()),
        Action::Refuse => {
            let reason = form::coded_reason(body)?;
            note(ctx, tx, consult, body.note.as_deref()).await?;
            Ok(Told::because(reason.word()))
        }
        Action::Accept | Action::Take => answer(ctx, tx, consult, by).await,
        Action::Decline => decline(ctx, tx, consult, body, by).await,
        Action::Exhausted | Action::Timeout => {
            end_rings(tx, consult, RingState::Expired, by.at).await?;
            Ok(Told::default())
        }
        Action::Redial if consult.state == State::Interrupted => ring_the_absent(ctx, tx, consult, by).await,
        Action::Redial => {
            consult.to_user = None;
            Ok(Told::default())
        }
        Action::Redirect => ask_elsewhere(ctx, tx, consult, body, "redirected", by).await,
        Action::Transfer => {
            note(ctx, tx, consult, body.note.as_deref()).await?;
            if consult.kind == Kind::Scheduled {
                // The call is going on: the next doctor is wanted now, not at the agreed time.
                consult.kind = Kind::Instant;
            }
            ask_elsewhere(ctx, tx, consult, body, "transferred", by).await
        }
        Action::Schedule | Action::Reschedule => agree(ctx, tx, consult, body, by).await,
        Action::ToAsync => {
            consult.kind = Kind::Async;
            consult.to_user = None;
            Ok(Told::default())
        }
        Action::Cancel if consult.state == State::Draft => {
            note(ctx, tx, consult, body.reason.as_deref()).await?;
            Ok(Told::default())
        }
        Action::Cancel | Action::EndWithoutOpinion | Action::EnterInError => {
            let reason = form::needed("reason", body.reason.as_deref())?;
            store::write_close_note(ctx, tx, consult.id, &reason).await?;
            consult.close_reason = Some(action.word().to_owned());
            Ok(Told::default())
        }
        Action::Start => start(ctx, tx, consult, by).await,
        Action::NoShow | Action::JoinTimeout | Action::Lost => {
            let present = people::sides_present(tx, consult.id).await?;
            Ok(Told::because(absent(&present)))
        }
        Action::Release => {
            consult.to_user = None;
            Ok(Told::default())
        }
        Action::GiveOpinion | Action::AmendOpinion => sign_opinion(ctx, tx, consult, action, body, by).await,
        Action::Acknowledge => acknowledge(ctx, tx, consult, body, by).await,
        Action::AutoClose => {
            consult.unacknowledged = consult.state == State::OpinionGiven;
            let why = if consult.unacknowledged { "unacknowledged" } else { "without_opinion" };
            consult.close_reason = Some(why.to_owned());
            Ok(Told::because(why))
        }
        Action::Expire => {
            consult.close_reason = Some("expired".to_owned());
            Ok(Told::default())
        }
    }
}

/// One of those who are rung says no, and why; the asker is told.
async fn decline(
    ctx: &Ctx,
    tx: &mut WriteTx,
    consult: &Consult,
    body: &Body,
    by: &By<'_>,
) -> Result<Told, Error> {
    let reason = form::coded_reason(body)?;
    let Some(user) = by.user() else { return Ok(Told::because(reason.word())) };
    let mine = of_user(people::still_ringing(tx, consult.id).await?, user).0;
    people::decline(ctx, tx, consult, user, reason.word(), by.at).await?;
    rings::note(tx, consult, (&mine, "declined"), &[consult.from_user], (by.actor(), by.at)).await?;
    Ok(Told::because(reason.word()))
}

/// What must not outlive the state that was left: rings end when ringing does, seats when it is over.
pub async fn left_behind(tx: &mut WriteTx, consult: &mut Consult, at: Timestamp) -> Result<(), Error> {
    if consult.state != State::Ringing && consult.ring_began.take().is_some() {
        end_rings(tx, consult, RingState::Cancelled, at).await?;
    }
    if consult.ended_at.is_some() {
        end_rings(tx, consult, RingState::Cancelled, at).await?;
        people::clear(tx, consult.id, at).await?;
    }
    Ok(())
}

/// Ends whatever still rings, and tells those who were rung.
async fn end_rings(tx: &mut WriteTx, consult: &Consult, how: RingState, at: Timestamp) -> Result<(), Error> {
    let rung = people::still_ringing(tx, consult.id).await?;
    people::end_rings(tx, consult.id, how, at).await?;
    rings::note(tx, consult, (&rung, how.word()), &[], (journal::Actor::System, at)).await
}

/// The rings of one person, and those of the others.
fn of_user(rung: rings::Rung, user: UserId) -> (rings::Rung, rings::Rung) {
    rung.into_iter().partition(|(_, other)| *other == user)
}

/// The diagnoses that were picked from a list: they are offered first the next time.
fn coded(diagnoses: &[Diagnosis]) -> impl Iterator<Item = (&str, &str)> {
    diagnoses.iter().filter_map(|one| Some((one.code.as_deref()?, one.text.as_str())))
}

async fn submit(ctx: &Ctx, tx: &mut WriteTx, consult: &mut Consult, by: &By<'_>) -> Result<Told, Error> {
    let letter = store::letter(ctx, tx, consult.id).await?;
    let subject = Subject::Consult(consult.id);
    let consent = consents::live(ctx, tx, subject).await?.map(|consent| consent.method);
    let department = around::department(tx, consult.to_department).await?;
    let mut missing = guards::missing(consult, &letter, consent, &department.min_dataset);
    // What was so when the draft was begun may have changed: the department, or the matrix.
    missing.extend(around::target(tx, consult.from_facility, consult.to_department).await?.err());
    if !missing.is_empty() {
        return Err(Error::Invalid(missing));
    }
    consult.opened_at = Some(by.at);
    if let Some(who) = by.who {
        consents::confirm(ctx, tx, (subject, &consult.no), Asked { who, at: by.at }).await?;
        entry::used(tx, who, coded(&letter.prelim_diagnoses), by.at).await?;
    }
    store::begin_leg(tx, consult, by.at).await?;
    around::share_patient(tx, consult, by.at).await?;
    people::invite(ctx, tx, consult.id, consult.from_user, Side::From, by.at).await?;
    Ok(Told::default())
}

/// Rings whoever is next, if the time has come.
async fn ring_on(ctx: &Ctx, tx: &mut WriteTx, consult: &Consult, by: &By<'_>) -> Result<Told, Error> {
    people::expire_rings(tx, consult.id, by.at).await?;
    let rings = around::round(tx, consult).await?;
    let plan = around::callees(tx, consult, by.at).await?;
    let began = consult.ring_began.unwrap_or(by.at);
    let ring::Next::Ring(turns) = ring::next(&plan, &rings, consult.urgency, began, by.at) else {
        return Ok(Told::default());
    };
    let mut rung = Vec::with_capacity(turns.len());
    for Turn { user, tier, until } in turns {
        let ring = people::begin_ring(ctx, tx, consult, (user, tier), (by.at, until)).await?;
        rung.push(json!({ "ring": ring, "user": user, "tier": tier, "expires_at": until }));
    }
    Ok(Told::default().with("rung", rung.into()))
}

async fn answer(ctx: &Ctx, tx: &mut WriteTx, consult: &mut Consult, by: &By<'_>) -> Result<Told, Error> {
    let Some(doctor) = by.user() else { return Ok(Told::default()) };
    consult.to_user = Some(doctor);
    consult.answered_at = Some(by.at);
    if consult.kind == Kind::Mdt && consult.chair.is_none() {
        consult.chair = Some(doctor);
    }
    let (mine, others) = of_user(people::still_ringing(tx, consult.id).await?, doctor);
    people::answered_by(tx, consult.id, doctor, by.at).await?;
    let by_whom = (by.actor(), by.at);
    rings::note(tx, consult, (&mine, "accepted"), &[consult.from_user], by_whom).await?;
    rings::note(tx, consult, (&others, "answered_elsewhere"), &[], by_whom).await?;
    people::invite(ctx, tx, consult.id, doctor, Side::To, by.at).await?;
    Ok(Told::default())
}

/// Coming back is the answer to being called back, on whatever machine it rings.
async fn came_back(tx: &mut WriteTx, consult: &Consult, by: &By<'_>) -> Result<Told, Error> {
    let rung = people::ringing_as(tx, consult.id, ring::BACK).await?;
    for (ring, _) in &rung {
        people::end_ring(tx, *ring, RingState::Accepted, by.at).await?;
    }
    rings::note(tx, consult, (&rung, "accepted"), &[consult.from_user], (by.actor(), by.at)).await?;
    Ok(Told::default())
}

/// C13c: somebody is still there and calls for the side that is not.
async fn ring_the_absent(
    ctx: &Ctx,
    tx: &mut WriteTx,
    consult: &mut Consult,
    by: &By<'_>,
) -> Result<Told, Error> {
    let asks_for =
        if by.parts.contains(&Actor::Requester) { consult.to_user } else { Some(consult.from_user) };
    let Some(user) = asks_for else { return Ok(Told::default()) };
    consult.ring_round += 1;
    end_rings(tx, consult, RingState::Expired, by.at).await?;
    let until = by.at.plus(ring::TIME_TO_LIVE);
    let ring = people::begin_ring(ctx, tx, consult, (user, ring::BACK), (by.at, until)).await?;
    Ok(Told::default()
        .with("rung", json!([{ "ring": ring, "user": user, "tier": ring::BACK, "expires_at": until }])))
}

/// A new leg towards another department: the context and the files follow.
async fn ask_elsewhere(
    ctx: &Ctx,
    tx: &mut WriteTx,
    consult: &mut Consult,
    body: &Body,
    ended_as: &'static str,
    by: &By<'_>,
) -> Result<Told, Error> {
    let to = body.to_department.ok_or_else(|| form::wrong("to_department", "required"))?;
    if to == consult.to_department {
        return Err(form::wrong("to_department", "same_as_before").into());
    }
    // The sender asks only whom its house may ask; who was asked hands on to whoever can answer,
    // and the dispatcher finds somebody wherever there is somebody.
    let bound = ended_as == "redirected" && !by.parts.contains(&Actor::AllianceDispatcher);
    let department = if bound {
        around::target(tx, consult.from_facility, to).await??
    } else {
        around::elsewhere(tx, consult.from_facility, to).await??
    };
    let before = consult.to_department;
    if let Some(user) = by.user() {
        // Who hands it on may see what became of it.
        people::invite(ctx, tx, consult.id, user, Side::Other, by.at).await?;
    }
    store::end_leg(tx, consult, ended_as, by.at).await?;
    consult.leg += 1;
    consult.to_department = to;
    consult.to_facility = department.facility.id;
    consult.to_user = None;
    store::begin_leg(tx, consult, by.at).await?;
    around::share_patient(tx, consult, by.at).await?;
    people::clear(tx, consult.id, by.at).await?;
    people::ask_out(tx, consult.id).await?;
    Ok(Told::default().with("from_department", json!(before)).with("to_department", json!(to)))
}

async fn agree(
    ctx: &Ctx,
    tx: &mut WriteTx,
    consult: &mut Consult,
    body: &Body,
    by: &By<'_>,
) -> Result<Told, Error> {
    let start = body.start.ok_or_else(|| form::wrong("start", "required"))?;
    if start < by.at.minus(EARLY) {
        return Err(form::wrong("start", "in_the_past").into());
    }
    if start > by.at.plus(FARTHEST) {
        return Err(form::wrong("start", "too_far").into());
    }
    let end = body.end.unwrap_or(start.plus(USUAL));
    if end <= start {
        return Err(form::wrong("end", "before_start").into());
    }
    // Who names a chair asks for several disciplines.
    if body.chair.is_some() {
        consult.kind = Kind::Mdt;
    } else if consult.kind != Kind::Mdt {
        consult.kind = Kind::Scheduled;
    }
    consult.chair = body.chair.or(consult.chair);
    if consult.chair.is_none() && consult.kind == Kind::Mdt && by.parts.contains(&Actor::TargetDoctor) {
        consult.chair = by.user();
    }
    if consult.chair.is_none() && consult.kind == Kind::Mdt {
        return Err(form::wrong("chair", "required").into());
    }
    for user in body.invitees.iter().copied().chain(consult.chair) {
        if !directory::is_doctor(tx, user).await? {
            let field = if Some(user) == consult.chair { "chair" } else { "invitees" };
            return Err(form::wrong(field, "unknown").into());
        }
        people::invite(ctx, tx, consult.id, user, Side::To, by.at).await?;
    }
    consult.slot = Some(Slot { start, end });
    // A time that is near already needs no reminder.
    consult.reminded = start <= by.at.plus(REMIND);
    Ok(Told::default().with("start", json!(start)).with("end", json!(end)))
}

async fn start(ctx: &Ctx, tx: &mut WriteTx, consult: &mut Consult, by: &By<'_>) -> Result<Told, Error> {
    let Some(user) = by.user() else { return Ok(Told::default()) };
    let answers = by.parts.contains(&Actor::TargetDoctor) || by.parts.contains(&Actor::Chair);
    if answers {
        consult.to_user = consult.to_user.or(Some(user));
        consult.answered_at = consult.answered_at.or(Some(by.at));
    }
    let side = if answers { Side::To } else { Side::From };
    people::invite(ctx, tx, consult.id, user, side, by.at).await?;
    Ok(Told::default())
}

/// Which side did not come, as a code.
fn absent(present: &[Side]) -> &'static str {
    match (present.contains(&Side::From), present.contains(&Side::To)) {
        (false, true) => "absent_from",
        (true, false) => "absent_to",
        (false, false) => "absent_both",
        (true, true) => "absent_none",
    }
}

async fn sign_opinion(
    ctx: &Ctx,
    tx: &mut WriteTx,
    consult: &mut Consult,
    action: Action,
    body: &Body,
    by: &By<'_>,
) -> Result<Told, Error> {
    let Some(author) = by.user() else { return Ok(Told::default()) };
    let (text, next) = form::opinion(body)?;
    let reason_code = match action {
        Action::AmendOpinion => Some(amend_reason(body)?),
        _ => None,
    };
    let before = said::opinion(ctx, tx, consult.id).await?;
    if let (Some(who), None) = (by.who, &before) {
        entry::used(tx, who, coded(&text.diagnoses), by.at).await?;
    }
    let version_no = before.map_or(1, |opinion| opinion.version_no + 1);
    let id = OpinionId::draw(by.at, &*ctx.dice);
    let content_hash =
        Signed { consult: consult.id, version_no, author, at: by.at, text: &text, next }.hash();
    let signature = sign::sign(&ctx.vault, &content_hash);
    consult.to_user = consult.to_user.or(Some(author));
    consult.unacknowledged = false;
    let new = NewOpinion {
        id,
        version_no,
        author,
        text,
        next,
        signed_at: by.at,
        content_hash,
        signature,
        reason_code: reason_code.clone(),
    };
    said::write_opinion(ctx, tx, consult.id, &new).await?;
    Ok(Told { reason_code, ..Told::default() }
        .with("opinion", json!(id))
        .with("version_no", json!(version_no))
        .with("next", json!(next)))
}

/// Why a version replaces another: a short word for the statistics.
fn amend_reason(body: &Body) -> Result<String, Error> {
    let code = body.reason_code.as_deref().ok_or_else(|| form::wrong("reason_code", "required"))?;
    let is_word = (1..=40).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if is_word { Ok(code.to_owned()) } else { Err(form::wrong("reason_code", "not_right").into()) }
}

async fn acknowledge(
    ctx: &Ctx,
    tx: &mut WriteTx,
    consult: &mut Consult,
    body: &Body,
    by: &By<'_>,
) -> Result<Told, Error> {
    let (adopted, reason) = form::acknowledgement(body)?;
    let Some(user) = by.user() else { return Ok(Told::default()) };
    said::acknowledge(ctx, tx, consult.id, &Ack { by: user, at: by.at, adopted, reason }).await?;
    consult.close_reason = Some("acknowledged".to_owned());
    Ok(Told::default().with("adopted", json!(adopted)))
}

async fn note(ctx: &Ctx, tx: &mut WriteTx, consult: &Consult, text: Option<&str>) -> Result<(), Error> {
    if let Some(text) = form::allowed("note", text)? {
        store::write_close_note(ctx, tx, consult.id, &text).await?;
    }
    Ok(())
}
