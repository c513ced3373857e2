//! The times and beds a department can give: planned by its own side, seen by everybody who sends.

use std::{collections::BTreeSet, time::Duration};

use serde_json::json;

use super::{
    store::{self, Beds, Slot},
    view::{BedPoolsForm, BedsView, Capacity, CapacityAsk, Free, SlotView, SlotsForm},
};
use crate::{
    auth::{Principal, Role, policy},
    ctx::Ctx,
    directory,
    journal::{self, Actor, Entity, Entry},
    kernel::{BedPoolId, DepartmentId, FacilityId, SlotId, Timestamp},
    referral::{around, ask::Wrong, error::Error},
    store::Query,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A page shows a fortnight; more than two months is a slip of the hand.
const MOST_DAYS: i64 = 62;
/// The most slots and kinds of beds that are written at once.
const MOST: usize = 400;
/// The most patients of one slot, and the most beds of one kind.
const MOST_PLACES: i64 = 1_000;

/// What a department can give.
///
/// # Errors
/// `NotFound` if there is no such department.
pub async fn show(
    ctx: &Ctx,
    who: &Principal,
    id: DepartmentId,
    ask: &CapacityAsk,
) -> Result<Capacity, Error> {
    let mut tx = ctx.db.read().await?;
    let from = ask.from.unwrap_or_else(|| ctx.clock.now());
    let days = u32::try_from(ask.days.unwrap_or(7).clamp(1, MOST_DAYS)).unwrap_or(7);
    shown(&mut tx, who, id, (from, from.plus(DAY * days))).await
}

async fn shown(
    tx: &mut impl Query,
    who: &Principal,
    department: DepartmentId,
    (from, until): (Timestamp, Timestamp),
) -> Result<Capacity, Error> {
    let house = around::place(tx, department).await?.ok_or(Error::NotFound)?.facility;
    let slots = store::slots(tx, department, (from, until)).await?;
    let mut beds = Vec::new();
    for one in store::beds(tx, department).await? {
        beds.push(BedsView {
            id: one.id,
            kind: one.kind,
            total: one.total,
            free: one.free,
            updated_at: one.updated_at,
            updated_by: directory::person(tx, one.updated_by).await?,
        });
    }
    let slots = slots.into_iter().map(|Slot { id, start, end, capacity, taken }| SlotView {
        id,
        start,
        end,
        capacity,
        taken,
    });
    let may_edit = plans(who, house, department);
    Ok(Capacity { department, from, until, slots: slots.collect(), beds, may_edit })
}

/// Who plans: the desk and the administrator of the house, and the department's own specialists.
fn plans(who: &Principal, house: FacilityId, department: DepartmentId) -> bool {
    policy::administers(who, house)
        || who.memberships.iter().any(|m| {
            m.facility == house
                && (m.role == Role::Coordinator
                    || (m.role == Role::Specialist && m.department == Some(department)))
        })
}

/// What all departments have free in the next seven days.
///
/// # Errors
/// Only if the store cannot be read.
pub async fn free(ctx: &Ctx) -> Result<Vec<Free>, Error> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.read().await?;
    let all = store::free(&mut tx, (now, now.plus(DAY * 7))).await?;
    Ok(all
        .into_iter()
        .map(|(department, places, first, beds)| Free { department, places, first, beds })
        .collect())
}

/// Plans some days of a department: what was planned for them before and nobody comes to is gone.
///
/// # Errors
/// `Denied` to whoever does not plan there; `Form` with every slot that is not right.
pub async fn plan(ctx: &Ctx, who: &Principal, id: DepartmentId, form: &SlotsForm) -> Result<Capacity, Error> {
    let at = ctx.clock.now();
    let span = (form.from, form.until);
    let mut wrong = Vec::new();
    let mut bad = |field: String, code| wrong.push(Wrong { field, code });
    if form.until <= form.from || form.until > form.from.plus(DAY * u32::try_from(MOST_DAYS).unwrap_or(1)) {
        bad("until".to_owned(), "out_of_range");
    }
    if form.slots.len() > MOST {
        bad("slots".to_owned(), "too_many");
    }
    for (n, slot) in form.slots.iter().enumerate() {
        if slot.start < form.from || slot.start >= form.until {
            bad(format!("slots.{n}.start"), "out_of_range");
        }
        if slot.end <= slot.start || slot.end > slot.start.plus(DAY) {
            bad(format!("slots.{n}.end"), "out_of_range");
        }
        if !(1..=MOST_PLACES).contains(&slot.capacity) {
            bad(format!("slots.{n}.capacity"), "out_of_range");
        }
    }
    if !wrong.is_empty() {
        return Err(Error::Form(wrong));
    }
    let mut tx = ctx.db.write("capacity.slots").await?;
    let house = around::place(&mut tx, id).await?.ok_or(Error::NotFound)?.facility;
    if !plans(who, house, id) {
        return Err(Error::Denied);
    }
    store::close_slots(&mut tx, id, span).await?;
    for slot in &form.slots {
        let slot = Slot {
            id: SlotId::draw(at, &*ctx.dice),
            start: slot.start,
            end: slot.end,
            capacity: slot.capacity,
            taken: 0,
        };
        store::put_slot(&mut tx, id, &slot).await?;
    }
    let entry = Entry::new(at, Actor::User(who.user), Some(house), Entity::Department(id), "capacity.slots")
        .with(json!({ "from": form.from, "until": form.until, "slots": form.slots.len() }));
    journal::append(&mut tx, entry, &[]).await?;
    let after = shown(&mut tx, who, id, span).await?;
    tx.commit().await?;
    Ok(after)
}

/// Writes down how many beds a department has, and how many of them are free.
///
/// # Errors
/// As for [`plan`].
pub async fn count_beds(
    ctx: &Ctx,
    who: &Principal,
    id: DepartmentId,
    form: &BedPoolsForm,
) -> Result<Capacity, Error> {
    let at = ctx.clock.now();
    let mut wrong = Vec::new();
    let mut bad = |field: String, code| wrong.push(Wrong { field, code });
    if form.beds.len() > MOST {
        bad("beds".to_owned(), "too_many");
    }
    let mut kinds = BTreeSet::new();
    for (n, beds) in form.beds.iter().enumerate() {
        if !kinds.insert(beds.kind.as_str()) {
            bad(format!("beds.{n}.kind"), "twice");
        }
        if !(0..=MOST_PLACES).contains(&beds.total) {
            bad(format!("beds.{n}.total"), "out_of_range");
        }
        if !(0..=beds.total).contains(&beds.free) {
            bad(format!("beds.{n}.free"), "out_of_range");
        }
    }
    if !wrong.is_empty() {
        return Err(Error::Form(wrong));
    }
    let mut tx = ctx.db.write("capacity.beds").await?;
    let house = around::place(&mut tx, id).await?.ok_or(Error::NotFound)?.facility;
    if !plans(who, house, id) {
        return Err(Error::Denied);
    }
    for beds in &form.beds {
        let beds = Beds {
            id: BedPoolId::draw(at, &*ctx.dice),
            kind: beds.kind.as_str().to_owned(),
            total: beds.total,
            free: beds.free,
            updated_at: at,
            updated_by: who.user,
        };
        store::put_beds(&mut tx, id, &beds).await?;
    }
    let entry = Entry::new(at, Actor::User(who.user), Some(house), Entity::Department(id), "capacity.beds")
        .with(json!({ "kinds": form.beds.len() }));
    journal::append(&mut tx, entry, &[]).await?;
    let after = shown(&mut tx, who, id, (at, at.plus(DAY * 7))).await?;
    tx.commit().await?;
    Ok(after)
}
