//! What becomes of a ring besides the step it asks for: it arrives, is seen, is put off, is
//! handed to a colleague, is answered elsewhere. And a colleague asked into a call under way,
//! who is rung like anybody else and sits beside the two sides.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Error, around,
    commands::{self, load_for},
    form::{self, Body},
    model::{Consult, Ring, RingState, Side},
    ring::{BACK, INVITED, TIME_TO_LIVE},
    routing, seats,
    state::{Action, State},
    step::By,
    store::{self, people},
};
use crate::{
    auth::{
        Principal,
        policy::{Actor, Denied},
    },
    ctx::Ctx,
    directory,
    journal::{self, Entity, Entry},
    kernel::{ConsultId, RingId, Timestamp, UserId},
    store::WriteTx,
};

/// Who puts a ring off is asked again after this, if nobody else has answered.
const SNOOZE: Duration = Duration::from_secs(30);

/// What somebody does with a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// The step of the workflow that it asks for, or its refusal.
    Step(Action),
    /// It is on a screen that is looked at.
    Seen,
    /// Ask the others, and me again in a moment.
    Snooze,
    /// Ring this colleague of the department instead of me.
    Forward(UserId),
}

/// Rings and whom they ring.
pub type Rung = Vec<(RingId, UserId)>;

/// Tells those who were rung, and `more`, what became of it.
pub async fn note(
    tx: &mut WriteTx,
    consult: &Consult,
    (rings, became): (&[(RingId, UserId)], &'static str),
    more: &[UserId],
    (actor, at): (journal::Actor, Timestamp),
) -> Result<(), Error> {
    if rings.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = rings.iter().map(|(ring, user)| json!({ "ring": ring, "user": user })).collect();
    let entry = Entry::new(at, actor, None, Entity::Consult(consult.id), "consult.rings")
        .with(json!({ "became": became, "rings": list }));
    let mut audience: Vec<_> = rings.iter().map(|(_, user)| *user).chain(more.iter().copied()).collect();
    audience.sort_unstable();
    audience.dedup();
    journal::append(tx, entry, &audience).await?;
    Ok(())
}

/// A ring has reached the browser of `user`: its caller is told, once.
///
/// # Errors
/// Only of the store: a ring that is somebody else's, or none, is passed over.
pub async fn ring_arrived(ctx: &Ctx, ring: RingId, user: UserId) -> Result<(), Error> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.write("consult.ring_arrived").await?;
    if !people::arrived(&mut tx, ring, user, at).await? {
        return Ok(());
    }
    let Some((id, _)) = people::ring(&mut tx, ring).await? else { return Ok(()) };
    let consult = store::load(&mut tx, id).await?.ok_or(Error::NotFound(id))?;
    let by = (journal::Actor::User(user), at);
    note(&mut tx, &consult, (&[(ring, user)], "delivered"), &[consult.from_user], by).await?;
    tx.commit().await?;
    Ok(())
}

/// Answers, declines, sees, puts off or hands on the ring of one's own; or takes it back, as its caller.
///
/// # Errors
/// As [`commands::act`]; `NotAllowed` for a ring that is somebody else's; `Invalid` for a
/// colleague who is not of the department, or a ring that rings no more.
pub async fn act_on_ring(
    ctx: &Ctx,
    tx: &mut WriteTx,
    who: &Principal,
    (id, deed): (RingId, Deed),
    body: &Body,
) -> Result<Consult, Error> {
    let at = ctx.clock.now();
    let (consult_id, ring) = people::ring(tx, id).await?.ok_or(Denied::Stranger)?;
    if ring.user != who.user && deed != Deed::Step(Action::Cancel) {
        return Err(Denied::Stranger.into());
    }
    store::hold(tx, consult_id).await?;
    let consult = store::load(tx, consult_id).await?.ok_or(Error::NotFound(consult_id))?;
    match deed {
        Deed::Seen => {
            if people::seen(tx, id, who.user, at).await? {
                let by = (journal::Actor::User(who.user), at);
                note(tx, &consult, (&[(id, who.user)], "seen"), &[consult.from_user], by).await?;
            }
            Ok(consult)
        }
        Deed::Step(action) if ring.tier == INVITED || (ring.tier == BACK && action != Action::Accept) => {
            answer_invitation(tx, who, (consult, ring), action, at).await
        }
        Deed::Step(action) => {
            // Who is rung back into a call answers by coming back.
            let is_back = consult.state == State::Interrupted && action == Action::Accept;
            let action = if is_back { Action::Rejoin } else { action };
            let ask =
                commands::Ask { id: consult_id, seen: None, action: action.word(), body, request: None };
            commands::act(ctx, tx, who, ask, at).await
        }
        Deed::Snooze | Deed::Forward(_) if !rings(&consult, &ring, at) => {
            Err(form::wrong("ring", "not_ringing").into())
        }
        Deed::Snooze => {
            people::put_off(tx, id, "snoozed", (at, at.plus(SNOOZE))).await?;
            pass_on(ctx, tx, who, (consult, &ring), "snoozed", at).await
        }
        Deed::Forward(to) => forward(ctx, tx, who, (consult, &ring), to, at).await,
    }
}

fn rings(consult: &Consult, ring: &Ring, at: Timestamp) -> bool {
    consult.state == State::Ringing
        && ring.tier != INVITED
        && ring.state == RingState::Ringing
        && ring.expires_at > at
}

/// Says what became of one's ring, and rings whoever is next.
async fn pass_on(
    ctx: &Ctx,
    tx: &mut WriteTx,
    who: &Principal,
    (mut consult, ring): (Consult, &Ring),
    became: &'static str,
    at: Timestamp,
) -> Result<Consult, Error> {
    let by = (journal::Actor::User(who.user), at);
    note(tx, &consult, (&[(ring.id, who.user)], became), &[consult.from_user], by).await?;
    routing::settle(ctx, tx, &mut consult, &By::system(at)).await?;
    Ok(consult)
}

async fn forward(
    ctx: &Ctx,
    tx: &mut WriteTx,
    who: &Principal,
    (consult, ring): (Consult, &Ring),
    to: UserId,
    at: Timestamp,
) -> Result<Consult, Error> {
    let colleagues = directory::doctors_of(tx, consult.to_department).await?;
    if to == who.user || !colleagues.contains(&to) {
        return Err(form::wrong("to", "not_a_colleague").into());
    }
    let seconds = around::department(tx, consult.to_department).await?.ring_seconds;
    let until = at.plus(Duration::from_secs(u64::try_from(seconds).unwrap_or(45)));
    people::put_off(tx, ring.id, "forwarded", (at, at)).await?;
    let next = people::begin_ring(ctx, tx, &consult, (to, ring.tier), (at, until)).await?;
    ringing(tx, who, &consult, "consult.forward", (next, to, ring.tier, until), at).await?;
    pass_on(ctx, tx, who, (consult, ring), "forwarded", at).await
}

/// Asks a colleague into a call under way: the record opens to them, and they are rung.
///
/// # Errors
/// `NotAllowed` unless the caller asks, answers or chairs; `Over` while nobody sits there;
/// `Invalid` for somebody unknown or who takes part already.
pub async fn invite(
    ctx: &Ctx,
    tx: &mut WriteTx,
    who: &Principal,
    (id, whom): (ConsultId, UserId),
    at: Timestamp,
) -> Result<Consult, Error> {
    store::hold(tx, id).await?;
    let (consult, parts) = load_for(tx, who, id, at).await?;
    let takes_part = |part: &Actor| matches!(part, Actor::Requester | Actor::TargetDoctor | Actor::Chair);
    if !parts.iter().any(takes_part) {
        return Err(Denied::NotClinical.into());
    }
    if !seats::is_open(&consult, at) {
        return Err(Error::Over { open: super::step::open_and_shut(&consult, &parts, at).0 });
    }
    if !directory::is_doctor(tx, whom).await? {
        return Err(form::wrong("user_id", "unknown").into());
    }
    if whom == consult.from_user || Some(whom) == consult.to_user || Some(whom) == consult.chair {
        return Err(form::wrong("user_id", "already_there").into());
    }
    people::invite(ctx, tx, id, whom, Side::Other, at).await?;
    people::ask_in(tx, id, whom, who.user).await?;
    let until = at.plus(TIME_TO_LIVE);
    let ring = people::begin_ring(ctx, tx, &consult, (whom, INVITED), (at, until)).await?;
    ringing(tx, who, &consult, "consult.invite", (ring, whom, INVITED, until), at).await?;
    Ok(consult)
}

/// One person is rung by another: told to everybody whom the consult concerns.
async fn ringing(
    tx: &mut WriteTx,
    who: &Principal,
    consult: &Consult,
    action: &'static str,
    (ring, user, tier, until): (RingId, UserId, i64, Timestamp),
    at: Timestamp,
) -> Result<(), Error> {
    let state = consult.state.word();
    let rung: Value = json!([{ "ring": ring, "user": user, "tier": tier, "expires_at": until }]);
    let entity = Entity::Consult(consult.id);
    let entry = Entry::new(at, journal::Actor::User(who.user), Some(who.acting), entity, action)
        .step(state, state)
        .with(json!({ "urgency": consult.urgency.word(), "kind": consult.kind.word(), "rung": rung }));
    let audience = around::audience(tx, consult).await?;
    journal::append(tx, entry, &audience).await?;
    tracing::info!(consult.id = %consult.id, "Consult {action}");
    Ok(())
}

/// Somebody who was asked in comes, does not, or is not needed any more. The consult stays where it is.
async fn answer_invitation(
    tx: &mut WriteTx,
    who: &Principal,
    (consult, ring): (Consult, Ring),
    action: Action,
    at: Timestamp,
) -> Result<Consult, Error> {
    let (state, became) = match action {
        Action::Accept => (RingState::Accepted, "accepted"),
        Action::Decline => (RingState::Declined, "declined"),
        Action::Cancel => {
            load_for(tx, who, consult.id, at).await?;
            (RingState::Cancelled, "cancelled")
        }
        _ => return Err(form::wrong("ring", "not_ringing").into()),
    };
    people::end_ring(tx, ring.id, state, at).await?;
    let inviter = people::asked_in_by(tx, consult.id, ring.user).await?;
    let mut more = vec![consult.from_user];
    more.extend(consult.to_user);
    more.extend(inviter);
    note(tx, &consult, (&[(ring.id, ring.user)], became), &more, (journal::Actor::User(who.user), at))
        .await?;
    Ok(consult)
}
