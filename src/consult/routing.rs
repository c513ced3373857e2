//! What happens by itself: routing after a request, ringing, and the deadlines.
//!
//! The same decision is taken right after a person's step, in its transaction, and once a
//! second by [`tick`]; it takes at most one step, and says so in the journal.

use super::{
    Error, around, due,
    form::Body,
    model::{Consult, Kind},
    ring::{self, Next},
    state::{Action, State},
    step::{self, By},
    store::{self, people},
};
use crate::{
    ctx::Ctx,
    journal::{self, Entity, Entry},
    kernel::{ConsultId, Timestamp},
    store::{Query, WriteTx},
};

/// Steps that can follow one another at one moment: decline, ring the next, nobody left.
/// More than these means that the table goes round in a circle.
const MOST_STEPS: usize = 4;

/// What the system would do now, if anything.
pub async fn pending(
    tx: &mut impl Query,
    consult: &Consult,
    now: Timestamp,
) -> Result<Option<Action>, Error> {
    let overdue = due::next(consult).filter(|(at, _)| *at <= now).map(|(_, action)| action);
    let by_ring = consult.kind == Kind::Instant;
    match consult.state {
        State::Requested if by_ring => {
            let plan = around::callees(tx, consult, now).await?;
            Ok(Some(if ring::anybody(&plan) { Action::RouteRing } else { Action::RouteQueue }))
        }
        State::Requested if consult.kind == Kind::Async => Ok(Some(Action::RouteQueue)),
        State::Queued if by_ring && overdue.is_none() => {
            let plan = around::callees(tx, consult, now).await?;
            Ok(ring::anybody(&plan).then_some(Action::Offer))
        }
        State::Ringing => ringing(tx, consult, now).await,
        State::Draft
        | State::Requested
        | State::Queued
        | State::Accepted
        | State::Scheduled
        | State::InProgress
        | State::Interrupted
        | State::OpinionGiven
        | State::Closed
        | State::Missed
        | State::Declined
        | State::Cancelled
        | State::Expired
        | State::EnteredInError => Ok(overdue),
    }
}

async fn ringing(tx: &mut impl Query, consult: &Consult, now: Timestamp) -> Result<Option<Action>, Error> {
    let rings = around::round(tx, consult).await?;
    let plan = around::callees(tx, consult, now).await?;
    let began = consult.ring_began.unwrap_or(consult.state_since);
    Ok(match ring::next(&plan, &rings, consult.urgency, began, now) {
        Next::Wait => None,
        Next::Ring(_) => Some(Action::RingNext),
        Next::Exhausted => Some(Action::Exhausted),
        Next::Timeout => Some(Action::Timeout),
    })
}

/// Takes the steps that follow at once from what a person just did.
pub async fn settle(ctx: &Ctx, tx: &mut WriteTx, consult: &mut Consult, by: &By<'_>) -> Result<(), Error> {
    for _ in 0..MOST_STEPS {
        if !matches!(consult.state, State::Requested | State::Ringing) {
            return Ok(());
        }
        let Some(action) = pending(tx, consult, by.at).await? else { return Ok(()) };
        step::take(ctx, tx, consult, action, &Body::default(), &by.consequence()).await?;
    }
    Ok(())
}

/// Does what time has to do, everywhere. Called every second.
///
/// # Errors
/// If the list of what is due cannot be read. What goes wrong with one consult is logged
/// and does not keep the others waiting.
pub async fn tick(ctx: &Ctx) -> Result<(), Error> {
    let now = ctx.clock.now();
    let due = {
        let mut tx = ctx.db.read().await?;
        store::due(&mut tx, now).await?
    };
    for id in due {
        if let Err(error) = one(ctx, id, now).await {
            tracing::error!(consult.id = %id, error = &error as &dyn std::error::Error, "A consult is due and did not move");
        }
    }
    Ok(())
}

fn is_near(consult: &Consult, now: Timestamp) -> bool {
    due::reminder(consult).is_some_and(|at| at <= now)
}

/// Tells those who agreed on a time that it is near. The flag is written with the entry: once,
/// whatever is started anew meanwhile and on however many servers.
async fn remind(tx: &mut WriteTx, consult: &mut Consult, now: Timestamp) -> Result<(), Error> {
    consult.reminded = true;
    store::save(tx, consult).await?;
    let mut audience = people::takes_part(tx, consult.id).await?;
    audience.push(consult.from_user);
    audience.extend(consult.to_user);
    audience.extend(consult.chair);
    audience.sort_unstable();
    audience.dedup();
    let entity = Entity::Consult(consult.id);
    let start = consult.slot.map(|slot| slot.start);
    let entry = Entry::new(now, journal::Actor::System, None, entity, "consult.remind")
        .step(consult.state.word(), consult.state.word())
        .with(serde_json::json!({ "start": start, "urgency": consult.urgency.word() }));
    journal::append(tx, entry, &audience).await?;
    tracing::info!(consult.id = %consult.id, "Consult near: everybody was told");
    Ok(())
}

/// Looks first and writes only if there is something to do: most looks find nothing.
async fn one(ctx: &Ctx, id: ConsultId, now: Timestamp) -> Result<(), Error> {
    {
        let mut tx = ctx.db.read().await?;
        let Some(consult) = store::load(&mut tx, id).await? else { return Ok(()) };
        if !is_near(&consult, now) && pending(&mut tx, &consult, now).await?.is_none() {
            return Ok(());
        }
    }
    let mut tx = ctx.db.write("consult.tick").await?;
    store::hold(&mut tx, id).await?;
    let Some(mut consult) = store::load(&mut tx, id).await? else { return Ok(()) };
    if is_near(&consult, now) {
        remind(&mut tx, &mut consult, now).await?;
        tx.commit().await?;
        return Ok(());
    }
    let Some(action) = pending(&mut tx, &consult, now).await? else { return Ok(()) };
    let by = By::system(now);
    step::take(ctx, &mut tx, &mut consult, action, &Body::default(), &by).await?;
    settle(ctx, &mut tx, &mut consult, &by).await?;
    tx.commit().await?;
    Ok(())
}
