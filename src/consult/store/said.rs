//! The rows of what was said in a consult: messages and signed opinions, both sealed.

use std::collections::BTreeMap;

use super::super::model::{Ack, Adopted, Message, NewOpinion, Opinion};
use super::open_optional;
use crate::{
    ctx::Ctx,
    kernel::{ConsultId, MessageId, OpinionId, PageAsk, Timestamp, UserId},
    store::{Query, Result, Row, StoreError, WriteTx, among, args},
};

/// What an opinion is read from.
macro_rules! opinions {
    ($which:literal) => {
        concat!(
            "SELECT id, version_no, author, body, next, signed_at, content_hash, signature_kind, reason_code,
                    ack_by, ack_at, ack_adopted, ack_reason
               FROM opinions ",
            $which
        )
    };
}

fn message_place(id: MessageId) -> String {
    format!("messages/body/{id}")
}

fn message(ctx: &Ctx, row: &Row) -> Result<Message> {
    let id: MessageId = row.get("id")?;
    Ok(Message {
        id,
        author: row.get("author")?,
        kind: row.get("kind")?,
        body: open_optional(ctx, row, "body", &message_place(id))?.unwrap_or_default(),
        attachment: row.get("attachment_id")?,
        client_msg_id: row.get("client_msg_id")?,
        at: row.get("at")?,
    })
}

/// A page, and one more, of what was said before a message, the latest first, each with its number.
pub async fn before(
    ctx: &Ctx,
    tx: &mut impl Query,
    id: ConsultId,
    ask: &PageAsk<i64>,
) -> Result<Vec<(i64, Message)>> {
    let rows = tx
        .fetch_all(
            "SELECT n, id, author, kind, body, attachment_id, client_msg_id, at
               FROM messages WHERE consult_id = $1 AND n < $2 ORDER BY n DESC LIMIT $3",
            args![id, ask.after.unwrap_or(i64::MAX), ask.one_more()],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get("n")?, message(ctx, row)?))).collect()
}

/// One message by its id.
pub async fn one(ctx: &Ctx, tx: &mut impl Query, id: MessageId) -> Result<Option<(ConsultId, Message)>> {
    let row = tx
        .fetch_optional(
            "SELECT consult_id, id, author, kind, body, attachment_id, client_msg_id, at FROM messages WHERE id = $1",
            args![id],
        )
        .await?;
    row.map(|row| Ok((row.get("consult_id")?, message(ctx, &row)?))).transpose()
}

/// The message that this author already sent under this key.
pub async fn sent_before(
    ctx: &Ctx,
    tx: &mut impl Query,
    id: ConsultId,
    author: UserId,
    key: &str,
) -> Result<Option<Message>> {
    let row = tx
        .fetch_optional(
            "SELECT id, author, kind, body, attachment_id, client_msg_id, at
               FROM messages WHERE consult_id = $1 AND author = $2 AND client_msg_id = $3",
            args![id, author, key],
        )
        .await?;
    row.map(|row| message(ctx, &row)).transpose()
}

/// Appends a message.
pub async fn say(ctx: &Ctx, tx: &mut WriteTx, id: ConsultId, message: &Message) -> Result<()> {
    tx.execute(
        "INSERT INTO messages (id, consult_id, n, author, kind, body, attachment_id, client_msg_id, at)
         SELECT $1, $2, COALESCE(MAX(n), 0) + 1, $3, $4, $5, $6, $7, $8 FROM messages WHERE consult_id = $2",
        args![
            message.id,
            id,
            message.author,
            message.kind,
            ctx.vault.seal_text(&message_place(message.id), &message.body, &*ctx.dice),
            message.attachment,
            message.client_msg_id,
            message.at
        ],
    )
    .await?;
    Ok(())
}

/// True if somebody of `side` wrote since `from`.
pub async fn wrote_since(
    tx: &mut impl Query,
    id: ConsultId,
    author: UserId,
    from: Timestamp,
) -> Result<bool> {
    let row = tx
        .fetch_optional(
            "SELECT 1 AS one FROM messages WHERE consult_id = $1 AND author = $2 AND at >= $3",
            args![id, author, from],
        )
        .await?;
    Ok(row.is_some())
}

/// Signs a version in.
pub async fn write_opinion(ctx: &Ctx, tx: &mut WriteTx, id: ConsultId, new: &NewOpinion) -> Result<()> {
    let body = serde_json::to_string(&new.text).expect("our own nouns are JSON");
    let sealed = ctx.vault.seal_text(&format!("opinions/body/{}", new.id), &body, &*ctx.dice);
    tx.execute(
        "INSERT INTO opinions (id, consult_id, version_no, author, body, next, signed_at, content_hash,
                               signature_kind, signature, reason_code, supersedes)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
                (SELECT o.id FROM opinions o WHERE o.consult_id = $2 AND o.version_no = $3 - 1)",
        args![
            new.id,
            id,
            new.version_no,
            new.author,
            sealed,
            new.next.word(),
            new.signed_at,
            new.content_hash,
            super::super::sign::KIND,
            new.signature,
            new.reason_code
        ],
    )
    .await?;
    Ok(())
}

/// The newest version, if any was signed.
pub async fn opinion(ctx: &Ctx, tx: &mut impl Query, id: ConsultId) -> Result<Option<Opinion>> {
    let row = tx
        .fetch_optional(opinions!("WHERE consult_id = $1 ORDER BY version_no DESC LIMIT 1"), args![id])
        .await?;
    row.map(|row| opinion_in(ctx, &row)).transpose()
}

/// Every version, the newest first.
pub async fn opinions(ctx: &Ctx, tx: &mut impl Query, id: ConsultId) -> Result<Vec<Opinion>> {
    let rows = tx
        .fetch_all(opinions!("WHERE consult_id = $1 ORDER BY version_no DESC LIMIT 100"), args![id])
        .await?;
    rows.iter().map(|row| opinion_in(ctx, row)).collect()
}

/// The newest version of each of several consults.
pub async fn newest_of(
    ctx: &Ctx,
    tx: &mut impl Query,
    ids: &[ConsultId],
) -> Result<BTreeMap<ConsultId, Opinion>> {
    let mut values = Vec::new();
    let places = among(ids, &mut values);
    let sql = format!(
        "SELECT consult_id, id, version_no, author, body, next, signed_at, content_hash, signature_kind,
                reason_code, ack_by, ack_at, ack_adopted, ack_reason
           FROM opinions o
          WHERE consult_id IN ({places})
            AND NOT EXISTS (SELECT 1 FROM opinions l
                             WHERE l.consult_id = o.consult_id AND l.version_no > o.version_no)"
    );
    let rows = tx.fetch_built(sql, values).await?;
    rows.iter().map(|row| Ok((row.get("consult_id")?, opinion_in(ctx, row)?))).collect()
}

fn opinion_in(ctx: &Ctx, row: &Row) -> Result<Opinion> {
    let key: OpinionId = row.get("id")?;
    let body = open_optional(ctx, row, "body", &format!("opinions/body/{key}"))?.unwrap_or_default();
    let broken = || StoreError::Broken { column: "body".to_owned(), why: "not the expected JSON".to_owned() };
    let (by, at): (Option<UserId>, Option<Timestamp>) = (row.get("ack_by")?, row.get("ack_at")?);
    let ack = match (by, at, row.parse_opt::<Adopted>("ack_adopted")?) {
        (Some(by), Some(at), Some(adopted)) => {
            let reason = open_optional(ctx, row, "ack_reason", &format!("opinions/ack_reason/{key}"))?;
            Some(Ack { by, at, adopted, reason })
        }
        _ => None,
    };
    Ok(Opinion {
        id: key,
        version_no: row.get("version_no")?,
        author: row.get("author")?,
        text: serde_json::from_str(&body).map_err(|_| broken())?,
        next: row.parse("next")?,
        signed_at: row.get("signed_at")?,
        signature_kind: row.get("signature_kind")?,
        content_hash: row.get("content_hash")?,
        reason_code: row.get("reason_code")?,
        ack,
    })
}

/// Writes what the requester answered to the newest version.
pub async fn acknowledge(ctx: &Ctx, tx: &mut WriteTx, id: ConsultId, ack: &Ack) -> Result<()> {
    let row = tx
        .fetch_one(
            "SELECT id FROM opinions WHERE consult_id = $1 ORDER BY version_no DESC LIMIT 1",
            args![id],
        )
        .await?;
    let key: OpinionId = row.get("id")?;
    let place = format!("opinions/ack_reason/{key}");
    let reason = ack.reason.as_deref().map(|text| ctx.vault.seal_text(&place, text, &*ctx.dice));
    tx.execute(
        "UPDATE opinions SET ack_by = $1, ack_at = $2, ack_adopted = $3, ack_reason = $4 WHERE id = $5",
        args![ack.by, ack.at, ack.adopted.word(), reason, key],
    )
    .await?;
    Ok(())
}
