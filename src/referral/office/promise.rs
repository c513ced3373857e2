//! How soon a house promises to answer a letter, by urgency.

use std::time::Duration;

use serde_json::json;

use super::{
    store::{self, Promise},
    view::{PromiseForm, PromiseView},
};
use crate::{
    auth::{Principal, policy},
    ctx::Ctx,
    journal::{self, Actor, Entity, Entry},
    kernel::FacilityId,
    referral::{ask::Wrong, error::Error, model::Urgency, state::answer_within},
    store::{Query, StoreError},
};

const MINUTE_MS: u128 = 60_000;

/// How long `facility` may take to answer.
pub async fn within(
    tx: &mut impl Query,
    facility: FacilityId,
    urgency: Urgency,
) -> Result<Duration, StoreError> {
    let promise = promise(tx, facility).await?;
    let minutes = match urgency {
        Urgency::Emergency => promise.emergency,
        Urgency::Urgent => promise.urgent,
        Urgency::Routine => promise.routine,
    };
    Ok(Duration::from_secs(u64::try_from(minutes).unwrap_or(0) * 60))
}

async fn promise(tx: &mut impl Query, facility: FacilityId) -> Result<Promise, StoreError> {
    let default = |urgency| i64::try_from(answer_within(urgency).as_millis() / MINUTE_MS).unwrap_or(i64::MAX);
    Ok(store::promise(tx, facility).await?.unwrap_or_else(|| Promise {
        emergency: default(Urgency::Emergency),
        urgent: default(Urgency::Urgent),
        routine: default(Urgency::Routine),
        version: 0,
    }))
}

/// What a house promises; everybody who sends there may know.
pub async fn show(ctx: &Ctx, facility: FacilityId) -> Result<PromiseView, Error> {
    let mut tx = ctx.db.read().await?;
    Ok(view(facility, promise(&mut tx, facility).await?))
}

fn view(facility: FacilityId, promise: Promise) -> PromiseView {
    PromiseView {
        facility,
        emergency_minutes: promise.emergency,
        urgent_minutes: promise.urgent,
        routine_minutes: promise.routine,
        version: promise.version,
    }
}

/// Sets what a house promises. Letters on their way keep what was promised when they were sent.
///
/// # Errors
/// `Denied` unless the caller administers the house; `Stale` if somebody else changed it meanwhile.
pub async fn set(
    ctx: &Ctx,
    who: &Principal,
    facility: FacilityId,
    seen: i64,
    form: &PromiseForm,
) -> Result<PromiseView, Error> {
    if !policy::administers(who, facility) {
        return Err(Error::Denied);
    }
    let spans = [
        ("emergency_minutes", form.emergency_minutes, 24 * 60),
        ("urgent_minutes", form.urgent_minutes, 7 * 24 * 60),
        ("routine_minutes", form.routine_minutes, 30 * 24 * 60),
    ];
    let wrong: Vec<Wrong> = spans
        .iter()
        .filter(|(_, minutes, most)| !(1..=*most).contains(minutes))
        .map(|(field, ..)| Wrong { field: (*field).to_owned(), code: "out_of_range" })
        .collect();
    if !wrong.is_empty() {
        return Err(Error::Form(wrong));
    }
    let at = ctx.clock.now();
    let promise = Promise {
        emergency: form.emergency_minutes,
        urgent: form.urgent_minutes,
        routine: form.routine_minutes,
        version: seen,
    };
    let mut tx = ctx.db.write("facility.promise").await?;
    if !store::put_promise(&mut tx, facility, &promise, (at, who.user)).await? {
        return Err(Error::Behind { version: self::promise(&mut tx, facility).await?.version });
    }
    let entry =
        Entry::new(at, Actor::User(who.user), Some(facility), Entity::Facility(facility), "facility.promise")
            .with(json!({
                "emergency_minutes": promise.emergency,
                "urgent_minutes": promise.urgent,
                "routine_minutes": promise.routine,
            }));
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    Ok(view(facility, Promise { version: seen + 1, ..promise }))
}
