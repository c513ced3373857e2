//! Signed-in browsers as rows.

use super::{AfterSession, SessionView};
use crate::{
    kernel::{Page, PageAsk, SessionId, Timestamp, UserId},
    store::{Query, Result, Row, WriteTx, args},
};

/// The living sessions of a person, the newest first.
pub async fn sessions_of(
    tx: &mut impl Query,
    user: UserId,
    mine: Option<SessionId>,
    now: Timestamp,
    ask: &PageAsk<AfterSession>,
) -> Result<Page<SessionView>> {
    let (since, last) =
        ask.after.map_or((Timestamp::from_millis(i64::MAX), String::new()), |(at, id)| (at, id.to_string()));
    let rows = tx
        .fetch_all(
            "SELECT s.id, s.device, s.created_at, s.seen_at, s.expires_at
               FROM sessions s
               JOIN users u ON u.id = s.user_id AND u.status = 'active'
               JOIN credentials c ON c.user_id = s.user_id AND c.stamp = s.stamp
              WHERE s.user_id = $1
                AND s.expires_at > $2
                AND (s.created_at, s.id) < ($3, $4)
              ORDER BY s.created_at DESC, s.id DESC
              LIMIT $5",
            args![user, now, since, last, ask.one_more()],
        )
        .await?;
    let sessions = rows.iter().map(|row| session_row(row, mine)).collect::<Result<_>>()?;
    Ok(Page::cut(sessions, ask, |session: &SessionView| (session.since, session.id)))
}

fn session_row(row: &Row, mine: Option<SessionId>) -> Result<SessionView> {
    let id = row.get("id")?;
    let (since, seen): (Timestamp, Timestamp) = (row.get("created_at")?, row.get("seen_at")?);
    Ok(SessionView {
        id,
        device: row.get("device")?,
        since,
        last_seen: since.max(seen),
        expires_at: row.get("expires_at")?,
        current: mine == Some(id),
    })
}

/// Notes that the session is used.
pub async fn note_seen(tx: &mut WriteTx, session: SessionId, now: Timestamp) -> Result<()> {
    tx.execute("UPDATE sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2", args![session, now])
        .await?;
    Ok(())
}

/// Ends a session of this person; false if there is none.
pub async fn end(tx: &mut WriteTx, user: UserId, session: SessionId) -> Result<bool> {
    let gone =
        tx.execute("DELETE FROM sessions WHERE id = $1 AND user_id = $2", args![session, user]).await?;
    Ok(gone == 1)
}
