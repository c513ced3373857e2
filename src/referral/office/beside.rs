//! What is written beside the workflow: who looks after a letter, and how its patient travels.

use serde_json::{Value, json};
use tracing::info;

use super::{
    store,
    view::{AssignForm, TransportForm},
};
use crate::{
    auth::{Principal, policy::Actor},
    ctx::Ctx,
    directory::{self, PersonName},
    journal,
    kernel::{ReferralId, Timestamp, UserId},
    referral::{
        around,
        ask::Wrong,
        commands::{entry_of, opened, stale},
        error::Error,
        eyes::Eyes,
        model::{Last, Referral, Transport, TransportMode, TransportState},
        moves::By,
        state::{MACHINE, State},
        store as records, view,
    },
    store::Query,
};

fn plays(eyes: &Eyes, parts: &[Actor]) -> bool {
    eyes.actors.iter().any(|actor| parts.contains(actor))
}

/// Who at the receiving side can be asked to look after a letter.
async fn colleagues_of(tx: &mut impl Query, referral: &Referral) -> Result<Vec<UserId>, Error> {
    let leg = &referral.leg;
    let mut people = around::side_of(tx, leg.to_facility, leg.to_department, referral.direction).await?;
    people.sort_unstable();
    people.dedup();
    Ok(people)
}

/// The same, by name.
///
/// # Errors
/// `Denied` to everybody but the receiving side.
pub async fn colleagues(ctx: &Ctx, who: &Principal, id: ReferralId) -> Result<Vec<PersonName>, Error> {
    let mut tx = ctx.db.read().await?;
    let (referral, eyes) = opened(ctx, &mut tx, who, id).await?;
    if !plays(&eyes, &[Actor::TargetDoctor, Actor::TargetDesk]) {
        return Err(Error::Denied);
    }
    let mut named = Vec::new();
    for user in colleagues_of(&mut tx, &referral).await? {
        named.extend(directory::person(&mut tx, user).await?);
    }
    Ok(named)
}

/// Says who looks after a letter from now on.
///
/// # Errors
/// `Denied` to everybody but the receiving side; `Form` if the person is not of that side.
pub async fn assign(
    ctx: &Ctx,
    who: &Principal,
    id: ReferralId,
    form: &AssignForm,
) -> Result<(i64, Value), Error> {
    let by = By { user: Some(who.user), at: ctx.clock.now() };
    let mut tx = ctx.db.write("referral.assign").await?;
    let (mut referral, eyes) = opened(ctx, &mut tx, who, id).await?;
    if !plays(&eyes, &[Actor::TargetDoctor, Actor::TargetDesk]) {
        return Err(Error::Denied);
    }
    if MACHINE.is_terminal(referral.state) {
        return Err(Error::Shut { why: "is_over", open: eyes.open(&referral) });
    }
    if let Some(user) = form.user
        && !colleagues_of(&mut tx, &referral).await?.contains(&user)
    {
        return Err(Error::Form(vec![Wrong { field: "user".to_owned(), code: "not_one_of_these" }]));
    }
    if referral.assigned_to != form.user {
        store::assign(&mut tx, id, form.user).await?;
        referral.assigned_to = form.user;
        let audience = around::audience(&mut tx, &referral).await?;
        let mut entry = entry_of(&referral, by, Some(who.acting), "referral.assign");
        entry.payload["assignee"] = json!(form.user);
        journal::append(&mut tx, entry, &audience).await?;
    }
    let shown = view::whole(ctx, &mut tx, &eyes, &referral).await?;
    tx.commit().await?;
    info!(referral.id = %id, facility.id = %who.acting, "Referral {id} assigned");
    Ok((referral.version, shown))
}

/// Enters how the patient travels. Either side may, from the sending to the arrival.
///
/// # Errors
/// `Stale` if the record was changed meanwhile; `Shut` once the patient is there.
pub async fn transport(
    ctx: &Ctx,
    who: &Principal,
    (id, seen): (ReferralId, i64),
    form: TransportForm,
) -> Result<(i64, Value), Error> {
    let by = By { user: Some(who.user), at: ctx.clock.now() };
    let mut tx = ctx.db.write("referral.transport").await?;
    let (before, eyes) = opened(ctx, &mut tx, who, id).await?;
    let parts = [Actor::Requester, Actor::RequesterAdmin, Actor::TargetDoctor, Actor::TargetDesk];
    if !plays(&eyes, &parts) {
        return Err(Error::Denied);
    }
    if before.version != seen {
        return Err(stale(&mut tx, &before, &eyes).await?);
    }
    let travels = matches!(
        before.state,
        State::Submitted
            | State::MoreInfo
            | State::Accepted
            | State::Scheduled
            | State::NoShow
            | State::Arrived
    );
    if !travels {
        return Err(Error::Shut { why: "is_no_journey", open: eyes.open(&before) });
    }
    let mut after = before.clone();
    after.transport_state = form.state.unwrap_or_else(|| how_far(&form, by.at));
    after.letter.transport = Some(Transport {
        mode: form.mode,
        crew: form.crew,
        plate: form.plate,
        phone: form.phone,
        depart_at: form.depart_at,
        eta: form.eta,
        arrive_at: form.arrive_at,
        handover_by: form.handover_by,
    });
    after.last = Last { action: None, by: by.user, at: by.at };
    records::save(&mut tx, ctx, &after, seen).await?;
    after.version += 1;
    let audience = around::audience(&mut tx, &after).await?;
    let mut entry = entry_of(&after, by, Some(who.acting), "referral.transport");
    entry.payload["transport"] = json!(after.transport_state);
    journal::append(&mut tx, entry, &audience).await?;
    let shown = view::whole(ctx, &mut tx, &eyes, &after).await?;
    tx.commit().await?;
    info!(referral.id = %id, facility.id = %who.acting, "Transport of referral {id} entered");
    Ok((after.version, shown))
}

/// How far a journey is by what is known of it.
fn how_far(form: &TransportForm, now: Timestamp) -> TransportState {
    if form.mode == TransportMode::Self_ {
        return TransportState::None;
    }
    if form.arrive_at.is_some() || form.handover_by.is_some() {
        TransportState::HandedOver
    } else if form.depart_at.is_some_and(|at| at <= now) {
        TransportState::EnRoute
    } else if form.plate.is_some() || form.crew.is_some() || form.phone.is_some() || form.eta.is_some() {
        TransportState::Arranged
    } else {
        TransportState::ToArrange
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journey_is_as_far_as_what_is_known_of_it() {
        let now = Timestamp::from_millis(1_000_000);
        let form = |json: &str| serde_json::from_str::<TransportForm>(json).expect("a form");

        let far = |json| how_far(&form(json), now);

        assert_eq!(far(r#"{"mode":"self"}"#), TransportState::None);
        assert_eq!(far(r#"{"mode":"ambulance_120"}"#), TransportState::ToArrange);
        assert_eq!(far(r#"{"mode":"ambulance_own","plate":"A-0001"}"#), TransportState::Arranged);
        let left = r#"{"mode":"ambulance_own","depart_at":"1970-01-01T00:16:00Z"}"#;
        assert_eq!(far(left), TransportState::EnRoute);
        let there = r#"{"mode":"ambulance_own","handover_by":"Nurse Song"}"#;
        assert_eq!(far(there), TransportState::HandedOver);
    }
}
