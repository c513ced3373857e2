//! What the two sides say to each other about a referral.

use super::{
    super::model::{Note, NoteKind},
    open, seal,
};
use crate::{
    ctx::Ctx,
    kernel::{FacilityId, MessageId, ReferralId, Timestamp, UserId},
    store::{Query, Result, Row, WriteTx, args},
};

/// What was said about a referral.
#[derive(Debug, Clone)]
pub struct Said {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub author: UserId,
    /// For which side.
    pub facility: FacilityId,
    /// What it is.
    pub kind: NoteKind,
    /// The words.
    pub body: Note,
}

/// What the two sides said, oldest first.
pub async fn notes(tx: &mut impl Query, ctx: &Ctx, id: ReferralId) -> Result<Vec<Said>> {
    let rows = tx
        .fetch_all(
            "SELECT id, at, author, facility, kind, body FROM referral_notes WHERE referral_id = $1 ORDER BY at, id",
            args![id],
        )
        .await?;
    let said = |row: &Row| {
        let note: MessageId = row.get("id")?;
        Ok(Said {
            at: row.get("at")?,
            author: row.get("author")?,
            facility: row.get("facility")?,
            kind: row.parse("kind")?,
            body: open(ctx, &format!("referral_notes/body/{note}"), &row.get::<Vec<u8>>("body")?)?,
        })
    };
    rows.iter().map(said).collect()
}

/// Writes down what was said.
pub async fn say(tx: &mut WriteTx, ctx: &Ctx, id: ReferralId, said: &Said) -> Result<()> {
    let note = MessageId::draw(said.at, &*ctx.dice);
    let body = seal(ctx, &format!("referral_notes/body/{note}"), &said.body);
    tx.execute(
        "INSERT INTO referral_notes (id, referral_id, at, author, facility, kind, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![note, id, said.at, said.author, said.facility, said.kind.word(), body],
    )
    .await?;
    Ok(())
}
