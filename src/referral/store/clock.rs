//! What time has to do to referrals, and what was told already.

use crate::{
    kernel::{ReferralId, Timestamp},
    store::{Query, Result, WriteTx, args},
};

/// What time has to act on, oldest first, at most `limit`.
pub async fn due(tx: &mut impl Query, now: Timestamp, limit: i64) -> Result<Vec<ReferralId>> {
    let rows = tx
        .fetch_all(
            "SELECT id FROM referrals WHERE deadline_at <= $1 ORDER BY deadline_at LIMIT $2",
            args![now, limit],
        )
        .await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// Where the answer is overdue and nobody was told, at most `limit`.
pub async fn overdue(tx: &mut impl Query, now: Timestamp, limit: i64) -> Result<Vec<ReferralId>> {
    let rows = tx
        .fetch_all(
            "SELECT id
               FROM referrals
              WHERE state = 'submitted'
                AND overdue_told = 0
                AND answer_due_at <= $1
              ORDER BY answer_due_at
              LIMIT $2",
            args![now, limit],
        )
        .await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// Notes that it was told that the answer is overdue. Not a change of the record's version.
pub async fn told_overdue(tx: &mut WriteTx, id: ReferralId) -> Result<u64> {
    tx.execute("UPDATE referrals SET overdue_told = 1 WHERE id = $1 AND overdue_told = 0", args![id]).await
}

/// Where four fifths of the time to answer are gone and nobody was told, at most `limit`. What is
/// late already is told as late.
pub async fn nearly_late(tx: &mut impl Query, now: Timestamp, limit: i64) -> Result<Vec<ReferralId>> {
    let rows = tx
        .fetch_all(
            "SELECT id
               FROM referrals
              WHERE state = 'submitted'
                AND warned = 0
                AND answer_warn_at <= $1
                AND answer_due_at > $1
              ORDER BY answer_warn_at
              LIMIT $2",
            args![now, limit],
        )
        .await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// Notes that it was told that the answer is nearly late. Not a change of the record's version.
pub async fn told_nearly_late(tx: &mut WriteTx, id: ReferralId) -> Result<u64> {
    tx.execute("UPDATE referrals SET warned = 1 WHERE id = $1 AND warned = 0", args![id]).await
}
