//! Addresses as rows; address and secrets are sealed. Messages are next door.

mod messages;

use std::collections::BTreeMap;

pub use messages::{
    Happened, claim, deliveries, delivery, give_up, happened, hooks_due, let_go, read_on, read_to, replay,
    send, tried,
};

use super::model::{Address, Hook, HookEvent, HookView};
use crate::{
    auth::FacilityName,
    ctx::Ctx,
    kernel::{FacilityId, HookId, Timestamp, UserId},
    store::{Query, Result, Row, StoreError, WriteTx, args},
};

fn place(column: &str, id: HookId) -> String {
    format!("hooks/{column}/{id}")
}

fn opened(ctx: &Ctx, column: &str, id: HookId, sealed: &[u8]) -> Result<Vec<u8>> {
    let broken = |_| StoreError::Broken { column: format!("hooks.{column}"), why: "does not open".into() };
    ctx.vault.open(&place(column, id), sealed).map_err(broken)
}

/// Keeps a new address.
pub async fn add(ctx: &Ctx, tx: &mut WriteTx, hook: &Hook, by: UserId) -> Result<()> {
    let seal = |column: &str, plain: &[u8]| ctx.vault.seal(&place(column, hook.id), plain, &*ctx.dice);
    tx.execute(
        "INSERT INTO hooks (id, facility_id, url, url_term, events, secret, standing, version, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9)",
        args![
            hook.id,
            hook.facility,
            seal("url", hook.url.as_bytes()),
            ctx.vault.term("hook", &hook.url),
            words(&hook.events),
            seal("secret", &hook.secret),
            hook.standing.word(),
            hook.created_at,
            by
        ],
    )
    .await?;
    Ok(())
}

/// Writes what may change, over version `seen`; false if it is another one now.
pub async fn save(ctx: &Ctx, tx: &mut WriteTx, hook: &Hook, seen: i64) -> Result<bool> {
    let seal = |column: &str, plain: &[u8]| ctx.vault.seal(&place(column, hook.id), plain, &*ctx.dice);
    let (old, until) = match &hook.old_secret {
        Some((old, until)) => (Some(seal("old_secret", old)), Some(*until)),
        None => (None, None),
    };
    let changed = tx
        .execute(
            "UPDATE hooks
                SET url = $3, url_term = $4, events = $5, secret = $6, old_secret = $7, old_until = $8,
                    standing = $9, version = version + 1
              WHERE id = $1
                AND version = $2",
            args![
                hook.id,
                seen,
                seal("url", hook.url.as_bytes()),
                ctx.vault.term("hook", &hook.url),
                words(&hook.events),
                seal("secret", &hook.secret),
                old,
                until,
                hook.standing.word()
            ],
        )
        .await?;
    Ok(changed == 1)
}

fn words(events: &[HookEvent]) -> String {
    events.iter().map(|event| event.word()).collect::<Vec<_>>().join(" ")
}

/// True if the facility has this address already, `but` aside.
pub async fn is_there(ctx: &Ctx, tx: &mut impl Query, hook: &Hook, but: Option<HookId>) -> Result<bool> {
    let rows = tx
        .fetch_all(
            "SELECT id FROM hooks WHERE facility_id = $1 AND url_term = $2 AND standing <> 'removed'",
            args![hook.facility, ctx.vault.term("hook", &hook.url)],
        )
        .await?;
    for row in &rows {
        if Some(row.get::<HookId>("id")?) != but {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Every address that was not removed.
pub async fn all(ctx: &Ctx, tx: &mut impl Query) -> Result<Vec<Hook>> {
    let rows = tx
        .fetch_all(
            "SELECT id, facility_id, url, events, secret, old_secret, old_until, standing, version, created_at
               FROM hooks
              WHERE standing <> 'removed'
              ORDER BY created_at, id",
            args![],
        )
        .await?;
    rows.iter().map(|row| hook(ctx, row)).collect()
}

/// One address that was not removed.
pub async fn one(ctx: &Ctx, tx: &mut impl Query, id: HookId) -> Result<Option<Hook>> {
    let row = tx
        .fetch_optional(
            "SELECT id, facility_id, url, events, secret, old_secret, old_until, standing, version, created_at
               FROM hooks
              WHERE id = $1
                AND standing <> 'removed'",
            args![id],
        )
        .await?;
    row.as_ref().map(|row| hook(ctx, row)).transpose()
}

fn hook(ctx: &Ctx, row: &Row) -> Result<Hook> {
    let id: HookId = row.get("id")?;
    let url = opened(ctx, "url", id, &row.get::<Vec<u8>>("url")?)?;
    let events: String = row.get("events")?;
    let old_secret = match (row.get::<Option<Vec<u8>>>("old_secret")?, row.get("old_until")?) {
        (Some(old), Some(until)) => Some((opened(ctx, "old_secret", id, &old)?, until)),
        _ => None,
    };
    Ok(Hook {
        id,
        facility: row.get("facility_id")?,
        url: String::from_utf8_lossy(&url).into_owned(),
        events: events.split(' ').filter_map(|word| word.parse().ok()).collect(),
        secret: opened(ctx, "secret", id, &row.get::<Vec<u8>>("secret")?)?,
        old_secret,
        standing: row.parse("standing")?,
        version: row.get("version")?,
        created_at: row.get("created_at")?,
    })
}

/// Which addresses are told of `event` at a facility: enough to make their messages.
pub async fn listening(tx: &mut impl Query) -> Result<Vec<(HookId, FacilityId, Vec<HookEvent>, Timestamp)>> {
    let rows = tx
        .fetch_all(
            "SELECT id, facility_id, events, created_at FROM hooks WHERE standing <> 'removed' ORDER BY id",
            args![],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let events: String = row.get("events")?;
            let events = events.split(' ').filter_map(|word| word.parse().ok()).collect();
            Ok((row.get("id")?, row.get("facility_id")?, events, row.get("created_at")?))
        })
        .collect()
}

/// How the messages of each address stand: waiting, dead, and when one last arrived.
pub async fn sums(tx: &mut impl Query) -> Result<BTreeMap<HookId, (i64, i64, Option<Timestamp>)>> {
    let rows = tx
        .fetch_all(
            "SELECT h.id AS hook_id,
                    (SELECT count(*) FROM hook_deliveries d
                      WHERE d.hook_id = h.id AND d.state = 'waiting') AS waiting,
                    (SELECT count(*) FROM hook_deliveries d
                      WHERE d.hook_id = h.id AND d.state = 'dead') AS dead,
                    (SELECT max(d.done_at) FROM hook_deliveries d
                      WHERE d.hook_id = h.id AND d.state = 'delivered') AS delivered_at
               FROM hooks h",
            args![],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok((row.get("hook_id")?, (row.get("waiting")?, row.get("dead")?, row.get("delivered_at")?)))
        })
        .collect()
}

/// As its administrator sees it.
pub fn view(
    hook: Hook,
    facility: FacilityName,
    (waiting, dead, delivered_at): (i64, i64, Option<Timestamp>),
    now: Timestamp,
) -> HookView {
    HookView {
        id: hook.id,
        facility,
        url: hook.url,
        events: hook.events,
        standing: hook.standing,
        old_secret_until: hook.old_secret.map(|(_, until)| until).filter(|until| *until > now),
        waiting,
        dead,
        delivered_at,
        created_at: hook.created_at,
        version: hook.version,
    }
}

/// The address behind a parcel, ready to be called, and what signs.
pub async fn destination(
    ctx: &Ctx,
    tx: &mut impl Query,
    id: HookId,
) -> Result<Option<(Option<Address>, Hook)>> {
    Ok(one(ctx, tx, id).await?.map(|hook| (Address::read(&hook.url), hook)))
}
