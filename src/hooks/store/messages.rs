//! Messages as rows: on their way, claimed for a try, delivered or dead; and how far the journal was read.

use std::time::Duration;

use super::super::model::{DeliveryState, DeliveryTrouble, DeliveryView, HookEvent, Parcel, TryView};
use crate::{
    kernel::{DeliveryId, FacilityId, HookId, Timestamp},
    store::{Query, Result, Row, WriteTx, args},
};

/// A node that dies over a try is taken over from after this long; no try lasts so long.
pub const HELD: Duration = Duration::from_secs(12);

/// The most tries of one message that are shown.
const SHOWN: usize = 20;

/// Puts a message on its way. False if this address was told of this entry before.
pub async fn send(
    tx: &mut WriteTx,
    id: DeliveryId,
    (hook, event, seq): (HookId, HookEvent, Option<i64>),
    body: &str,
    now: Timestamp,
) -> Result<bool> {
    let made = tx
        .execute(
            "INSERT INTO hook_deliveries (id, hook_id, event, journal_seq, body, state, next_at, created_at)
             VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $6)
                 ON CONFLICT (hook_id, journal_seq) DO NOTHING",
            args![id, hook, event.word(), seq, body, now],
        )
        .await?;
    Ok(made == 1)
}

/// Sends a message on its way once more; false if it waits already or is none of this address's.
pub async fn replay(tx: &mut WriteTx, hook: HookId, id: DeliveryId, now: Timestamp) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE hook_deliveries
                SET state = 'waiting', round = 0, next_at = $3, held_until = 0, done_at = NULL
              WHERE id = $1
                AND hook_id = $2
                AND state <> 'waiting'",
            args![id, hook, now],
        )
        .await?;
    Ok(changed == 1)
}

/// Gives up what is on its way to an address that is no more.
pub async fn give_up(tx: &mut WriteTx, hook: HookId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE hook_deliveries SET state = 'dead', done_at = $2 WHERE hook_id = $1 AND state = 'waiting'",
        args![hook, now],
    )
    .await?;
    Ok(())
}

/// The addresses for which something is due.
pub async fn hooks_due(tx: &mut impl Query, now: Timestamp) -> Result<Vec<HookId>> {
    let rows = tx
        .fetch_all(
            "SELECT h.id AS hook_id
               FROM hooks h
              WHERE h.standing = 'active'
                AND EXISTS (SELECT 1 FROM hook_deliveries d
                             WHERE d.hook_id = h.id
                               AND d.state = 'waiting'
                               AND d.next_at <= $1
                               AND d.held_until <= $1)",
            args![now],
        )
        .await?;
    rows.iter().map(|row| row.get("hook_id")).collect()
}

/// Takes what is due for one address, oldest first, so that no other node does.
pub async fn claim(tx: &mut WriteTx, hook: HookId, most: i64, now: Timestamp) -> Result<Vec<Parcel>> {
    let rows = tx
        .fetch_all(
            "SELECT id, body, tries, round
               FROM hook_deliveries
              WHERE hook_id = $1
                AND state = 'waiting'
                AND next_at <= $2
                AND held_until <= $2
              ORDER BY next_at, id
              LIMIT $3",
            args![hook, now, most],
        )
        .await?;
    let mut claimed = Vec::new();
    for row in &rows {
        let id: DeliveryId = row.get("id")?;
        let mine = tx
            .execute(
                "UPDATE hook_deliveries
                    SET held_until = $2, tries = tries + 1, round = round + 1
                  WHERE id = $1
                    AND state = 'waiting'
                    AND held_until <= $3",
                args![id, now.plus(HELD), now],
            )
            .await?;
        if mine == 1 {
            let (tries, round): (i64, i64) = (row.get("tries")?, row.get("round")?);
            claimed.push(Parcel { id, hook, body: row.get("body")?, tries: tries + 1, round: round + 1 });
        }
    }
    Ok(claimed)
}

/// Writes down what came of a try, and what becomes of the message.
pub async fn tried(
    tx: &mut WriteTx,
    parcel: &Parcel,
    (at, took): (Timestamp, Duration),
    (status, trouble): (Option<i64>, Option<DeliveryTrouble>),
    (state, next_at): (DeliveryState, Timestamp),
) -> Result<()> {
    tx.execute(
        "INSERT INTO hook_tries (delivery_id, n, at, took_ms, status, fault) VALUES ($1, $2, $3, $4, $5, $6)",
        args![
            parcel.id,
            parcel.tries,
            at,
            i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
            status,
            trouble.map(|trouble| trouble.word().to_owned())
        ],
    )
    .await?;
    let done_at = (state != DeliveryState::Waiting).then_some(at);
    tx.execute(
        "UPDATE hook_deliveries
            SET state = $2, next_at = $3, held_until = 0, done_at = $4
          WHERE id = $1
            AND state = 'waiting'",
        args![parcel.id, state.word(), next_at, done_at],
    )
    .await?;
    Ok(())
}

/// Lets go up to `most` messages that were done before `moment`, with their tries; says how many.
pub async fn let_go(tx: &mut WriteTx, moment: Timestamp, most: i64) -> Result<u64> {
    let rows = tx
        .fetch_all(
            "SELECT id
               FROM hook_deliveries
              WHERE state <> 'waiting'
                AND done_at < $1
              ORDER BY done_at
              LIMIT $2",
            args![moment, most],
        )
        .await?;
    let mut gone = 0;
    for row in &rows {
        let id: DeliveryId = row.get("id")?;
        tx.execute("DELETE FROM hook_tries WHERE delivery_id = $1", args![id]).await?;
        gone += tx.execute("DELETE FROM hook_deliveries WHERE id = $1", args![id]).await?;
    }
    Ok(gone)
}

/// The messages of an address, newest first, from after `after`.
pub async fn deliveries(
    tx: &mut impl Query,
    hook: HookId,
    after: Option<DeliveryId>,
    most: i64,
) -> Result<Vec<DeliveryView>> {
    let rows = tx
        .fetch_all(
            "SELECT id, event, body, state, tries, next_at, created_at
               FROM hook_deliveries
              WHERE hook_id = $1
                AND ($2 = '' OR id < $2)
              ORDER BY id DESC
              LIMIT $3",
            args![hook, after.map(|id| id.to_string()).unwrap_or_default(), most],
        )
        .await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in &rows {
        all.push(shown(tx, row).await?);
    }
    Ok(all)
}

/// One message of an address.
pub async fn delivery(tx: &mut impl Query, hook: HookId, id: DeliveryId) -> Result<Option<DeliveryView>> {
    let row = tx
        .fetch_optional(
            "SELECT id, event, body, state, tries, next_at, created_at
               FROM hook_deliveries
              WHERE id = $1
                AND hook_id = $2",
            args![id, hook],
        )
        .await?;
    match row {
        Some(row) => shown(tx, &row).await.map(Some),
        None => Ok(None),
    }
}

async fn shown(tx: &mut impl Query, row: &Row) -> Result<DeliveryView> {
    let id: DeliveryId = row.get("id")?;
    Ok(DeliveryView {
        id,
        event: row.parse("event")?,
        body: row.get("body")?,
        state: row.parse("state")?,
        tries: row.get("tries")?,
        next_at: row.get("next_at")?,
        created_at: row.get("created_at")?,
        log: tries(tx, id).await?,
    })
}

async fn tries(tx: &mut impl Query, id: DeliveryId) -> Result<Vec<TryView>> {
    let rows = tx
        .fetch_all(
            "SELECT n, at, took_ms, status, fault FROM hook_tries WHERE delivery_id = $1 ORDER BY n DESC",
            args![id],
        )
        .await?;
    rows.iter()
        .take(SHOWN)
        .map(|row| {
            Ok(TryView {
                n: row.get("n")?,
                at: row.get("at")?,
                took_ms: row.get("took_ms")?,
                status: row.get("status")?,
                trouble: row.parse_opt("fault")?,
            })
        })
        .collect()
}

/// How far the journal was read.
pub async fn read_to(tx: &mut impl Query) -> Result<i64> {
    tx.fetch_one("SELECT seq FROM hook_reader WHERE name = 'journal'", args![]).await?.get("seq")
}

/// Moves the mark from `seen` to `to`; false if another node did.
pub async fn read_on(tx: &mut WriteTx, seen: i64, to: i64) -> Result<bool> {
    let moved = tx
        .execute("UPDATE hook_reader SET seq = $2 WHERE name = 'journal' AND seq = $1", args![seen, to])
        .await?;
    Ok(moved == 1)
}

/// An entry that others may have to be told of.
#[derive(Debug, Clone)]
pub struct Happened {
    /// Its place in the journal.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// `consult` or `referral`.
    pub kind: String,
    /// Which one.
    pub id: String,
    /// What else the entry says.
    pub payload: serde_json::Value,
    /// The record's number.
    pub no: String,
    /// The facility that is asked.
    pub to_facility: FacilityId,
    /// The department that is asked.
    pub to_department: String,
    /// How urgent it is.
    pub urgency: String,
}

/// The rings and sendings between two places in the journal, at most `most`.
pub async fn happened(tx: &mut impl Query, after: i64, upto: i64, most: i64) -> Result<Vec<Happened>> {
    let rows = tx
        .fetch_all(
            "SELECT j.seq, j.at, j.entity_type, j.entity_id, j.payload,
                    c.no AS c_no, c.to_facility AS c_facility, c.to_department AS c_department, c.urgency AS c_urgency,
                    r.no AS r_no, r.to_facility AS r_facility, r.to_department AS r_department, r.urgency AS r_urgency
               FROM journal j
               LEFT JOIN consults c ON j.entity_type = 'consult' AND c.id = j.entity_id
               LEFT JOIN referrals r ON j.entity_type = 'referral' AND r.id = j.entity_id
              WHERE j.seq > $1
                AND j.seq <= $2
                AND j.action IN ('consult.route_ring', 'consult.offer', 'consult.ring_next', 'consult.decline',
                                 'consult.forward', 'referral.submit', 'referral.resubmit', 'referral.redirect',
                                 'referral.redirect_by_sender', 'referral.redirect_after_reject')
              ORDER BY j.seq
              LIMIT $3",
            args![after, upto, most],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let kind: String = row.get("entity_type")?;
            let of = |name: &str| format!("{}_{name}", if kind == "consult" { "c" } else { "r" });
            Ok(Happened {
                seq: row.get("seq")?,
                at: row.get("at")?,
                id: row.get("entity_id")?,
                payload: row.json("payload")?,
                no: row.get(&of("no"))?,
                to_facility: row.get(&of("facility"))?,
                to_department: row.get(&of("department"))?,
                urgency: row.get(&of("urgency"))?,
                kind,
            })
        })
        .collect()
}
