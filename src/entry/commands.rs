//! What can be done: find a code, count its use, keep phrases, take in a list.

use super::{
    codes::{Asked, Found, best, common},
    icd10::Value,
    model::{Phrase, Phrases, starters},
    store,
};
use crate::{
    auth::{Principal, Role},
    ctx::Ctx,
    journal::{self, Actor, Entity, Entry},
    kernel::{DepartmentId, Timestamp},
    store::{Query, StoreError, WriteTx},
};

/// The most phrases one owner keeps: more than nobody finds.
const MOST_PHRASES: usize = 60;

/// Why phrases were not shown or kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such department.
    #[error("no such department")]
    NotFound,
    /// Not this person's to change.
    #[error("not theirs to change")]
    NotAllowed,
    /// More than anybody can look through.
    #[error("too many phrases")]
    TooMany,
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The owners whose use counts for a person: themselves, then their departments.
fn owners(who: &Principal) -> Vec<String> {
    let mut all = vec![who.user.to_string()];
    for department in who.memberships.iter().filter_map(|m| m.department) {
        let department = department.to_string();
        if !all.contains(&department) {
            all.push(department);
        }
    }
    all
}

/// Codes for what was typed; without it, those written most, then the common ones.
pub async fn search(ctx: &Ctx, who: &Principal, typed: &str) -> Result<Vec<Found>, StoreError> {
    let mut tx = ctx.db.read().await?;
    let own = store::favourites(&mut tx, &owners(who)).await?;
    let Some(asked) = Asked::read(typed) else {
        let mut found: Vec<Found> = Vec::new();
        let common = common().map(|value| (value, false));
        for (value, favourite) in own.into_iter().map(|value| (value, true)).chain(common) {
            if found.len() < super::codes::MOST && !found.iter().any(|one| one.code == value.code) {
                found.push(Found { code: value.code, text: value.name, favourite });
            }
        }
        return Ok(found);
    };
    let listed = store::candidates(&mut tx, &asked).await?;
    Ok(best(&asked, own, listed))
}

/// Counts the diagnoses of a letter that was sent, for its writer and the writer's department.
pub async fn used(
    tx: &mut WriteTx,
    who: &Principal,
    codes: impl Iterator<Item = (&str, &str)>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let owners = owners(who);
    for (code, name) in codes {
        for owner in &owners {
            store::count_use(tx, owner, (code, name), at).await?;
        }
    }
    Ok(())
}

/// Takes in a published list in the place of the one before; answers with its length.
pub async fn import(ctx: &Ctx, values: &[Value]) -> Result<usize, StoreError> {
    let mut tx = ctx.db.write("entry.import").await?;
    store::replace(&mut tx, values).await?;
    let entry = Entry::new(ctx.clock.now(), Actor::System, None, Entity::List("icd10"), "codes.import")
        .with(serde_json::json!({ "codes": values.len() }));
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    Ok(values.len())
}

/// The phrases offered to somebody who writes to `department`.
pub async fn phrases(ctx: &Ctx, who: &Principal, department: Option<DepartmentId>) -> Result<Phrases, Error> {
    let mut tx = ctx.db.read().await?;
    let mine = store::phrases(&mut tx, &who.user.to_string()).await?;
    let (mut theirs, mut may_change) = (Vec::new(), false);
    if let Some(id) = department {
        theirs = store::phrases(&mut tx, &id.to_string()).await?;
        may_change = may_write(&mut tx, who, id).await?;
    }
    if theirs.is_empty() {
        theirs = starters();
    }
    Ok(Phrases { mine, department: theirs, may_change })
}

/// A department's phrases are changed by those who belong to it, by its desk and its administrator.
async fn may_write(tx: &mut impl Query, who: &Principal, id: DepartmentId) -> Result<bool, Error> {
    let facility = store::facility_of(tx, id).await?.ok_or(Error::NotFound)?;
    Ok(who.memberships.iter().any(|m| {
        m.department == Some(id)
            || (m.facility == facility && matches!(m.role, Role::Coordinator | Role::FacilityAdmin))
    }))
}

/// Keeps a person's own phrases, in the place of the ones before.
pub async fn keep_mine(ctx: &Ctx, who: &Principal, phrases: &[Phrase]) -> Result<(), Error> {
    if phrases.len() > MOST_PHRASES {
        return Err(Error::TooMany);
    }
    let mut tx = ctx.db.write_quiet("entry.keep_mine").await?;
    store::keep_phrases(&mut tx, &who.user.to_string(), phrases).await?;
    tx.commit().await?;
    Ok(())
}

/// Keeps a department's phrases; the journal learns who changed them and how many there are.
pub async fn keep_theirs(
    ctx: &Ctx,
    who: &Principal,
    id: DepartmentId,
    phrases: &[Phrase],
) -> Result<(), Error> {
    if phrases.len() > MOST_PHRASES {
        return Err(Error::TooMany);
    }
    let mut tx = ctx.db.write("entry.keep_theirs").await?;
    if !may_write(&mut tx, who, id).await? {
        return Err(Error::NotAllowed);
    }
    store::keep_phrases(&mut tx, &id.to_string(), phrases).await?;
    let entry = Entry::new(
        ctx.clock.now(),
        Actor::User(who.user),
        Some(who.acting),
        Entity::Department(id),
        "department.phrases",
    )
    .with(serde_json::json!({ "phrases": phrases.len() }));
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    Ok(())
}
