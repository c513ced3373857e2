//! Signing in and out, and looking up who is calling.

use std::time::Duration;

use tracing::info;

use super::{
    devices, links,
    model::{Acting, Me, Principal, Status},
    password,
    session::{LIFE, Token},
    store,
};
use crate::{
    ctx::Ctx,
    journal::{self, Actor, Entity, Entry},
    kernel::{FacilityId, SessionId, Timestamp, UserId},
    store::{Query, StoreError, WriteTx},
};

/// So many wrong passwords in a row are a person who has forgotten; more are slowed down.
const FREE_TRIES: i64 = 5;
/// No account is ever shut for longer: an emergency doctor must get in.
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Name or password is wrong; which one is not said.
    #[error("name or password is not right")]
    Refused,
    /// Too many tries; this long from now the next one is heard.
    #[error("too many tries")]
    SlowDown {
        /// Seconds to wait.
        retry_after_s: u64,
    },
    /// The session is not there, is over, or the person holds no active role.
    #[error("not signed in")]
    NotSignedIn,
    /// The token is good, but not for this.
    #[error("the token has no scope for this")]
    NoScope,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A fresh session: its token, and whose it is.
#[derive(Debug)]
pub struct SignedIn {
    /// For the cookie.
    pub token: Token,
    /// Who signed in.
    pub who: Principal,
    /// As they see themselves.
    pub me: Me,
}

/// What a look at a person gives.
#[derive(Debug)]
pub struct Look {
    /// For the policy.
    pub who: Principal,
    /// For the screen.
    pub me: Me,
}

/// How long after the last of `failures` wrong passwords nothing is heard.
fn wait_after(failures: i64) -> Duration {
    match u32::try_from(failures - FREE_TRIES) {
        Ok(more) => Duration::from_secs(2_u64.saturating_pow(more.min(20))).min(LONGEST_WAIT),
        Err(_) => Duration::ZERO,
    }
}

/// Signs a person in. A wrong name, a wrong password and a suspended account get the same
/// answer after the same time.
///
/// # Errors
/// `Refused`, or `SlowDown` after five wrong passwords in a row.
pub async fn sign_in(ctx: &Ctx, login: &str, given: &str, device: &str) -> Result<SignedIn, Error> {
    let login = login.trim().to_lowercase();
    let term = ctx.vault.term("login", &login);
    let at = ctx.clock.now();

    // Counted before the password is looked at, so that a hundred tries at once count a hundred.
    let mut tx = ctx.db.write_quiet("auth.try").await?;
    let (failures, last_at) = store::count_try(&mut tx, &term, at).await?;
    let wait = wait_after(failures).saturating_sub(at.since(last_at));
    if !wait.is_zero() {
        return Err(Error::SlowDown { retry_after_s: wait.as_secs().max(1) });
    }
    let account = store::account(&mut tx, &login).await?;
    tx.commit().await?;

    let given = if given.chars().count() > password::MOST { "" } else { given };
    let fits = password::fits(given, account.as_ref().map(|account| account.password_hash.clone())).await;
    let Some(account) = account.filter(|_| fits) else { return Err(Error::Refused) };

    let (token, session) = (Token::draw(&*ctx.dice), SessionId::draw(at, &*ctx.dice));
    let mut tx = ctx.db.write("auth.sign_in").await?;
    store::forget_tries(&mut tx, &term).await?;
    let look = look_up(&mut tx, session, account.user).await?.ok_or(Error::Refused)?;
    store::open_session(&mut tx, session, &account, (&token.hash(), device), (at, at.plus(LIFE))).await?;
    tell(&mut tx, &look.who, "user.sign_in", at).await?;
    tx.commit().await?;

    info!(user.id = %account.user, session.id = %session, "A person signed in");
    Ok(SignedIn { token, who: look.who, me: look.me })
}

/// Opens a session without a password: for the making of the demo, which plays everybody.
/// The journal says so, and the caller ends it with [`end_sessions`].
pub async fn admit(ctx: &Ctx, user: UserId, life: Duration) -> Result<Token, Error> {
    let at = ctx.clock.now();
    let (token, session) = (Token::draw(&*ctx.dice), SessionId::draw(at, &*ctx.dice));
    let mut tx = ctx.db.write("auth.admit").await?;
    let account = store::account_of(&mut tx, user).await?.ok_or(Error::NotSignedIn)?;
    let look = look_up(&mut tx, session, user).await?.ok_or(Error::NotSignedIn)?;
    store::open_session(&mut tx, session, &account, (&token.hash(), ""), (at, at.plus(life))).await?;
    tell(&mut tx, &look.who, "user.admit", at).await?;
    tx.commit().await?;
    Ok(token)
}

/// Ends the session that the caller uses.
pub async fn sign_out(ctx: &Ctx, who: &Principal) -> Result<(), Error> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.write("auth.sign_out").await?;
    store::end_session(&mut tx, who.session).await?;
    tell(&mut tx, who, "user.sign_out", at).await?;
    tx.commit().await?;
    info!(user.id = %who.user, session.id = %who.session, "A person signed out");
    Ok(())
}

async fn tell(
    tx: &mut WriteTx,
    who: &Principal,
    action: &'static str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let entity = Entity::User(who.user);
    journal::append(tx, Entry::new(at, Actor::User(who.user), Some(who.acting), entity, action), &[]).await?;
    Ok(())
}

/// Who holds this token.
///
/// # Errors
/// `NotSignedIn` if nobody does, the session is over, or no role is left.
pub async fn look_at(ctx: &Ctx, token: &Token) -> Result<Look, Error> {
    let mut tx = ctx.db.read().await?;
    let now = ctx.clock.now();
    let (session, user, seen) =
        store::session(&mut tx, &token.hash(), now).await?.ok_or(Error::NotSignedIn)?;
    let look = look_up(&mut tx, session, user).await?.ok_or(Error::NotSignedIn)?;
    drop(tx);
    devices::note(ctx, session, seen, now).await?;
    Ok(look)
}

/// A person without a browser: for jobs, seeds and tests.
///
/// # Errors
/// `NotSignedIn` if they are suspended or hold no active role.
pub async fn principal_of(ctx: &Ctx, user: UserId) -> Result<Principal, Error> {
    let session = SessionId::draw(ctx.clock.now(), &*ctx.dice);
    let mut tx = ctx.db.read().await?;
    look_up(&mut tx, session, user).await?.map(|look| look.who).ok_or(Error::NotSignedIn)
}

/// True while this session may be used: an open socket asks now and then.
pub async fn is_alive(ctx: &Ctx, session: SessionId) -> Result<bool, StoreError> {
    let mut tx = ctx.db.read().await?;
    store::is_alive(&mut tx, session, ctx.clock.now()).await
}

/// Whether a person is signed in anywhere.
///
/// # Errors
/// If the store cannot be read.
pub async fn has_session(ctx: &Ctx, user: UserId) -> Result<bool, StoreError> {
    let mut tx = ctx.db.read().await?;
    store::has_session(&mut tx, user, ctx.clock.now()).await
}

pub(super) async fn look_up(
    tx: &mut impl Query,
    session: SessionId,
    user: UserId,
) -> Result<Option<Look>, StoreError> {
    let Some(person) = store::person(tx, user).await? else { return Ok(None) };
    let memberships = store::memberships(tx, user).await?;
    let Some(first) = memberships.first() else { return Ok(None) };
    let acting = first.facility.clone();
    let there = || memberships.iter().filter(|m| m.facility.id == acting.id);
    let who = Principal {
        user,
        session,
        name: person.name.clone(),
        memberships: memberships.iter().map(Into::into).collect(),
        acting: acting.id,
    };
    let acting = Acting {
        roles: there().map(|m| m.role).collect(),
        department: there().find_map(|m| m.department.clone()),
        facility: acting,
    };
    let presence: Status = store::said(tx, user).await?;
    let me = Me {
        id: user,
        name: person.name,
        pinyin: person.pinyin,
        title: person.title,
        memberships,
        acting,
        presence,
    };
    Ok(Some(Look { who, me }))
}

/// Gives a person an account with a password that was hashed before.
/// The caller writes the journal entry of what the person is made for.
pub async fn add_account(
    tx: &mut WriteTx,
    user: UserId,
    hash: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    store::keep_password(tx, user, hash, at).await
}

/// Sets a new password and ends every session of that person.
pub async fn reset_password(
    ctx: &Ctx,
    by: Actor,
    facility: Option<FacilityId>,
    user: UserId,
    new: &str,
) -> Result<(), StoreError> {
    let hash = password::hash(new, &*ctx.dice).await;
    let at = ctx.clock.now();
    let mut tx = ctx.db.write("auth.reset_password").await?;
    store::keep_password(&mut tx, user, &hash, at).await?;
    let entry = Entry::new(at, by, facility, Entity::User(user), "user.reset_password");
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    info!(user.id = %user, "A password was set anew");
    Ok(())
}

/// Why a password stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum NotChanged {
    /// The one that was typed as the old one is not.
    #[error("the old password is not right")]
    WrongOld,
    /// Too many wrong ones; this long from now the next one is heard.
    #[error("too many tries")]
    SlowDown {
        /// Seconds to wait.
        retry_after_s: u64,
    },
    /// The new one is not good enough.
    #[error(transparent)]
    BadPassword(#[from] password::BadPassword),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Changes the caller's own password. Every other session is over, and so is an unused link;
/// the one that asked goes on. Wrong old passwords are slowed down as at the door, under a
/// count of their own: who found an open browser cannot lock its owner out.
///
/// # Errors
/// `WrongOld`, `SlowDown` after five wrong ones in a row, or what is wrong with the new one.
pub async fn change_password(ctx: &Ctx, who: &Principal, old: &str, new: &str) -> Result<(), NotChanged> {
    let term = ctx.vault.term("password change", &who.user.to_string());
    let at = ctx.clock.now();
    let mut tx = ctx.db.write_quiet("auth.try").await?;
    let (failures, last_at) = store::count_try(&mut tx, &term, at).await?;
    let wait = wait_after(failures).saturating_sub(at.since(last_at));
    if !wait.is_zero() {
        return Err(NotChanged::SlowDown { retry_after_s: wait.as_secs().max(1) });
    }
    let account = store::account_of(&mut tx, who.user).await?;
    let login = store::login_of(&mut tx, who.user).await?.unwrap_or_default();
    tx.commit().await?;

    let old = if old.chars().count() > password::MOST { "" } else { old };
    if !password::fits(old, account.map(|account| account.password_hash)).await {
        return Err(NotChanged::WrongOld);
    }
    password::judge(new, &login)?;
    let hash = password::hash(new, &*ctx.dice).await;

    let mut tx = ctx.db.write("auth.change_password").await?;
    store::forget_tries(&mut tx, &term).await?;
    store::replace_password(&mut tx, (who.user, who.session), &hash, at).await?;
    links::void(&mut tx, who.user).await?;
    tell(&mut tx, who, "user.change_password", at).await?;
    tx.commit().await?;
    info!(user.id = %who.user, "A person changed their password");
    Ok(())
}

/// Ends every session of a person, because their roles changed. The caller journals why.
pub async fn end_sessions(tx: &mut WriteTx, user: UserId) -> Result<(), StoreError> {
    store::raise_stamp(tx, user).await
}

/// Forgets sessions, tries and links that are over: a job's work.
pub async fn forget_expired(ctx: &Ctx) -> Result<u64, StoreError> {
    let mut tx = ctx.db.write_quiet("auth.forget_expired").await?;
    let gone = store::forget_expired(&mut tx, ctx.clock.now()).await?;
    tx.commit().await?;
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_and_is_never_longer_than_a_quarter_of_an_hour() {
        assert_eq!(wait_after(0), Duration::ZERO);
        assert_eq!(wait_after(4), Duration::ZERO);
        assert_eq!(wait_after(5), Duration::from_secs(1));
        assert_eq!(wait_after(8), Duration::from_secs(8));
        assert_eq!(wait_after(1_000_000), LONGEST_WAIT);
    }
}
