//! Rows of printed papers, and what a paper asks of other tables by the way.

use super::commands::Kind;
use crate::{
    kernel::{ConsultId, Timestamp, UserId},
    store::{Query, Result, WriteTx, args},
};

/// A paper that was printed.
#[derive(Debug)]
pub struct Paper {
    /// Which form.
    pub kind: Kind,
    /// The record's id as text.
    pub subject: String,
    /// What it said, as a digest.
    pub digest: String,
    /// When it was printed first.
    pub printed_at: Timestamp,
}

/// Remembers a paper; the same content again is the same paper.
pub async fn remember(tx: &mut WriteTx, code: &str, paper: &Paper, by: UserId) -> Result<()> {
    tx.execute(
        "INSERT INTO papers (code, kind, subject_id, digest, first_printed_at, first_printed_by)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (code) DO NOTHING",
        args![code, paper.kind.word(), paper.subject.as_str(), paper.digest.as_str(), paper.printed_at, by],
    )
    .await?;
    Ok(())
}

/// The paper that bears this code.
pub async fn by_code(tx: &mut impl Query, code: &str) -> Result<Option<Paper>> {
    let row = tx
        .fetch_optional(
            "SELECT kind, subject_id, digest, first_printed_at FROM papers WHERE code = $1",
            args![code],
        )
        .await?;
    row.map(|row| {
        Ok(Paper {
            kind: row.parse("kind")?,
            subject: row.get("subject_id")?,
            digest: row.get("digest")?,
            printed_at: row.get("first_printed_at")?,
        })
    })
    .transpose()
}

/// A person's telephone.
pub async fn phone_of(tx: &mut impl Query, user: UserId) -> Result<Option<String>> {
    let row = tx.fetch_optional("SELECT phone FROM users WHERE id = $1", args![user]).await?;
    Ok(row.map(|row| row.get::<Option<String>>("phone")).transpose()?.flatten())
}

/// A consult's number.
pub async fn number_of(tx: &mut impl Query, consult: ConsultId) -> Result<Option<String>> {
    let row = tx.fetch_optional("SELECT no FROM consults WHERE id = $1", args![consult]).await?;
    row.map(|row| row.get("no")).transpose()
}
