//! Rows of files and of the places where they are linked.

use std::collections::BTreeMap;

use super::model::{Attachment, FileName, Owner, Picture};
use crate::{
    ctx::Ctx,
    kernel::{AttachmentId, LinkId, PatientId, Timestamp, UserId},
    store::{Query, Result, Row, StoreError, WriteTx, among, args},
};

/// The columns every reader of a linked file wants.
const SHOWN: &str =
    "SELECT a.id, a.storage_key, a.file_key, a.sha256, a.size, a.kind, a.name, a.picture, a.thumbnail,
            l.id AS link_id, l.linked_by, l.linked_at
       FROM attachment_links l
       JOIN attachments a ON a.id = l.attachment_id
      WHERE l.owner_type = $1
        AND l.owner_id = $2
        AND l.removed_at IS NULL";

/// What `owner` shows, in the order it was linked.
pub async fn of(ctx: &Ctx, tx: &mut impl Query, owner: Owner) -> Result<Vec<Attachment>> {
    let rows = tx
        .fetch_built(format!("{SHOWN} ORDER BY l.linked_at, l.id"), args![owner.kind(), owner.id()])
        .await?;
    rows.iter().map(|row| shown(ctx, row)).collect()
}

/// How many files each of `owners` shows; who shows none is not in it. All are of one kind.
pub async fn counts(tx: &mut impl Query, owners: &[Owner]) -> Result<BTreeMap<String, i64>> {
    let Some(first) = owners.first() else { return Ok(BTreeMap::new()) };
    let ids: Vec<String> = owners.iter().map(|owner| owner.id()).collect();
    let mut values = args![first.kind()];
    let places = among(&ids, &mut values);
    let sql = format!(
        "SELECT owner_id, count(*) AS n
           FROM attachment_links
          WHERE owner_type = $1
            AND owner_id IN ({places})
            AND removed_at IS NULL
          GROUP BY owner_id"
    );
    let rows = tx.fetch_built(sql, values).await?;
    rows.iter().map(|row| Ok((row.get("owner_id")?, row.get("n")?))).collect()
}

/// One file, if `owner` shows it.
pub async fn one(
    ctx: &Ctx,
    tx: &mut impl Query,
    owner: Owner,
    id: AttachmentId,
) -> Result<Option<Attachment>> {
    let rows = tx.fetch_built(format!("{SHOWN} AND a.id = $3"), args![owner.kind(), owner.id(), id]).await?;
    rows.first().map(|row| shown(ctx, row)).transpose()
}

/// Writes the row of a file whose bytes are durable.
pub async fn insert(
    ctx: &Ctx,
    tx: &mut WriteTx,
    file: &Attachment,
    patient: PatientId,
    (by, at): (UserId, Timestamp),
) -> Result<()> {
    let picture = serde_json::to_vec(&file.picture)
        .map_err(|_| StoreError::Broken { column: "picture".into(), why: "is not JSON".into() })?;
    tx.execute(
        "INSERT INTO attachments (id, patient_id, storage_key, file_key, sha256, size, kind,
                                  name, picture, thumbnail, uploaded_by, uploaded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        args![
            file.id,
            patient,
            file.storage_key,
            file.file_key,
            file.sha256,
            file.size as i64,
            file.kind.word(),
            ctx.vault.seal_text(&place("name", file.id), file.name.as_str(), &*ctx.dice),
            ctx.vault.seal(&place("picture", file.id), &picture, &*ctx.dice),
            file.thumbnail as i64,
            by,
            at
        ],
    )
    .await?;
    Ok(())
}

/// Links a file to a record.
pub async fn link(
    tx: &mut WriteTx,
    link: LinkId,
    file: AttachmentId,
    owner: Owner,
    (by, at): (UserId, Timestamp),
) -> Result<()> {
    tx.execute(
        "INSERT INTO attachment_links (id, attachment_id, owner_type, owner_id, linked_by, linked_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        args![link, file, owner.kind(), owner.id(), by, at],
    )
    .await?;
    Ok(())
}

/// Ends a link; false if there was none.
pub async fn unlink(tx: &mut WriteTx, owner: Owner, file: AttachmentId, at: Timestamp) -> Result<bool> {
    let ended = tx
        .execute(
            "UPDATE attachment_links
                SET removed_at = $1
              WHERE owner_type = $2
                AND owner_id = $3
                AND attachment_id = $4
                AND removed_at IS NULL",
            args![at, owner.kind(), owner.id(), file],
        )
        .await?;
    Ok(ended > 0)
}

/// Whether a row speaks of this blob.
pub async fn knows_blob(tx: &mut impl Query, storage_key: &str) -> Result<bool> {
    let row =
        tx.fetch_optional("SELECT id FROM attachments WHERE storage_key = $1", args![storage_key]).await?;
    Ok(row.is_some())
}

/// Where a sealed column belongs.
pub(super) fn place(column: &str, id: AttachmentId) -> String {
    format!("attachments/{column}/{id}")
}

fn shown(ctx: &Ctx, row: &Row) -> Result<Attachment> {
    let id: AttachmentId = row.get("id")?;
    let broken = |column: &str| StoreError::Broken { column: column.to_owned(), why: "does not open".into() };
    let name =
        ctx.vault.open_text(&place("name", id), &row.get::<Vec<u8>>("name")?).map_err(|_| broken("name"))?;
    let picture = ctx
        .vault
        .open(&place("picture", id), &row.get::<Vec<u8>>("picture")?)
        .map_err(|_| broken("picture"))?;
    Ok(Attachment {
        id,
        link: row.get("link_id")?,
        storage_key: row.get("storage_key")?,
        file_key: row.get("file_key")?,
        sha256: row.get("sha256")?,
        size: row.get::<i64>("size")? as u64,
        kind: row.parse("kind")?,
        name: FileName::clean(&name),
        picture: serde_json::from_slice::<Picture>(&picture).map_err(|_| broken("picture"))?,
        thumbnail: row.get::<i64>("thumbnail")? as u64,
        linked_by: row.get("linked_by")?,
        linked_at: row.get("linked_at")?,
    })
}
