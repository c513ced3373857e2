//! What time does to referrals: it expires, confirms, closes, and says when an answer is late.

use tracing::{info, warn};

use super::{
    around,
    ask::Ask,
    commands::{entry_of, follow, settle, tell},
    error::Error,
    moves::{By, take},
    state::{MACHINE, what_time_does},
    store,
};
use crate::{
    auth::policy::Actor,
    ctx::Ctx,
    journal,
    kernel::{ReferralId, Timestamp},
    store::StoreError,
};

/// At most so many in one round: a restart after a long night must not stop the day.
const ROUND: i64 = 200;

/// Does what is due. Says how many referrals were touched.
///
/// # Errors
/// Only if the store cannot be read; a single referral that fails is left for the next round.
pub async fn tick(ctx: &Ctx) -> Result<usize, StoreError> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.read().await?;
    let due = store::due(&mut tx, now, ROUND).await?;
    let late = store::overdue(&mut tx, now, ROUND).await?;
    let nearly = store::nearly_late(&mut tx, now, ROUND).await?;
    drop(tx);
    let mut touched = 0;
    for id in due {
        match by_time(ctx, id, now).await {
            Ok(true) => touched += 1,
            Ok(false) => {}
            Err(error) => warn!(referral.id = %id, %error, "Time could not act on a referral"),
        }
    }
    for id in late {
        match say_overdue(ctx, id, now).await {
            Ok(true) => touched += 1,
            Ok(false) => {}
            Err(error) => warn!(referral.id = %id, %error, "A late answer could not be told"),
        }
    }
    for id in nearly {
        match say_nearly_late(ctx, id, now).await {
            Ok(true) => touched += 1,
            Ok(false) => {}
            Err(error) => warn!(referral.id = %id, %error, "An answer that is nearly late could not be told"),
        }
    }
    Ok(touched)
}

/// Takes the one step that time takes in the referral's state, if it is due.
async fn by_time(ctx: &Ctx, id: ReferralId, now: Timestamp) -> Result<bool, Error> {
    let mut tx = ctx.db.write("referral.time").await?;
    let Some(before) = store::load(&mut tx, ctx, id).await? else { return Ok(false) };
    // Somebody may have been faster since the list was read.
    let due = before.deadline_at.is_some_and(|deadline| deadline <= now);
    let Some(action) = what_time_does(before.state).filter(|_| due) else { return Ok(false) };
    let step = MACHINE.step(before.state, action, &[Actor::System])?;
    let by = By { user: None, at: now };
    let moved = take(&before, action, step.to, Ask::Plain, by, None);
    let mut told = vec![settle(ctx, &mut tx, &before, moved, (action, by), None).await?];
    follow(ctx, &mut tx, &before, &mut told, by).await?;
    tell(&mut tx, told).await?;
    tx.commit().await?;
    info!(referral.id = %id, "Referral {id} {action} by time");
    Ok(true)
}

/// Tells both sides, once, that the answer is late.
async fn say_overdue(ctx: &Ctx, id: ReferralId, now: Timestamp) -> Result<bool, Error> {
    let mut tx = ctx.db.write("referral.overdue").await?;
    let Some(referral) = store::load(&mut tx, ctx, id).await? else { return Ok(false) };
    let late = referral.answer.due_at.is_some_and(|due| due <= now);
    if !late || store::told_overdue(&mut tx, id).await? == 0 {
        return Ok(false);
    }
    let audience = around::audience(&mut tx, &referral).await?;
    let entry = entry_of(&referral, By { user: None, at: now }, None, "referral.overdue");
    journal::append(&mut tx, entry, &audience).await?;
    tx.commit().await?;
    info!(referral.id = %id, "Referral {id} is not answered in time");
    Ok(true)
}

/// Tells the receiving side, once, that four fifths of its time are gone.
async fn say_nearly_late(ctx: &Ctx, id: ReferralId, now: Timestamp) -> Result<bool, Error> {
    let mut tx = ctx.db.write("referral.nearly_late").await?;
    let Some(referral) = store::load(&mut tx, ctx, id).await? else { return Ok(false) };
    let nearly = referral.answer.warn_at(referral.urgency).is_some_and(|warn| warn <= now);
    if !nearly || store::told_nearly_late(&mut tx, id).await? == 0 {
        return Ok(false);
    }
    let leg = &referral.leg;
    let mut audience =
        around::side_of(&mut tx, leg.to_facility, leg.to_department, referral.direction).await?;
    audience.extend(referral.assigned_to);
    let entry = entry_of(&referral, By { user: None, at: now }, None, "referral.nearly_late");
    journal::append(&mut tx, entry, &audience).await?;
    tx.commit().await?;
    info!(referral.id = %id, "Referral {id} is nearly late");
    Ok(true)
}
