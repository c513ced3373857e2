//! What an administrator does with the addresses of a facility.

use std::time::Duration;

use serde_json::json;

use super::{
    gather,
    model::{Address, DeliveryView, Hook, HookEvent, HookStanding, HookView},
    sign, store,
};
use crate::{
    auth::{Principal, policy},
    ctx::Ctx,
    directory,
    http::FieldError,
    journal::{self, Actor, Entity, Entry},
    kernel::{DeliveryId, FacilityId, HookId, Page, PageAsk},
    store::{Query, StoreError, WriteTx},
};

/// While a receiver changes over to a new secret the one before signs too.
const BOTH: Duration = Duration::from_hours(24);

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such address or message, or none of the caller's.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// For administrators.
    #[error("not for this role")]
    NotAllowed,
    /// The facility has this address already.
    #[error("the facility has this address")]
    AlreadyThere,
    /// It was changed meanwhile; this is its version now.
    #[error("changed meanwhile")]
    Stale {
        /// The version it has now.
        version: i64,
    },
    /// The message is on its way already.
    #[error("on its way already")]
    OnItsWay,
    /// What was typed is not right.
    #[error("fields are not right")]
    Fields(Vec<FieldError>),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What an address is told, as a form sends it.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Where it is.
    pub url: String,
    /// What it is told.
    pub events: Vec<HookEvent>,
    /// Whether it is told anything.
    pub standing: HookStanding,
}

impl Wanted {
    fn checked(mut self) -> Result<Self, Error> {
        let field =
            |field: &str, code: &str| FieldError { field: field.into(), code: code.into(), params: None };
        self.url = self.url.trim().into();
        self.events.sort_unstable();
        self.events.dedup();
        let mut wrong = Vec::new();
        if self.url.len() > Address::LONGEST {
            wrong.push(field("url", "too_long"));
        } else if Address::read(&self.url).is_none() {
            wrong.push(field("url", "not_an_address"));
        }
        if self.events.is_empty() {
            wrong.push(field("events", "required"));
        }
        if self.events.contains(&HookEvent::Test) {
            wrong.push(field("events", "not_one_of_these"));
        }
        if self.standing == HookStanding::Removed {
            wrong.push(field("standing", "not_one_of_these"));
        }
        if wrong.is_empty() { Ok(self) } else { Err(Error::Fields(wrong)) }
    }
}

/// The addresses of the facilities this person looks after.
pub async fn list(ctx: &Ctx, who: &Principal) -> Result<Vec<HookView>, Error> {
    if !policy::administers_anything(who) {
        return Err(Error::NotAllowed);
    }
    let mut tx = ctx.db.read().await?;
    let mut hooks = store::all(ctx, &mut tx).await?;
    hooks.retain(|hook| policy::administers(who, hook.facility));
    let sums = store::sums(&mut tx).await?;
    let mut views = Vec::with_capacity(hooks.len());
    for hook in hooks {
        let sum = sums.get(&hook.id).copied().unwrap_or_default();
        views.push(seen(ctx, &mut tx, hook, sum).await?);
    }
    Ok(views)
}

type Sum = (i64, i64, Option<crate::kernel::Timestamp>);

async fn seen(ctx: &Ctx, tx: &mut impl Query, hook: Hook, sum: Sum) -> Result<HookView, StoreError> {
    let facility = directory::facility(tx, hook.facility).await?.ok_or(StoreError::NoRow)?.name();
    Ok(store::view(hook, facility, sum, ctx.clock.now()))
}

/// Enters an address; its secret is given back once.
pub async fn add(
    ctx: &Ctx,
    who: &Principal,
    facility: FacilityId,
    wanted: Wanted,
) -> Result<(HookView, String), Error> {
    if !policy::administers(who, facility) {
        return Err(Error::NotAllowed);
    }
    let wanted = wanted.checked()?;
    let at = ctx.clock.now();
    let hook = Hook {
        id: HookId::draw(at, &*ctx.dice),
        facility,
        url: wanted.url,
        events: wanted.events,
        secret: sign::draw(&*ctx.dice),
        old_secret: None,
        standing: wanted.standing,
        version: 1,
        created_at: at,
    };
    let secret = sign::shown(&hook.secret);
    let mut tx = ctx.db.write("hook.add").await?;
    if directory::facility(&mut tx, facility).await?.is_none() {
        let error = FieldError { field: "facility".into(), code: "not_found".into(), params: None };
        return Err(Error::Fields(vec![error]));
    }
    if store::is_there(ctx, &mut tx, &hook, None).await? {
        return Err(Error::AlreadyThere);
    }
    store::add(ctx, &mut tx, &hook, who.user).await?;
    tell(ctx, &mut tx, who, &hook, "hook.add").await?;
    let view = seen(ctx, &mut tx, hook, Sum::default()).await?;
    tx.commit().await?;
    tracing::info!(hook.id = %view.id, facility.id = %facility, "A webhook was entered");
    Ok((view, secret))
}

async fn tell(
    ctx: &Ctx,
    tx: &mut WriteTx,
    who: &Principal,
    hook: &Hook,
    action: &'static str,
) -> Result<(), StoreError> {
    let entity = Entity::Facility(hook.facility);
    let entry = Entry::new(ctx.clock.now(), Actor::User(who.user), Some(who.acting), entity, action)
        .with(json!({ "hook": hook.id, "events": hook.events, "standing": hook.standing }));
    journal::append(tx, entry, &[]).await?;
    Ok(())
}

async fn mine(ctx: &Ctx, tx: &mut impl Query, who: &Principal, id: HookId) -> Result<Hook, Error> {
    let hook = store::one(ctx, tx, id).await?.ok_or(Error::NotFound("webhook"))?;
    if policy::administers(who, hook.facility) { Ok(hook) } else { Err(Error::NotFound("webhook")) }
}

/// One address.
pub async fn show(ctx: &Ctx, who: &Principal, id: HookId) -> Result<HookView, Error> {
    let mut tx = ctx.db.read().await?;
    let hook = mine(ctx, &mut tx, who, id).await?;
    let sum = store::sums(&mut tx).await?.remove(&id).unwrap_or_default();
    Ok(seen(ctx, &mut tx, hook, sum).await?)
}

/// Changes where it is, what it is told, and whether.
pub async fn change(
    ctx: &Ctx,
    who: &Principal,
    id: HookId,
    at_version: i64,
    wanted: Wanted,
) -> Result<HookView, Error> {
    let mut tx = ctx.db.write("hook.change").await?;
    let before = mine(ctx, &mut tx, who, id).await?;
    let wanted = wanted.checked()?;
    let mut after =
        Hook { url: wanted.url, events: wanted.events, standing: wanted.standing, ..before.clone() };
    if store::is_there(ctx, &mut tx, &after, Some(id)).await? {
        return Err(Error::AlreadyThere);
    }
    if !store::save(ctx, &mut tx, &after, at_version).await? {
        return Err(Error::Stale { version: before.version });
    }
    after.version = at_version + 1;
    tell(ctx, &mut tx, who, &after, "hook.change").await?;
    let sum = store::sums(&mut tx).await?.remove(&id).unwrap_or_default();
    let view = seen(ctx, &mut tx, after, sum).await?;
    tx.commit().await?;
    Ok(view)
}

/// Takes an address away; what is on its way to it is given up.
pub async fn remove(ctx: &Ctx, who: &Principal, id: HookId) -> Result<(), Error> {
    let mut tx = ctx.db.write("hook.remove").await?;
    let mut hook = mine(ctx, &mut tx, who, id).await?;
    hook.standing = HookStanding::Removed;
    let version = hook.version;
    if !store::save(ctx, &mut tx, &hook, version).await? {
        return Err(Error::Stale { version });
    }
    store::give_up(&mut tx, id, ctx.clock.now()).await?;
    tell(ctx, &mut tx, who, &hook, "hook.remove").await?;
    tx.commit().await?;
    tracing::info!(hook.id = %id, "A webhook was removed");
    Ok(())
}

/// Draws a new secret and gives it back once; the one before signs too for a day.
pub async fn rotate(ctx: &Ctx, who: &Principal, id: HookId) -> Result<(HookView, String), Error> {
    let mut tx = ctx.db.write("hook.rotate").await?;
    let mut hook = mine(ctx, &mut tx, who, id).await?;
    let version = hook.version;
    let fresh = sign::draw(&*ctx.dice);
    let old = std::mem::replace(&mut hook.secret, fresh);
    hook.old_secret = Some((old, ctx.clock.now().plus(BOTH)));
    if !store::save(ctx, &mut tx, &hook, version).await? {
        return Err(Error::Stale { version });
    }
    hook.version = version + 1;
    let secret = sign::shown(&hook.secret);
    tell(ctx, &mut tx, who, &hook, "hook.rotate").await?;
    let sum = store::sums(&mut tx).await?.remove(&id).unwrap_or_default();
    let view = seen(ctx, &mut tx, hook, sum).await?;
    tx.commit().await?;
    tracing::info!(hook.id = %id, "A webhook has a new secret");
    Ok((view, secret))
}

/// Sends a message about nothing, to see whether it arrives.
pub async fn test(ctx: &Ctx, who: &Principal, id: HookId) -> Result<DeliveryView, Error> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.write("hook.test").await?;
    let hook = mine(ctx, &mut tx, who, id).await?;
    let delivery = DeliveryId::draw(at, &*ctx.dice);
    let body = gather::message(HookEvent::Test, at, &json!({ "hook": id, "facility": hook.facility }));
    store::send(&mut tx, delivery, (id, HookEvent::Test, None), &body.to_string(), at).await?;
    tell(ctx, &mut tx, who, &hook, "hook.test").await?;
    let sent = newest(&mut tx, id, delivery).await?;
    tx.commit().await?;
    Ok(sent)
}

async fn newest(tx: &mut impl Query, hook: HookId, id: DeliveryId) -> Result<DeliveryView, Error> {
    let found = store::delivery(tx, hook, id).await?;
    found.ok_or(Error::NotFound("delivery"))
}

/// Sends a message once more that was delivered or given up, under the same id.
pub async fn replay(
    ctx: &Ctx,
    who: &Principal,
    id: HookId,
    delivery: DeliveryId,
) -> Result<DeliveryView, Error> {
    let mut tx = ctx.db.write("hook.replay").await?;
    let hook = mine(ctx, &mut tx, who, id).await?;
    newest(&mut tx, id, delivery).await?;
    if !store::replay(&mut tx, id, delivery, ctx.clock.now()).await? {
        return Err(Error::OnItsWay);
    }
    tell(ctx, &mut tx, who, &hook, "hook.replay").await?;
    let sent = newest(&mut tx, id, delivery).await?;
    tx.commit().await?;
    Ok(sent)
}

/// The messages to an address, newest first.
pub async fn deliveries(
    ctx: &Ctx,
    who: &Principal,
    id: HookId,
    ask: &PageAsk<DeliveryId>,
) -> Result<Page<DeliveryView>, Error> {
    let mut tx = ctx.db.read().await?;
    mine(ctx, &mut tx, who, id).await?;
    let found = store::deliveries(&mut tx, id, ask.after, ask.one_more()).await?;
    Ok(Page::cut(found, ask, |one| one.id))
}
