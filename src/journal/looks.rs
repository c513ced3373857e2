//! Looks at lists: who was shown which records without opening one.
//!
//! A page of a desk shows twenty patients at a glance, so a look is told to the journal as a
//! single read is: who, which list, by what kinds it was narrowed (never by what words), how
//! many records and which. A screen asks for its list again whenever something moves; the same
//! person seeing the same records in the same list again within a minute is one look.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::{Actor, Entity, Entry, append};
use crate::{
    ctx::Ctx,
    kernel::{FacilityId, Timestamp, UserId},
    store::{Query, Result, args},
};

/// How long the same look is the same look.
const ONE_LOOK: Duration = Duration::from_secs(60);

/// One look at a list.
#[derive(Debug)]
pub struct Look {
    /// Who looked.
    pub user: UserId,
    /// For which facility.
    pub facility: FacilityId,
    /// At which list.
    pub list: &'static str,
    /// What the journal calls it, such as `referral.list`.
    pub action: &'static str,
    /// By what it was narrowed: codes, ids, and that something was typed, never what.
    pub narrowed: Value,
    /// The ids of the records on the page.
    pub shown: Vec<String>,
}

/// Tells the journal of a look, unless it was told of the same one a moment ago. What was read
/// is handed out only after this.
pub async fn looked(ctx: &Ctx, look: Look) -> Result<()> {
    let at = ctx.clock.now();
    let list = format!("{} {}", look.list, look.narrowed);
    let mark = mark_of(&look.shown);
    if was_told(&mut ctx.db.read().await?, look.user, &list, &mark, at).await? {
        return Ok(());
    }
    let mut tx = ctx.db.write(look.action).await?;
    tx.execute(
        "INSERT INTO list_looks (user_id, list, mark, at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (user_id, list) DO UPDATE SET mark = excluded.mark, at = excluded.at",
        args![look.user, list, mark, at],
    )
    .await?;
    let entry =
        Entry::new(at, Actor::User(look.user), Some(look.facility), Entity::List(look.list), look.action)
            .with(json!({ "by": look.narrowed, "found": look.shown.len(), "shown": look.shown }));
    append(&mut tx, entry, &[]).await?;
    tx.commit().await
}

async fn was_told(tx: &mut impl Query, user: UserId, list: &str, mark: &str, now: Timestamp) -> Result<bool> {
    let told = tx
        .fetch_optional(
            "SELECT at FROM list_looks WHERE user_id = $1 AND list = $2 AND mark = $3 AND at > $4",
            args![user, list, mark, now.minus(ONE_LOOK)],
        )
        .await?;
    Ok(told.is_some())
}

fn mark_of(shown: &[String]) -> String {
    let hash = digest(&SHA256, shown.join("\n").as_bytes());
    hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
