//! The rows of consents.

use std::collections::BTreeSet;

use super::{
    form::Given,
    model::{Ended, Finding, Held, Method, Place, Review, Scope, Signer, Subject},
    texts::{self, TextLang},
};
use crate::{
    ctx::Ctx,
    kernel::{ConsentId, FacilityId, Page, PageAsk, Timestamp, UserId},
    store::{Query, Result, Row, StoreError, WriteTx, among, args},
};

macro_rules! consents {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.subject_type, c.subject_id, c.method, c.signer, c.signer_name, c.relation, c.witness,
                    c.reason_code, c.reason, c.text_version, c.text_lang, c.signature, c.photo_id, c.recorded_by,
                    c.facility_id, c.record_no, c.signed_at, c.withdrawn_at, c.ended_as, c.ended_by, c.ended_wish,
                    c.ended_note, c.reviewed_at, c.reviewed_by, c.finding, c.finding_note, c.effective_at
               FROM consents c ",
            $rest
        )
    };
}

fn place(field: &str, id: ConsentId) -> String {
    format!("consents/{field}/{id}")
}

fn opened(ctx: &Ctx, row: &Row, field: &str, id: ConsentId) -> Result<Option<String>> {
    let Some(sealed) = row.get::<Option<Vec<u8>>>(field)? else { return Ok(None) };
    ctx.vault
        .open_text(&place(field, id), &sealed)
        .map(Some)
        .map_err(|_| StoreError::Broken { column: field.to_owned(), why: "does not open".to_owned() })
}

fn held(ctx: &Ctx, row: &Row) -> Result<Held> {
    let id: ConsentId = row.get("id")?;
    let text = |field: &str| opened(ctx, row, field, id);
    let broken =
        |column: &str| StoreError::Broken { column: column.to_owned(), why: "not as it was".to_owned() };
    let scope: Scope = row.parse("subject_type")?;
    let (version, lang): (Option<i64>, Option<TextLang>) =
        (row.get("text_version")?, row.parse_opt("text_lang")?);
    let signature = match text("signature")? {
        None => None,
        Some(json) => Some(serde_json::from_str(&json).map_err(|_| broken("signature"))?),
    };
    let withdrawn_at: Option<Timestamp> = row.get("withdrawn_at")?;
    let ended_as: Option<String> = row.get("ended_as")?;
    let (note, finding_note) = (text("ended_note")?, text("finding_note")?);
    let (by, wish): (Option<UserId>, Option<Signer>) = (row.get("ended_by")?, row.parse_opt("ended_wish")?);
    let reviewed: (Option<Timestamp>, Option<UserId>, Option<Finding>) =
        (row.get("reviewed_at")?, row.get("reviewed_by")?, row.parse_opt("finding")?);
    Ok(Held {
        id,
        method: row.parse("method")?,
        signer: row.parse_opt("signer")?,
        signer_name: text("signer_name")?,
        relation: row.parse_opt("relation")?,
        witness: text("witness")?,
        reason_code: row.parse_opt("reason_code")?,
        reason: text("reason")?,
        text: version.zip(lang).and_then(|(version, lang)| texts::find(scope, version, lang)),
        signature,
        photo: row.get("photo_id")?,
        recorded_by: row.get("recorded_by")?,
        facility: row.get("facility_id")?,
        record_no: row.get("record_no")?,
        signed_at: row.get("signed_at")?,
        ended: withdrawn_at.map(|at| Ended {
            at,
            withdrawn: ended_as.as_deref() == Some("withdrawn"),
            by,
            wish,
            note,
        }),
        review: match reviewed {
            (Some(at), Some(by), Some(finding)) => Some(Review { at, by, finding, note: finding_note }),
            _ => None,
        },
    })
}

/// The consent that holds.
pub async fn live(ctx: &Ctx, tx: &mut impl Query, of: Subject) -> Result<Option<Held>> {
    let row = tx
        .fetch_optional(
            consents!("WHERE c.subject_type = $1 AND c.subject_id = $2 AND c.withdrawn_at IS NULL"),
            args![of.scope().word(), of.id()],
        )
        .await?;
    row.as_ref().map(|row| held(ctx, row)).transpose()
}

/// The consent that holds, or else the last that was taken back.
pub async fn newest(ctx: &Ctx, tx: &mut impl Query, of: Subject) -> Result<Option<Held>> {
    let found = all(ctx, tx, of).await?;
    Ok(found.into_iter().find(|held| held.ended.as_ref().is_none_or(|ended| ended.withdrawn)))
}

/// Every consent of a record: the one that holds, then the others, the last that ended first.
pub async fn all(ctx: &Ctx, tx: &mut impl Query, of: Subject) -> Result<Vec<Held>> {
    let rows = tx
        .fetch_all(
            consents!(
                "WHERE c.subject_type = $1 AND c.subject_id = $2
                 ORDER BY CASE WHEN c.withdrawn_at IS NULL THEN 0 ELSE 1 END, c.withdrawn_at DESC, c.id DESC"
            ),
            args![of.scope().word(), of.id()],
        )
        .await?;
    rows.iter().map(|row| held(ctx, row)).collect()
}

/// After which consent a page begins: when it ended (the one that holds: never), and which it was.
pub type AfterConsent = (i64, ConsentId);

/// A page of [`all`].
pub async fn page(
    ctx: &Ctx,
    tx: &mut impl Query,
    of: Subject,
    ask: &PageAsk<AfterConsent>,
) -> Result<Page<Held>> {
    let (ended, last) = ask.after.map_or((i64::MAX, String::new()), |(ended, id)| (ended, id.to_string()));
    let rows = tx
        .fetch_all(
            consents!(
                "WHERE c.subject_type = $1
                   AND c.subject_id = $2
                   AND ($4 = '' OR (COALESCE(c.withdrawn_at, 9223372036854775807), c.id) < ($3, $4))
                 ORDER BY COALESCE(c.withdrawn_at, 9223372036854775807) DESC, c.id DESC
                 LIMIT $5"
            ),
            args![of.scope().word(), of.id(), ended, last, ask.one_more()],
        )
        .await?;
    let found = rows.iter().map(|row| held(ctx, row)).collect::<Result<_>>()?;
    let ended = |held: &Held| held.ended.as_ref().map_or(i64::MAX, |ended| ended.at.millis());
    Ok(Page::cut(found, ask, |held: &Held| (ended(held), held.id)))
}

/// True if the consent was taken back and none was given since: the record shares nothing any more.
pub async fn was_withdrawn(tx: &mut impl Query, of: Subject) -> Result<bool> {
    let row = tx
        .fetch_optional(
            "SELECT id FROM consents c
              WHERE subject_type = $1
                AND subject_id = $2
                AND ended_as = 'withdrawn'
                AND NOT EXISTS (SELECT 1 FROM consents l
                                 WHERE l.subject_type = c.subject_type
                                   AND l.subject_id = c.subject_id
                                   AND l.withdrawn_at IS NULL)
              LIMIT 1",
            args![of.scope().word(), of.id()],
        )
        .await?;
    Ok(row.is_some())
}

/// Of several records of one kind, those of which [`was_withdrawn`] is true.
pub async fn withdrawn_of(tx: &mut impl Query, records: &[Subject]) -> Result<BTreeSet<String>> {
    let Some(first) = records.first() else { return Ok(BTreeSet::new()) };
    let ids: Vec<String> = records.iter().map(|record| record.id()).collect();
    let mut values = args![first.scope().word()];
    let places = among(&ids, &mut values);
    let sql = format!(
        "SELECT DISTINCT subject_id FROM consents c
          WHERE subject_type = $1
            AND subject_id IN ({places})
            AND ended_as = 'withdrawn'
            AND NOT EXISTS (SELECT 1 FROM consents l
                             WHERE l.subject_type = c.subject_type
                               AND l.subject_id = c.subject_id
                               AND l.withdrawn_at IS NULL)"
    );
    let rows = tx.fetch_built(sql, values).await?;
    rows.iter().map(|row| row.get("subject_id")).collect()
}

/// Writes a new consent.
pub async fn insert(
    ctx: &Ctx,
    tx: &mut WriteTx,
    at_place: &Place,
    given: &Given,
    (by, at): (UserId, Timestamp),
) -> Result<ConsentId> {
    let id = ConsentId::draw(at, &*ctx.dice);
    let seal = |field: &str, text: &str| ctx.vault.seal_text(&place(field, id), text, &*ctx.dice);
    let strokes =
        given.signature.as_ref().map(|strokes| serde_json::to_string(strokes).expect("strokes are JSON"));
    tx.execute(
        "INSERT INTO consents (id, patient_id, subject_type, subject_id, method, signer, signer_name, relation,
                               witness, reason_code, reason, text_version, text_lang, text_hash, signature, photo_id,
                               recorded_by, facility_id, record_no, signed_at, effective_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
        args![
            id,
            at_place.patient,
            at_place.subject.scope().word(),
            at_place.subject.id(),
            given.method.word(),
            given.signer.map(Signer::word),
            given.signer_name.as_deref().map(|text| seal("signer_name", text)),
            given.relation.map(super::model::Relation::word),
            given.witness.as_deref().map(|text| seal("witness", text)),
            given.reason_code.map(super::model::Reason::word),
            given.reason.as_deref().map(|text| seal("reason", text)),
            given.text.map(|text| text.version),
            given.text.map(|text| text.lang.word()),
            given.text.map(texts::Text::hash),
            strokes.as_deref().map(|text| seal("signature", text)),
            given.photo,
            by,
            at_place.facility,
            at_place.no.as_str(),
            at,
            at_place.sent.then_some(at)
        ],
    )
    .await?;
    Ok(id)
}

/// Takes away what was only drafted.
pub async fn delete(tx: &mut WriteTx, id: ConsentId) -> Result<()> {
    tx.execute("DELETE FROM consents WHERE id = $1 AND effective_at IS NULL", args![id]).await?;
    Ok(())
}

/// Another consent takes the place of this one.
pub async fn replace(tx: &mut WriteTx, id: ConsentId, (by, at): (UserId, Timestamp)) -> Result<()> {
    tx.execute(
        "UPDATE consents SET withdrawn_at = $1, ended_as = 'replaced', ended_by = $2
          WHERE id = $3 AND withdrawn_at IS NULL",
        args![at, by, id],
    )
    .await?;
    Ok(())
}

/// The consent is taken back.
pub async fn withdraw(
    ctx: &Ctx,
    tx: &mut WriteTx,
    id: ConsentId,
    (wish, note): (Signer, Option<&str>),
    (by, at): (UserId, Timestamp),
) -> Result<()> {
    let sealed = note.map(|note| ctx.vault.seal_text(&place("ended_note", id), note, &*ctx.dice));
    tx.execute(
        "UPDATE consents
            SET withdrawn_at = $1, ended_as = 'withdrawn', ended_by = $2, ended_wish = $3, ended_note = $4
          WHERE id = $5 AND withdrawn_at IS NULL",
        args![at, by, wish.word(), sealed, id],
    )
    .await?;
    Ok(())
}

/// The record was sent with the consent it has now, under this number.
pub async fn confirm(tx: &mut WriteTx, of: Subject, no: &str, at: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE consents SET effective_at = $1, record_no = $2
          WHERE subject_type = $3 AND subject_id = $4 AND withdrawn_at IS NULL AND effective_at IS NULL",
        args![at, no, of.scope().word(), of.id()],
    )
    .await?;
    Ok(())
}

/// An override with the record it belongs to.
#[derive(Debug)]
pub struct Overridden {
    /// The override.
    pub held: Held,
    /// Of which record.
    pub subject: Subject,
    /// Whether a consent was given afterwards.
    pub given_since: bool,
    /// When the record was sent with it.
    pub sent_at: Timestamp,
}

/// After which override a page begins: when the record was sent, and which it was.
pub type AfterOverride = (Timestamp, ConsentId);

/// Overrides that records were sent with, newest first: of one facility, or of all.
pub async fn overrides(
    ctx: &Ctx,
    tx: &mut impl Query,
    facility: Option<FacilityId>,
    ask: &PageAsk<AfterOverride>,
) -> Result<Page<Overridden>> {
    let (sent, last) =
        ask.after.map_or((Timestamp::from_millis(i64::MAX), String::new()), |(at, id)| (at, id.to_string()));
    let rows = match facility {
        Some(facility) => {
            tx.fetch_all(
                consents!(
                    "WHERE c.method = 'override' AND c.facility_id = $4 AND (c.effective_at, c.id) < ($1, $2)
                     ORDER BY c.effective_at DESC, c.id DESC LIMIT $3"
                ),
                args![sent, last, ask.one_more(), facility],
            )
            .await?
        }
        None => {
            tx.fetch_all(
                consents!(
                    "WHERE c.method = 'override' AND (c.effective_at, c.id) < ($1, $2)
                     ORDER BY c.effective_at DESC, c.id DESC LIMIT $3"
                ),
                args![sent, last, ask.one_more()],
            )
            .await?
        }
    };
    let found = rows.iter().map(|row| overridden(ctx, row)).collect::<Result<_>>()?;
    Ok(Page::cut(found, ask, |one: &Overridden| (one.sent_at, one.held.id)))
}

/// One override.
pub async fn overridden_by(ctx: &Ctx, tx: &mut impl Query, id: ConsentId) -> Result<Option<Overridden>> {
    let row = tx
        .fetch_optional(
            consents!("WHERE c.id = $1 AND c.method = 'override' AND c.effective_at IS NOT NULL"),
            args![id],
        )
        .await?;
    row.as_ref().map(|row| overridden(ctx, row)).transpose()
}

fn overridden(ctx: &Ctx, row: &Row) -> Result<Overridden> {
    let held = held(ctx, row)?;
    let subject = match row.parse::<Scope>("subject_type")? {
        Scope::Consult => Subject::Consult(row.get("subject_id")?),
        Scope::Referral => Subject::Referral(row.get("subject_id")?),
    };
    let given_since =
        held.method == Method::Override && held.ended.as_ref().is_some_and(|ended| !ended.withdrawn);
    Ok(Overridden { held, subject, given_since, sent_at: row.get("effective_at")? })
}

/// Writes down what came of looking at an override.
pub async fn review(
    ctx: &Ctx,
    tx: &mut WriteTx,
    id: ConsentId,
    (finding, note): (Finding, Option<&str>),
    (by, at): (UserId, Timestamp),
) -> Result<u64> {
    let sealed = note.map(|note| ctx.vault.seal_text(&place("finding_note", id), note, &*ctx.dice));
    tx.execute(
        "UPDATE consents SET reviewed_at = $1, reviewed_by = $2, finding = $3, finding_note = $4
          WHERE id = $5 AND reviewed_at IS NULL",
        args![at, by, finding.word(), sealed, id],
    )
    .await
}
