//! Password links as rows.

use super::Invited;
use crate::{
    kernel::{Timestamp, UserId},
    store::{Query, Result, WriteTx, args},
};

/// Keeps a link.
pub async fn keep(
    tx: &mut WriteTx,
    user: UserId,
    made_by: Option<UserId>,
    token_hash: &str,
    life: (Timestamp, Timestamp),
) -> Result<()> {
    tx.execute(
        "INSERT INTO password_links (token_hash, user_id, made_by, made_at, expires_at)
         VALUES ($1, $2, $3, $4, $5)",
        args![token_hash, user, made_by, life.0, life.1],
    )
    .await?;
    Ok(())
}

/// Makes every unused link of a person useless.
pub async fn void(tx: &mut WriteTx, user: UserId) -> Result<()> {
    tx.execute("DELETE FROM password_links WHERE user_id = $1 AND used_at IS NULL", args![user]).await?;
    Ok(())
}

/// Until when a person's link can be used, if they have one.
pub async fn open_until(tx: &mut impl Query, user: UserId, now: Timestamp) -> Result<Option<Timestamp>> {
    let row = tx
        .fetch_optional(
            "SELECT expires_at
               FROM password_links
              WHERE user_id = $1
                AND used_at IS NULL
                AND expires_at > $2",
            args![user, now],
        )
        .await?;
    row.map(|row| row.get("expires_at")).transpose()
}

/// The person behind a link that can still be used.
pub async fn behind(
    tx: &mut impl Query,
    token_hash: &str,
    now: Timestamp,
) -> Result<Option<(UserId, Invited)>> {
    let row = tx
        .fetch_optional(
            "SELECT u.id, u.login, u.name, l.expires_at
               FROM password_links l
               JOIN users u ON u.id = l.user_id AND u.status = 'active'
              WHERE l.token_hash = $1
                AND l.used_at IS NULL
                AND l.expires_at > $2",
            args![token_hash, now],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let invited =
        Invited { login: row.get("login")?, name: row.get("name")?, expires_at: row.get("expires_at")? };
    Ok(Some((row.get("id")?, invited)))
}

/// Uses the link up; false if somebody was faster.
pub async fn use_up(tx: &mut WriteTx, token_hash: &str, now: Timestamp) -> Result<bool> {
    let used = tx
        .execute(
            "UPDATE password_links
                SET used_at = $2
              WHERE token_hash = $1
                AND used_at IS NULL
                AND expires_at > $2
                AND EXISTS (SELECT 1 FROM users u WHERE u.id = user_id AND u.status = 'active')",
            args![token_hash, now],
        )
        .await?;
    Ok(used == 1)
}
