//! The first minute of an empty house: a one-time link makes the first administrator.

use std::time::Duration;

use tracing::info;

use super::{
    commands::{self, NewFacility, NewPerson},
    model::Level,
    people, store,
};
use crate::{
    auth::{self, BadPassword, Membership, Role, Token},
    ctx::Ctx,
    journal::Actor,
    kernel::{Line, UserId},
    store::StoreError,
};

/// Long enough to find a browser, short enough for a log that is left lying about.
const LINK_LIFE: Duration = Duration::from_hours(24);

/// What the first administrator says.
#[derive(Debug)]
pub struct SetUp {
    /// From the link.
    pub token: Token,
    /// What the administrator signs in as.
    pub login: Line,
    /// The administrator's name.
    pub name: Line,
    /// The administrator's password.
    pub password: String,
    /// The facility's name.
    pub facility: Line,
    /// What the facility can do.
    pub level: Level,
    /// The facility's telephone.
    pub phone_24h: Line,
}

/// Why the house was not set up.
#[derive(Debug, thiserror::Error)]
pub enum NotSetUp {
    /// The link was used, has expired, or never was.
    #[error("the link is of no use any more")]
    DeadLink,
    /// The login holds something else than letters, digits, dots, dashes.
    #[error("not a login")]
    BadLogin,
    /// The password is not good enough.
    #[error(transparent)]
    BadPassword(#[from] BadPassword),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A fresh set-up link's token, if nobody can sign in yet. The links before it are void.
pub async fn open_link(ctx: &Ctx) -> Result<Option<Token>, StoreError> {
    let mut tx = ctx.db.write_quiet("setup.open_link").await?;
    if store::keeps_anybody(&mut tx).await? {
        return Ok(None);
    }
    let token = Token::draw(&*ctx.dice);
    auth::keep_setup_link(&mut tx, &token.hash(), ctx.clock.now().plus(LINK_LIFE)).await?;
    tx.commit().await?;
    Ok(Some(token))
}

/// Sets the house up: the facility that leads, and its administrator.
///
/// # Errors
/// `DeadLink` unless the link is fresh; what is wrong with login or password.
pub async fn set_up(ctx: &Ctx, ask: SetUp) -> Result<UserId, NotSetUp> {
    let login = ask.login.as_str().to_lowercase();
    if !people::is_login(&login) {
        return Err(NotSetUp::BadLogin);
    }
    let mut tx = ctx.db.read().await?;
    if !auth::open_setup_link(&mut tx, &ask.token.hash(), ctx.clock.now()).await? {
        return Err(NotSetUp::DeadLink);
    }
    drop(tx);
    auth::judge_password(&ask.password, &login)?;
    let hash = auth::hash_password(&ask.password, &*ctx.dice).await;

    let mut tx = ctx.db.write("setup.set_up").await?;
    if !auth::use_setup_link(&mut tx, &ask.token.hash(), ctx.clock.now()).await? {
        return Err(NotSetUp::DeadLink);
    }
    let facility = NewFacility {
        name: ask.facility.as_str().to_owned(),
        level: ask.level,
        grade: None,
        phone_24h: ask.phone_24h.as_str().to_owned(),
        leads: true,
    };
    let facility = commands::add_facility(ctx, &mut tx, Actor::System, facility).await?;
    let role = |role| Membership { facility: facility.id, department: None, role };
    let person = NewPerson {
        login,
        name: ask.name.as_str().to_owned(),
        title: String::new(),
        phone: None,
        roles: vec![role(Role::AllianceAdmin), role(Role::FacilityAdmin)],
    };
    let user = commands::add_person(ctx, &mut tx, Actor::System, &person, &hash).await?;
    tx.commit().await?;
    info!(user.id = %user, facility.id = %facility.id, "The house was set up");
    Ok(user)
}
