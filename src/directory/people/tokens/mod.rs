//! API tokens as an administrator looks after them: made for a person of theirs, seen, revoked.
//!
//! A token acts as its person, so whoever may hand that person a password link may make one; the
//! person sees it on their own account page and can revoke it.

mod api;

use std::time::Duration;

pub use api::doors;

use super::{
    commands::{By, Error as NotYours, require, seen_by},
    model::Deed,
};
use crate::{
    auth::{
        self, AfterToken, NewToken, NotMade, Principal, SCOPES, TokenLine, TokensOf, oversight::Oversight,
    },
    ctx::Ctx,
    http::FieldError,
    kernel::{Line, Page, PageAsk, SessionId, UserId},
    store::StoreError,
};

const DAY: Duration = Duration::from_hours(24);

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such token, or none of the caller's people's.
    #[error("no such token")]
    NotFound,
    /// The person is not the caller's to decide about, or their account is closed.
    #[error(transparent)]
    Person(#[from] NotYours),
    /// A living token is called so.
    #[error("a living token is called so")]
    NameTaken,
    /// What was typed is not right.
    #[error("fields are not right")]
    Fields(Vec<FieldError>),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A token to be made.
#[derive(Debug)]
pub struct Wanted {
    /// What the journal calls it.
    pub name: Line,
    /// As whom it acts.
    pub user: UserId,
    /// What it may do.
    pub scopes: Vec<String>,
    /// For how many days.
    pub days: i64,
}

/// The tokens of the people the caller looks after, newest first.
pub async fn list(ctx: &Ctx, who: &Principal, ask: &PageAsk<AfterToken>) -> Result<Page<TokenLine>, Error> {
    let of = match Oversight::of(who) {
        Oversight::Nobody => return Err(NotYours::NotAllowed.into()),
        Oversight::Facilities(places) => TokensOf::Facilities(places),
        Oversight::Alliance => TokensOf::Everybody,
    };
    let mut tx = ctx.db.read().await?;
    Ok(auth::tokens(&mut tx, &of, ask).await?)
}

/// Makes a token and gives its text back, this once.
pub async fn make(ctx: &Ctx, who: &Principal, wanted: Wanted) -> Result<(TokenLine, String), Error> {
    let by = By::Person(who);
    let mut wrong = Vec::new();
    let mut say = |field: &str, code: &str, params: Option<serde_json::Value>| {
        wrong.push(FieldError { field: field.into(), code: code.into(), params });
    };
    if wanted.scopes.is_empty() {
        say("scopes", "required", None);
    }
    if wanted.scopes.iter().any(|scope| !SCOPES.contains(&scope.as_str())) {
        say("scopes", "not_one_of_these", None);
    }
    let most = i64::try_from(auth::LONGEST_LIFE.as_secs() / DAY.as_secs()).unwrap_or(i64::MAX);
    if !(1..=most).contains(&wanted.days) {
        say("days", "out_of_range", Some(serde_json::json!({ "min": 1, "max": most })));
    }
    if !wrong.is_empty() {
        return Err(Error::Fields(wrong));
    }
    let mut tx = ctx.db.read().await?;
    let staff = seen_by(ctx, &mut tx, by, wanted.user).await?;
    drop(tx);
    require(by, &staff, Deed::PasswordLink)?;
    let mut scopes = wanted.scopes;
    scopes.sort_unstable();
    scopes.dedup();
    let life = DAY * u32::try_from(wanted.days).unwrap_or(1);
    let new = NewToken { name: wanted.name.as_str().to_owned(), user: wanted.user, scopes, life };
    match auth::add_token(ctx, by.actor(), &new).await {
        Ok(made) => Ok(made),
        Err(NotMade::NameTaken) => Err(Error::NameTaken),
        Err(NotMade::Store(fault)) => Err(fault.into()),
    }
}

/// Revokes a token.
pub async fn revoke(ctx: &Ctx, who: &Principal, id: SessionId) -> Result<(), Error> {
    let by = By::Person(who);
    let mut tx = ctx.db.write("token.revoke").await?;
    let line = auth::token_line(&mut tx, id).await?.ok_or(Error::NotFound)?;
    seen_by(ctx, &mut tx, by, line.user).await?;
    if !auth::revoke_one_token(ctx, &mut tx, by.actor(), id).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    Ok(())
}
