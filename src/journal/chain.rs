//! The hash chain: an entry that is changed, taken out or put in later shows.
//!
//! `hash(n) = SHA-256(0x01 ‖ hash(n-1) ‖ fields of entry n)`, every field with its length
//! before it, so that no two entries have the same bytes. Rows are written by the business
//! transaction and linked by the sealer within a second, which keeps the chain off the
//! path of those who wait for an answer.

use aws_lc_rs::digest::{Context, SHA256};

use crate::store::{Db, Query, Result, Row, args};

/// What stands before the first entry.
const GENESIS: [u8; 32] = [0; 32];

/// Links up to `limit` entries that have no hash yet; says how many.
pub async fn seal_some(db: &Db, limit: i64) -> Result<usize> {
    let mut tx = db.write_quiet("journal.seal").await?;
    let rows = tx
        .fetch_all(
            "SELECT seq, at, actor, facility_id, entity_type, entity_id, action,
                    from_state, to_state, reason_code, payload, request_id
               FROM journal
              WHERE hash IS NULL
              ORDER BY seq
              LIMIT $1",
            args![limit],
        )
        .await?;
    let Some(first) = rows.first() else { return Ok(0) };
    let before: i64 = first.get::<i64>("seq")? - 1;
    let mut prev = match tx.fetch_optional("SELECT hash FROM journal WHERE seq = $1", args![before]).await? {
        Some(row) => row.get::<Vec<u8>>("hash")?,
        None => GENESIS.to_vec(),
    };
    for row in &rows {
        let hash = link(&prev, row)?;
        tx.execute(
            "UPDATE journal SET prev_hash = $1, hash = $2 WHERE seq = $3 AND hash IS NULL",
            args![prev, hash, row.get::<i64>("seq")?],
        )
        .await?;
        prev = hash;
    }
    tx.commit().await?;
    Ok(rows.len())
}

fn link(prev: &[u8], row: &Row) -> Result<Vec<u8>> {
    let mut context = Context::new(&SHA256);
    context.update(&[1]);
    context.update(prev);
    for number in ["seq", "at"] {
        context.update(&row.get::<i64>(number)?.to_be_bytes());
    }
    for text in [
        "actor",
        "facility_id",
        "entity_type",
        "entity_id",
        "action",
        "from_state",
        "to_state",
        "reason_code",
        "payload",
        "request_id",
    ] {
        match row.get::<Option<String>>(text)? {
            None => context.update(&[0]),
            Some(text) => {
                context.update(&[1]);
                context.update(&(text.len() as u64).to_be_bytes());
                context.update(text.as_bytes());
            }
        }
    }
    Ok(context.finish().as_ref().to_vec())
}
