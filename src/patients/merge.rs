//! Two records that are one person: merged under the one that is kept, and taken apart again.
//!
//! Nothing is rewritten: what was written for the other record stays with it and is shown under
//! the one that is kept, so that an undo gives back exactly what was there.

use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    commands::{Error, reach_of},
    model::{Patient, PatientView},
    store,
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    http::{FieldError, Once, StoredAnswer},
    journal::{self, Actor, Entity, Entry},
    kernel::{PatientId, Veiled},
    store::{Query, WriteTx},
};

/// The record that is one person with this one.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PatientMerge)]
pub struct Other {
    /// Which one.
    pub other: PatientId,
}

fn wrong(code: &str) -> Error {
    Error::Fields(vec![FieldError { field: "other".to_owned(), code: code.to_owned(), params: None }])
}

/// What is done with two records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// They are one person: the other is put under the one that is kept, and both are found, shown
    /// and read as one.
    Merge,
    /// They are not: the other is taken out again.
    Unmerge,
}

impl Step {
    /// What the journal calls it.
    pub const fn action(self) -> &'static str {
        match self {
            Self::Merge => "patient.merge",
            Self::Unmerge => "patient.unmerge",
        }
    }
}

/// Takes a step with record `other` and record `id`, which is the one that is kept.
///
/// # Errors
/// `Fields` if they cannot be merged, or are not; `Stale` if the kept record changed meanwhile.
pub async fn take(
    ctx: &Ctx,
    who: &Principal,
    (id, seen): (PatientId, i64),
    step: Step,
    Other { other }: Other,
    once: &Once,
) -> Result<StoredAnswer, Error> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.write(step.action()).await?;
    once.claim(ctx, &mut tx, at).await??;
    let (mut kept, gone) = pair(ctx, &mut tx, who, (id, seen), other).await?;
    let mut sheet = kept.sheet.unveil("what a merge carries over").clone();
    match step {
        Step::Merge => {
            let more = carried(ctx, &mut tx, (&kept, &gone)).await?;
            sheet.carried.insert(other.to_string(), more);
        }
        Step::Unmerge if gone.merged_into != Some(id) => return Err(wrong("not_merged")),
        Step::Unmerge => {
            sheet.carried.remove(&other.to_string());
        }
    }
    kept.sheet = Veiled::new(sheet);
    store::save(ctx, &mut tx, &kept, seen, at).await?;
    store::put_under(&mut tx, other, (step == Step::Merge).then_some(id), at).await?;
    kept.version += 1;
    done(ctx, &mut tx, who, &kept, (step.action(), other), once).await?.commit(tx).await
}

/// What the kept record shows of the other one at once, whichever is opened: what is dangerous.
/// Refused if they are the same record, stand in another merge already, or have two different
/// identity numbers, which two people have.
async fn carried(
    ctx: &Ctx,
    tx: &mut impl Query,
    (kept, gone): (&Patient, &Patient),
) -> Result<Vec<String>, Error> {
    if kept.id == gone.id || kept.merged_into.is_some() || gone.merged_into.is_some() {
        return Err(wrong("merged_already"));
    }
    if !store::merged_under(ctx, tx, gone.id).await?.is_empty() {
        return Err(wrong("merged_already"));
    }
    let theirs = gone.sheet.unveil("what a merge carries over");
    let sheet = kept.sheet.unveil("what a merge carries over");
    if let (Some(one), Some(two)) = (&sheet.identity_number, &theirs.identity_number)
        && one != two
    {
        return Err(wrong("other_identity"));
    }
    Ok(theirs.allergies.iter().filter(|one| !sheet.allergies.contains(one)).cloned().collect())
}

/// Both records, if the caller treats patients and may open both.
async fn pair(
    ctx: &Ctx,
    tx: &mut impl Query,
    who: &Principal,
    (id, seen): (PatientId, i64),
    other: PatientId,
) -> Result<(Patient, Patient), Error> {
    if !who.is_clinical() {
        return Err(Error::NotAllowed);
    }
    let reach = reach_of(who);
    if !store::is_within(tx, &reach, id).await? || !store::is_within(tx, &reach, other).await? {
        return Err(Error::NotFound);
    }
    let kept = store::load(ctx, tx, id).await?.ok_or(Error::NotFound)?;
    let gone = store::load(ctx, tx, other).await?.ok_or(Error::NotFound)?;
    if kept.version == seen { Ok((kept, gone)) } else { Err(Error::Stale) }
}

/// The answer of a step, kept for whoever asks again, and told to the journal of both records.
struct Done(StoredAnswer);

impl Done {
    async fn commit(self, tx: WriteTx) -> Result<StoredAnswer, Error> {
        tx.commit().await?;
        Ok(self.0)
    }
}

async fn done(
    ctx: &Ctx,
    tx: &mut WriteTx,
    who: &Principal,
    kept: &Patient,
    (action, other): (&'static str, PatientId),
    once: &Once,
) -> Result<Done, Error> {
    let at = ctx.clock.now();
    let body = serde_json::to_value(view(ctx, tx, kept).await?).unwrap_or_default();
    let answer = StoredAnswer { status: 200, version: kept.version, body };
    once.keep(ctx, tx, &answer).await?;
    for (record, with) in [(kept.id, other), (other, kept.id)] {
        let entry = Entry::new(at, Actor::User(who.user), Some(who.acting), Entity::Patient(record), action)
            .with(serde_json::json!({ "other": with, "kept": kept.id }));
        journal::append(tx, entry, &[]).await?;
    }
    tracing::info!(patient.id = %kept.id, patient.other = %other, "{action}");
    Ok(Done(answer))
}

/// A record with those that were merged into it.
pub async fn view(ctx: &Ctx, tx: &mut impl Query, patient: &Patient) -> Result<PatientView, Error> {
    let under = store::merged_under(ctx, tx, patient.id).await?;
    Ok(PatientView { merged: under.iter().map(Patient::brief).collect(), ..patient.view() })
}
