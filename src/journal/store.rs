//! The journal's rows: appended inside the caller's transaction, read by cursor.

use super::model::{Entity, Entry, HistoryLine, Letter, Recorded};
use crate::{
    kernel::{Page, PageAsk, UserId},
    store::{Query, Result, Row, WriteTx, args},
};

/// Writes `entry` and puts it into the inbox of everyone in `audience`, once each.
/// Takes the journal's counter, which other writers then wait for: call it last.
/// Returns the entry's number.
pub async fn append(tx: &mut WriteTx, entry: Entry, audience: &[UserId]) -> Result<i64> {
    let seq = tx.next_number("journal").await?;
    tx.execute(
        "INSERT INTO journal (seq, at, actor, facility_id, entity_type, entity_id, action,
                              from_state, to_state, reason_code, payload, request_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        args![
            seq,
            entry.at,
            entry.actor.to_string(),
            entry.facility,
            entry.entity.kind(),
            entry.entity.id(),
            entry.action,
            entry.from_state.map(str::to_owned),
            entry.to_state.map(str::to_owned),
            entry.reason_code,
            entry.payload.to_string(),
            entry.request_id
        ],
    )
    .await?;
    let mut people = audience.to_vec();
    people.sort_unstable();
    people.dedup();
    for user in people {
        tx.execute(
            "INSERT INTO inbox_heads (user_id, n) VALUES ($1, 1)
                 ON CONFLICT (user_id) DO UPDATE SET n = inbox_heads.n + 1",
            args![user],
        )
        .await?;
        tx.execute(
            "INSERT INTO inbox (user_id, n, journal_seq)
             SELECT user_id, n, $2 FROM inbox_heads WHERE user_id = $1",
            args![user, seq],
        )
        .await?;
    }
    tx.journaled(seq);
    Ok(seq)
}

/// Which entries of a record's journal are its history.
#[derive(Debug, Clone, Copy)]
pub enum Told {
    /// Steps of its workflow.
    Steps,
    /// All but one action, which is for the auditor.
    AllBut(&'static str),
}

/// A page of what happened to one record, oldest first.
pub async fn history(
    tx: &mut impl Query,
    entity: &Entity,
    told: Told,
    ask: &PageAsk<i64>,
) -> Result<Page<HistoryLine>> {
    let (steps_only, but) = match told {
        Told::Steps => (1, ""),
        Told::AllBut(action) => (0, action),
    };
    let rows = tx
        .fetch_all(
            "SELECT seq, at, actor, action, from_state, to_state, reason_code, payload
               FROM journal
              WHERE entity_type = $1
                AND entity_id = $2
                AND seq > $3
                AND action <> $4
                AND ($5 = 0 OR to_state IS NOT NULL)
              ORDER BY seq
              LIMIT $6",
            args![entity.kind(), entity.id(), ask.after.unwrap_or(0), but, steps_only, ask.one_more()],
        )
        .await?;
    let lines = rows.iter().map(line).collect::<Result<Vec<_>>>()?;
    Ok(Page::cut(lines, ask, |line| line.seq))
}

/// The number of the newest letter in a person's inbox; 0 if there is none.
pub async fn head_of(tx: &mut impl Query, user: UserId) -> Result<i64> {
    let row = tx.fetch_optional("SELECT n FROM inbox_heads WHERE user_id = $1", args![user]).await?;
    row.map_or(Ok(0), |row| row.get("n"))
}

/// The letters of one person after number `n`, oldest first, at most `limit`.
pub async fn letters_after(tx: &mut impl Query, user: UserId, n: i64, limit: i64) -> Result<Vec<Letter>> {
    let rows = tx
        .fetch_all(
            "SELECT i.user_id, i.n, j.seq, j.at, j.actor, j.entity_type, j.entity_id, j.action,
                    j.from_state, j.to_state, j.reason_code, j.payload
               FROM inbox i
               JOIN journal j ON j.seq = i.journal_seq
              WHERE i.user_id = $1
                AND i.n > $2
              ORDER BY i.n
              LIMIT $3",
            args![user, n, limit],
        )
        .await?;
    rows.iter().map(letter).collect()
}

/// Everybody's letters after entry `seq`, in the order of the journal, at most `limit`.
pub async fn letters_since(tx: &mut impl Query, seq: i64, limit: i64) -> Result<Vec<Letter>> {
    let rows = tx
        .fetch_all(
            "SELECT i.user_id, i.n, j.seq, j.at, j.actor, j.entity_type, j.entity_id, j.action,
                    j.from_state, j.to_state, j.reason_code, j.payload
               FROM inbox i
               JOIN journal j ON j.seq = i.journal_seq
              WHERE i.journal_seq > $1
              ORDER BY i.journal_seq, i.user_id
              LIMIT $2",
            args![seq, limit],
        )
        .await?;
    rows.iter().map(letter).collect()
}

fn letter(row: &Row) -> Result<Letter> {
    Ok(Letter {
        to: row.get("user_id")?,
        n: row.get("n")?,
        entity_type: row.get("entity_type")?,
        entity_id: row.get("entity_id")?,
        line: line(row)?,
    })
}

fn line(row: &Row) -> Result<HistoryLine> {
    Ok(HistoryLine {
        seq: row.get("seq")?,
        at: row.get("at")?,
        actor: row.get("actor")?,
        action: row.get("action")?,
        from_state: row.get("from_state")?,
        to_state: row.get("to_state")?,
        reason_code: row.get("reason_code")?,
        payload: row.json("payload")?,
    })
}

/// The number of the newest entry; 0 if there is none.
pub async fn newest(tx: &mut impl Query) -> Result<i64> {
    let row = tx.fetch_optional("SELECT n FROM counters WHERE name = 'journal'", args![]).await?;
    row.map_or(Ok(0), |row| row.get("n"))
}

/// The accounts that entries after `after`, up to `upto`, are about: signed in, signed out, changed.
pub async fn accounts_since(tx: &mut impl Query, after: i64, upto: i64) -> Result<Vec<UserId>> {
    let rows = tx
        .fetch_all(
            "SELECT DISTINCT entity_id FROM journal WHERE entity_type = 'user' AND seq > $1 AND seq <= $2",
            args![after, upto],
        )
        .await?;
    rows.iter().map(|row| row.get("entity_id")).collect()
}

/// The entries after entry `seq`, in order, at most `limit`.
pub async fn entries_after(tx: &mut impl Query, seq: i64, limit: i64) -> Result<Vec<Recorded>> {
    let rows = tx
        .fetch_all(
            "SELECT seq, at, actor, facility_id, entity_type, entity_id, action, from_state, to_state,
                    reason_code, payload
               FROM journal
              WHERE seq > $1
              ORDER BY seq
              LIMIT $2",
            args![seq, limit],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Recorded {
                seq: row.get("seq")?,
                at: row.get("at")?,
                actor: row.get("actor")?,
                facility: row.get("facility_id")?,
                entity_type: row.get("entity_type")?,
                entity_id: row.get("entity_id")?,
                action: row.get("action")?,
                from_state: row.get("from_state")?,
                to_state: row.get("to_state")?,
                reason_code: row.get("reason_code")?,
                payload: row.json("payload")?,
            })
        })
        .collect()
}
