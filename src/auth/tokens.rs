//! API tokens: how another program calls, with less than its person may do.
//!
//! A token acts as one person, within its scopes (`read:consults`, `write:referrals`), until
//! it expires or is revoked. It is shown once and kept as a hash. Every request by one is
//! journaled under its name. It opens no socket and no session.

use std::time::Duration;

use tracing::info;

use super::{
    commands::{Error, Look, look_up},
    session::Token,
};
use crate::{
    ctx::Ctx,
    journal::{self, Actor, Entity, Entry},
    kernel::{SessionId, Timestamp, UserId},
    store::{Query, StoreError, args},
};

/// What stands before the random part, so that a token in a wrong place is recognised.
const MARK: &str = "cwt_";

/// The longest life of a token.
pub const LONGEST_LIFE: Duration = Duration::from_hours(24 * 366);

/// What a token may be allowed: to see or to change the records of a room.
pub const SCOPES: &[&str] = &[
    "read:directory",
    "read:patients",
    "write:patients",
    "read:consults",
    "write:consults",
    "read:referrals",
    "write:referrals",
    "read:consents",
    "read:statistics",
];

/// A token as an administrator sees it.
#[derive(Debug, Clone)]
pub struct TokenLine {
    /// What the journal calls it.
    pub name: String,
    /// As whom it acts, by sign-in name.
    pub login: String,
    /// What it may do.
    pub scopes: String,
    /// Until when.
    pub expires_at: Timestamp,
    /// Since when it is of no use.
    pub revoked_at: Option<Timestamp>,
}

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What the journal calls it.
    pub name: String,
    /// As whom it acts.
    pub user: UserId,
    /// What it may do, each one of [`SCOPES`].
    pub scopes: Vec<String>,
    /// For how long.
    pub life: Duration,
}

/// Makes a token; its text is given back once and kept nowhere.
///
/// # Errors
/// The store's.
pub async fn add_token(ctx: &Ctx, by: Actor, new: &NewToken) -> Result<String, StoreError> {
    let (at, token) = (ctx.clock.now(), Token::draw(&*ctx.dice));
    let id = SessionId::draw(at, &*ctx.dice);
    let mut tx = ctx.db.write("token.add").await?;
    tx.execute(
        "INSERT INTO api_tokens (id, name, user_id, scopes, token_hash, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![id, new.name, new.user, new.scopes.join(" "), token.hash(), at, at.plus(new.life)],
    )
    .await?;
    let entry = Entry::new(at, by, None, Entity::User(new.user), "token.add")
        .with(serde_json::json!({ "token": new.name, "scopes": new.scopes }));
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    info!(user.id = %new.user, "An API token was made");
    Ok(format!("{MARK}{}", token.reveal()))
}

/// Revokes every token of this name; says how many.
///
/// # Errors
/// The store's.
pub async fn revoke_token(ctx: &Ctx, by: Actor, name: &str) -> Result<u64, StoreError> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.write("token.revoke").await?;
    let rows = tx
        .fetch_all("SELECT user_id FROM api_tokens WHERE name = $1 AND revoked_at IS NULL", args![name])
        .await?;
    for row in &rows {
        let user: UserId = row.get("user_id")?;
        let entry = Entry::new(at, by, None, Entity::User(user), "token.revoke")
            .with(serde_json::json!({ "token": name }));
        journal::append(&mut tx, entry, &[]).await?;
    }
    let gone = tx
        .execute(
            "UPDATE api_tokens SET revoked_at = $1 WHERE name = $2 AND revoked_at IS NULL",
            args![at, name],
        )
        .await?;
    tx.commit().await?;
    Ok(gone)
}

/// Every token there is or was, newest first.
///
/// # Errors
/// The store's.
pub async fn tokens(tx: &mut impl Query) -> Result<Vec<TokenLine>, StoreError> {
    let rows = tx
        .fetch_all(
            "SELECT t.name, u.login, t.scopes, t.expires_at, t.revoked_at
               FROM api_tokens t
               JOIN users u ON u.id = t.user_id
              ORDER BY t.created_at DESC, t.id",
            args![],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(TokenLine {
                name: row.get("name")?,
                login: row.get("login")?,
                scopes: row.get("scopes")?,
                expires_at: row.get("expires_at")?,
                revoked_at: row.get("revoked_at")?,
            })
        })
        .collect()
}

/// Lets a token through one door that wants `scope`, and journals that it passed.
///
/// # Errors
/// `NotSignedIn` if the token is unknown, over or revoked; `NoScope` if it may not pass here.
pub(super) async fn by_token(ctx: &Ctx, text: &str, scope: Option<&str>) -> Result<Look, Error> {
    let token = text.trim().strip_prefix(MARK).and_then(Token::read).ok_or(Error::NotSignedIn)?;
    let at = ctx.clock.now();
    let mut tx = ctx.db.read().await?;
    let row = tx
        .fetch_optional(
            "SELECT id, name, user_id, scopes
               FROM api_tokens
              WHERE token_hash = $1 AND expires_at > $2 AND revoked_at IS NULL",
            args![token.hash(), at],
        )
        .await?
        .ok_or(Error::NotSignedIn)?;
    let (user, name): (UserId, String) = (row.get("user_id")?, row.get("name")?);
    let scopes: String = row.get("scopes")?;
    let look = look_up(&mut tx, row.get("id")?, user).await?.ok_or(Error::NotSignedIn)?;
    drop(tx);
    let scope = scope.filter(|scope| scopes.split(' ').any(|one| one == *scope)).ok_or(Error::NoScope)?;
    let mut tx = ctx.db.write("token.use").await?;
    let entry = Entry::new(at, Actor::User(user), Some(look.who.acting), Entity::User(user), "token.use")
        .with(serde_json::json!({ "token": name, "scope": scope }));
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    Ok(look)
}
