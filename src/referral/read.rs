//! Looking at a referral: what was looked at is journaled.

use serde_json::{Value, json};

use super::{
    commands::{entry_of, opened},
    error::Error,
    moves::By,
    view,
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    directory::{Mentioned, Names},
    journal::{self, Entity, Told},
    kernel::{Page, PageAsk, ReferralId, UserId},
};

/// Looking is in the journal for the auditor; in a record's history it would bury what was done.
pub(super) const LOOKED: &str = "referral.read";

/// The record, for these eyes.
///
/// # Errors
/// `NotFound` to a stranger, `Denied` to those who read no records.
pub async fn show(ctx: &Ctx, who: &Principal, id: ReferralId) -> Result<(i64, Value), Error> {
    let mut tx = ctx.db.write("referral.read").await?;
    let (referral, eyes) = opened(ctx, &mut tx, who, id).await?;
    let shown = view::whole(ctx, &mut tx, &eyes, &referral).await?;
    let by = By { user: Some(who.user), at: ctx.clock.now() };
    journal::append(&mut tx, entry_of(&referral, by, Some(who.acting), LOOKED), &[]).await?;
    tx.commit().await?;
    Ok((referral.version, shown))
}

/// A page of what happened to it, oldest first.
///
/// # Errors
/// As for [`show`].
pub async fn history(
    ctx: &Ctx,
    who: &Principal,
    id: ReferralId,
    ask: &PageAsk<i64>,
) -> Result<Page<Value>, Error> {
    let mut tx = ctx.db.read().await?;
    let (referral, eyes) = opened(ctx, &mut tx, who, id).await?;
    let page = journal::history(&mut tx, &Entity::Referral(referral.id), Told::AllBut(LOOKED), ask).await?;
    let people = page.items.iter().filter_map(|line| line.actor.parse().ok()).collect();
    let names = Names::of(&mut tx, Mentioned { people, ..Mentioned::default() }).await?;
    let mut shown = Vec::new();
    for line in &page.items {
        let written_before_sent = referral.submitted_at.is_none_or(|sent| line.at < sent);
        if !eyes.reaches(line.at) || (written_before_sent && !eyes.is_sender()) {
            continue;
        }
        let actor = line.actor.parse::<UserId>().ok();
        shown.push(json!({
            "seq": line.seq,
            "at": line.at,
            "action": line.action,
            "actor": actor.and_then(|user| names.person(user)),
            "from_state": line.from_state,
            "to_state": line.to_state,
            "reason_code": line.reason_code,
            "payload": line.payload,
        }));
    }
    Ok(page.with(shown))
}
