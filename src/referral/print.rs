//! A referral for paper: the whole of it, for those who read the whole of it.

use serde_json::{Value, json};

use super::{
    around,
    commands::{entry_of, opened},
    error::Error,
    model::{Leg, Referral},
    moves::By,
    read::LOOKED,
    state::State,
    store,
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    journal,
    kernel::ReferralId,
    store::{Query, Result as Stored, WriteTx},
};

/// A referral with what a letter says besides.
#[derive(Debug)]
pub struct Written {
    /// The letter.
    pub referral: Referral,
    /// The patient: frozen when it was sent, else as he is now.
    pub patient: Value,
    /// The letter it answers or continues.
    pub parent: Option<Referral>,
    /// The letter of the way back, once it was sent.
    pub way_back: Option<ReferralId>,
}

/// The referral, opened by `who` to be printed as `paper`; the reading is journaled.
///
/// # Errors
/// `NotFound` to a stranger, `Denied` to those who see its head only or held it once.
pub async fn printed_by(
    ctx: &Ctx,
    tx: &mut WriteTx,
    who: &Principal,
    id: ReferralId,
    paper: &'static str,
) -> Result<Written, Error> {
    let (referral, eyes) = opened(ctx, tx, who, id).await?;
    if eyes.sees_head_only() || eyes.held_until.is_some() {
        return Err(Error::Denied);
    }
    let by = By { user: Some(who.user), at: ctx.clock.now() };
    let entry = entry_of(&referral, by, Some(who.acting), LOOKED);
    journal::append(tx, entry.with(json!({ "paper": paper })), &[]).await?;
    Ok(with_the_rest(ctx, tx, referral).await?)
}

/// The referral as it would be printed now, for whoever checks a paper against it.
pub async fn as_written(ctx: &Ctx, tx: &mut impl Query, id: ReferralId) -> Stored<Option<Written>> {
    match store::load(tx, ctx, id).await? {
        Some(referral) => with_the_rest(ctx, tx, referral).await.map(Some),
        None => Ok(None),
    }
}

/// True if the consent was taken back, or the letter itself.
pub async fn is_withdrawn(tx: &mut impl Query, referral: &Referral) -> Stored<bool> {
    if matches!(referral.state, State::Cancelled | State::EnteredInError | State::Expired) {
        return Ok(true);
    }
    crate::consents::was_withdrawn(tx, crate::consents::Subject::Referral(referral.id)).await
}

/// The stretch on which the patient was treated, for the letter back.
pub async fn stay(ctx: &Ctx, tx: &mut impl Query, id: ReferralId) -> Stored<Option<Leg>> {
    Ok(store::legs(tx, ctx, id).await?.into_iter().rev().find(|leg| leg.arrived_at.is_some()))
}

async fn with_the_rest(ctx: &Ctx, tx: &mut impl Query, referral: Referral) -> Stored<Written> {
    let patient = match &referral.snapshot {
        Some(frozen) => frozen.clone(),
        None => around::snapshot(ctx, tx, referral.patient).await?,
    };
    let parent = match referral.parent {
        Some(parent) => store::load(tx, ctx, parent).await?,
        None => None,
    };
    let chain = store::chain(tx, ctx, referral.chain).await?;
    let way_back = chain
        .iter()
        .find(|other| other.parent == Some(referral.id) && other.is_return && other.submitted_at.is_some())
        .map(|other| other.id);
    Ok(Written { referral, patient, parent, way_back })
}
