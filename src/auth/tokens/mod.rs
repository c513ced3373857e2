//! API tokens: how another program calls, with less than its person may do.
//!
//! A token acts as one person, within its scopes (`read:consults`, `write:referrals`), until
//! it expires or is revoked. It is shown once and kept as a hash. Every request by one is
//! journaled under its name. It opens no socket and no session.

use std::time::Duration;

use serde::Serialize;
use tracing::info;
use utoipa::ToSchema;

use super::{
    commands::{Error, Look, look_up},
    model::Principal,
    session::Token,
};
use crate::{
    ctx::Ctx,
    journal::{self, Actor, Entity, Entry},
    kernel::{FacilityId, Page, PageAsk, SessionId, Timestamp, UserId},
    store::{Query, Row, StoreError, WriteTx, among, args},
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

/// A token as an administrator, and whoever it acts as, sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TokenLine {
    /// Which one.
    pub id: SessionId,
    /// What the journal calls it.
    pub name: String,
    /// As whom it acts.
    pub user: UserId,
    /// By sign-in name.
    pub login: String,
    /// By name.
    pub person: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Made.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it last came through a door.
    pub used_at: Option<Timestamp>,
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

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// A living token is called so.
    #[error("a living token is called so")]
    NameTaken,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a token; its text is given back once and kept nowhere.
///
/// # Errors
/// `NameTaken` if a living one is called the same: the journal could not tell them apart.
pub async fn add_token(
    ctx: &Ctx,
    (by, facility): (Actor, Option<FacilityId>),
    new: &NewToken,
) -> Result<(TokenLine, String), NotMade> {
    let (at, token) = (ctx.clock.now(), Token::draw(&*ctx.dice));
    let id = SessionId::draw(at, &*ctx.dice);
    let mut tx = ctx.db.write("token.add").await?;
    let namesakes = tx
        .fetch_all(
            "SELECT id FROM api_tokens WHERE name = $1 AND revoked_at IS NULL AND expires_at > $2",
            args![new.name, at],
        )
        .await?;
    if !namesakes.is_empty() {
        return Err(NotMade::NameTaken);
    }
    tx.execute(
        "INSERT INTO api_tokens (id, name, user_id, scopes, token_hash, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![id, new.name, new.user, new.scopes.join(" "), token.hash(), at, at.plus(new.life)],
    )
    .await?;
    let entry = Entry::new(at, by, facility, Entity::User(new.user), "token.add")
        .with(serde_json::json!({ "token": new.name, "scopes": new.scopes }));
    journal::append(&mut tx, entry, &[]).await?;
    let line = token_line(&mut tx, id).await?.ok_or(StoreError::NoRow)?;
    tx.commit().await?;
    info!(user.id = %new.user, "An API token was made");
    Ok((line, format!("{MARK}{}", token.reveal())))
}

/// Revokes every token of this name; says how many.
///
/// # Errors
/// The store's.
pub async fn revoke_token(ctx: &Ctx, by: Actor, name: &str) -> Result<u64, StoreError> {
    let mut tx = ctx.db.write("token.revoke").await?;
    let rows =
        tx.fetch_all("SELECT id FROM api_tokens WHERE name = $1 AND revoked_at IS NULL", args![name]).await?;
    let mut gone = 0;
    for row in &rows {
        gone += u64::from(revoke(ctx, &mut tx, (by, None), row.get("id")?).await?);
    }
    tx.commit().await?;
    Ok(gone)
}

/// Revokes one token inside the caller's transaction; false if it is not living.
///
/// # Errors
/// The store's.
pub async fn revoke(
    ctx: &Ctx,
    tx: &mut WriteTx,
    (by, facility): (Actor, Option<FacilityId>),
    id: SessionId,
) -> Result<bool, StoreError> {
    let at = ctx.clock.now();
    let Some(line) = token_line(tx, id).await? else { return Ok(false) };
    let gone = tx
        .execute("UPDATE api_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL", args![at, id])
        .await?;
    if gone == 0 {
        return Ok(false);
    }
    let entry = Entry::new(at, by, facility, Entity::User(line.user), "token.revoke")
        .with(serde_json::json!({ "token": line.name }));
    journal::append(tx, entry, &[]).await?;
    info!(user.id = %line.user, "An API token was revoked");
    Ok(true)
}

/// Whose tokens are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokensOf {
    /// Everybody's, dead ones too.
    Everybody,
    /// Those of the people of these facilities, dead ones too.
    Facilities(Vec<FacilityId>),
    /// The ones of one person that live at a moment.
    Living(UserId, Timestamp),
}

/// After which token a page begins: when it was made, and which it was.
pub type AfterToken = (Timestamp, SessionId);

/// Tokens, newest first.
///
/// # Errors
/// The store's.
pub async fn tokens(
    tx: &mut impl Query,
    of: &TokensOf,
    ask: &PageAsk<AfterToken>,
) -> Result<Page<TokenLine>, StoreError> {
    let (made, last) =
        ask.after.map_or((Timestamp::from_millis(i64::MAX), String::new()), |(at, id)| (at, id.to_string()));
    let mut values = args![made, last, ask.one_more()];
    let theirs = match of {
        TokensOf::Everybody => "1 = 1".to_owned(),
        TokensOf::Facilities(places) => format!(
            "EXISTS (SELECT 1 FROM user_roles r
                      WHERE r.user_id = t.user_id AND r.status = 'active' AND r.facility_id IN ({}))",
            among(places, &mut values)
        ),
        TokensOf::Living(user, now) => {
            values.extend(args![*user, *now]);
            "t.user_id = $4 AND t.revoked_at IS NULL AND t.expires_at > $5".to_owned()
        }
    };
    let sql = format!(
        "SELECT t.id, t.name, t.user_id, u.login, u.name AS person, t.scopes, t.created_at, t.expires_at,
                t.used_at, t.revoked_at
           FROM api_tokens t
           JOIN users u ON u.id = t.user_id
          WHERE (t.created_at, t.id) < ($1, $2)
            AND {theirs}
          ORDER BY t.created_at DESC, t.id DESC
          LIMIT $3"
    );
    let rows = tx.fetch_built(sql, values).await?;
    let lines = rows.iter().map(line).collect::<Result<_, _>>()?;
    Ok(Page::cut(lines, ask, |line: &TokenLine| (line.created_at, line.id)))
}

/// One token.
///
/// # Errors
/// The store's.
pub async fn token_line(tx: &mut impl Query, id: SessionId) -> Result<Option<TokenLine>, StoreError> {
    let row = tx
        .fetch_optional(
            "SELECT t.id, t.name, t.user_id, u.login, u.name AS person, t.scopes, t.created_at, t.expires_at,
                    t.used_at, t.revoked_at
               FROM api_tokens t
               JOIN users u ON u.id = t.user_id
              WHERE t.id = $1",
            args![id],
        )
        .await?;
    row.as_ref().map(line).transpose()
}

fn line(row: &Row) -> Result<TokenLine, StoreError> {
    let scopes: String = row.get("scopes")?;
    Ok(TokenLine {
        id: row.get("id")?,
        name: row.get("name")?,
        user: row.get("user_id")?,
        login: row.get("login")?,
        person: row.get("person")?,
        scopes: scopes.split(' ').map(str::to_owned).collect(),
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        used_at: row.get("used_at")?,
        revoked_at: row.get("revoked_at")?,
    })
}

/// Revokes a token that acts as the caller; false if there is none.
pub(super) async fn revoke_own(ctx: &Ctx, who: &Principal, id: SessionId) -> Result<bool, StoreError> {
    let mut tx = ctx.db.write("token.revoke").await?;
    if token_line(&mut tx, id).await?.is_none_or(|line| line.user != who.user) {
        return Ok(false);
    }
    let gone = revoke(ctx, &mut tx, (Actor::User(who.user), Some(who.acting)), id).await?;
    tx.commit().await?;
    Ok(gone)
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
    tx.execute("UPDATE api_tokens SET used_at = $1 WHERE token_hash = $2", args![at, token.hash()]).await?;
    let entry = Entry::new(at, Actor::User(user), Some(look.who.acting), Entity::User(user), "token.use")
        .with(serde_json::json!({ "token": name, "scope": scope }));
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    Ok(look)
}
