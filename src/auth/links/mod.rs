//! One-time links with which a person sets their own password.
//!
//! An administrator never chooses or sees a password: they hand over a link, on paper or by
//! telephone. Its token stands behind the `#`, which no browser sends and no proxy logs, and
//! only its hash is kept. A new link voids the ones before; so does a suspension.

mod api;
mod store;

use std::time::Duration;

use serde::Serialize;
use tracing::info;
use utoipa::ToSchema;

pub use api::{doors, password_error};
pub use store::{open_until, void};

use super::{BadPassword, Token, password, store as accounts};
use crate::{
    ctx::Ctx,
    journal::{self, Actor, Entity, Entry},
    kernel::{Timestamp, UserId},
    store::{StoreError, WriteTx},
};

/// Long enough for a weekend.
pub const LIFE: Duration = Duration::from_hours(72);

/// A fresh link, shown once.
#[derive(Debug)]
pub struct Link {
    /// What stands behind the `#`.
    pub token: Token,
    /// Of no use from then on.
    pub expires_at: Timestamp,
}

/// Whom a link is for, shown to whoever holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Invited {
    /// What they sign in as.
    pub login: String,
    /// Their name.
    pub name: String,
    /// The link is of no use from then on.
    pub expires_at: Timestamp,
}

/// Why no password was set.
#[derive(Debug, thiserror::Error)]
pub enum NotSet {
    /// The link was used, is void, has expired, or never was.
    #[error("the link is of no use any more")]
    DeadLink,
    /// The password is not good enough.
    #[error(transparent)]
    BadPassword(#[from] BadPassword),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a link for `user`; the ones before it are void. The caller journals it.
pub async fn make(
    ctx: &Ctx,
    tx: &mut WriteTx,
    user: UserId,
    made_by: Option<UserId>,
) -> Result<Link, StoreError> {
    let at = ctx.clock.now();
    let link = Link { token: Token::draw(&*ctx.dice), expires_at: at.plus(LIFE) };
    void(tx, user).await?;
    store::keep(tx, user, made_by, &link.token.hash(), (at, link.expires_at)).await?;
    Ok(link)
}

/// Whom this link is for.
///
/// # Errors
/// `DeadLink` unless it can still be used.
pub async fn look(ctx: &Ctx, token: &Token) -> Result<Invited, NotSet> {
    let mut tx = ctx.db.read().await?;
    let found = store::behind(&mut tx, &token.hash(), ctx.clock.now()).await?.ok_or(NotSet::DeadLink)?;
    Ok(found.1)
}

/// Sets the password of the person the link is for and uses the link up. Sessions they had are over.
///
/// # Errors
/// `DeadLink` unless the link can still be used; what is wrong with the password.
pub async fn set_password(ctx: &Ctx, token: &Token, new: &str) -> Result<(), NotSet> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.read().await?;
    let (user, invited) = store::behind(&mut tx, &token.hash(), at).await?.ok_or(NotSet::DeadLink)?;
    drop(tx);
    password::judge(new, &invited.login)?;
    let hash = password::hash(new, &*ctx.dice).await;

    let mut tx = ctx.db.write("auth.set_password").await?;
    if !store::use_up(&mut tx, &token.hash(), at).await? {
        return Err(NotSet::DeadLink);
    }
    accounts::keep_password(&mut tx, user, &hash, at).await?;
    accounts::forget_tries(&mut tx, &ctx.vault.term("login", &invited.login)).await?;
    let entry = Entry::new(at, Actor::User(user), None, Entity::User(user), "user.set_password");
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    info!(user.id = %user, "A person set their password by link");
    Ok(())
}
