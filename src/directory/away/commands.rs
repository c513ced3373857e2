//! Saying that somebody is away, and taking it back.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::store;
use crate::{
    auth::{Principal, policy},
    ctx::Ctx,
    directory::{self, PersonName},
    http::FieldError,
    journal::{self, Actor, Entity, Entry},
    kernel::{AbsenceId, Timestamp, UserId},
    store::{Query, StoreError, WriteTx},
};

/// Longer than this is a slip of the hand, or somebody who has left.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// Absences of one person that lie ahead.
const MOST: usize = 50;

/// From when to when somebody is away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Absence {
    /// Which.
    pub id: AbsenceId,
    /// Who.
    pub user: PersonName,
    /// From this moment on.
    pub starts_at: Timestamp,
    /// Up to this moment: then they are back.
    pub ends_at: Timestamp,
}

/// An absence as it is said.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(as = NewAbsence)]
pub struct AbsenceForm {
    /// Who; oneself if nobody is named.
    pub user: Option<UserId>,
    /// From this moment on.
    pub starts_at: Timestamp,
    /// Up to this moment.
    pub ends_at: Timestamp,
}

/// Why an absence was not written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such absence, or none that this person looks after.
    #[error("no such absence")]
    NotFound,
    /// A field is not right.
    #[error("{0:?}")]
    Field(FieldError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn wrong(field: &str, code: &str) -> Error {
    Error::Field(FieldError { field: field.to_owned(), code: code.to_owned(), params: None })
}

/// The present and coming absences of a person whom the caller may look after.
pub async fn of(ctx: &Ctx, who: &Principal, user: UserId) -> Result<Vec<Absence>, Error> {
    let mut tx = ctx.db.read().await?;
    require(&mut tx, who, user).await?;
    Ok(store::of_person(&mut tx, user, ctx.clock.now()).await?)
}

/// Writes an absence down.
///
/// # Errors
/// `Field` for a span that is over, too long or backwards; `NotFound` for somebody else's person.
pub async fn add(ctx: &Ctx, tx: &mut WriteTx, who: &Principal, form: &AbsenceForm) -> Result<Absence, Error> {
    let at = ctx.clock.now();
    let user = form.user.unwrap_or(who.user);
    require(tx, who, user).await?;
    if form.ends_at <= form.starts_at {
        return Err(wrong("ends_at", "before_start"));
    }
    if form.ends_at <= at {
        return Err(wrong("ends_at", "in_the_past"));
    }
    if form.ends_at > form.starts_at.plus(LONGEST) || form.starts_at > at.plus(LONGEST) {
        return Err(wrong("ends_at", "too_far"));
    }
    if store::of_person(tx, user, at).await?.len() >= MOST {
        return Err(wrong("starts_at", "too_many"));
    }
    let absence = Absence {
        id: AbsenceId::draw(at, &*ctx.dice),
        user: directory::person(tx, user).await?.ok_or(Error::NotFound)?,
        starts_at: form.starts_at,
        ends_at: form.ends_at,
    };
    store::insert(tx, &absence, who.user, at).await?;
    write_down(tx, who, &absence, "user.away", at).await?;
    Ok(absence)
}

/// Takes an absence back: they are there after all.
///
/// # Errors
/// `NotFound` if there is none, or it is somebody else's.
pub async fn remove(ctx: &Ctx, tx: &mut WriteTx, who: &Principal, id: AbsenceId) -> Result<(), Error> {
    let absence = store::one(tx, id).await?.ok_or(Error::NotFound)?;
    require(tx, who, absence.user.id).await?;
    store::delete(tx, id).await?;
    write_down(tx, who, &absence, "user.back", ctx.clock.now()).await
}

async fn require(tx: &mut impl Query, who: &Principal, user: UserId) -> Result<(), Error> {
    if user == who.user {
        return Ok(());
    }
    let places = store::facilities_of(tx, user).await?;
    if places.into_iter().any(|place| policy::administers(who, place)) {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

async fn write_down(
    tx: &mut WriteTx,
    who: &Principal,
    absence: &Absence,
    action: &'static str,
    at: Timestamp,
) -> Result<(), Error> {
    let entity = Entity::User(absence.user.id);
    let span = serde_json::json!({ "starts_at": absence.starts_at, "ends_at": absence.ends_at });
    let entry = Entry::new(at, Actor::User(who.user), Some(who.acting), entity, action).with(span);
    journal::append(tx, entry, &[]).await?;
    Ok(())
}
