//! A department's duties, week by week.

use std::time::Duration;

use super::super::{away, commands, duty};
use super::{
    Error, require, store,
    view::{Kept, RotaForm, RotaWeek},
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    journal::{self, Actor, Entity, Entry},
    kernel::{DepartmentId, Timestamp},
    store::Query,
};

/// The grid shows seven days.
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// Being rung second may last for weeks; more than this is a slip of the hand.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 3600);

/// The most duties in one week of one department.
const MOST: usize = 400;

/// The week that begins at `from`.
pub async fn week(ctx: &Ctx, who: &Principal, id: DepartmentId, from: Timestamp) -> Result<RotaWeek, Error> {
    let mut tx = ctx.db.read().await?;
    let kept = store::department(&mut tx, id).await?.ok_or(Error::NotFound("department"))?;
    require(who, kept.place.facility.id)?;
    shown(&mut tx, id, kept.version, from).await
}

async fn shown(
    tx: &mut impl Query,
    department: DepartmentId,
    version: i64,
    from: Timestamp,
) -> Result<RotaWeek, Error> {
    let until = from.plus(WEEK);
    Ok(RotaWeek {
        department,
        from,
        until,
        staff: store::staff_of(tx, department).await?,
        duties: store::duties(tx, department, (from, until)).await?,
        absences: away::store::of_department(tx, department, (from, until)).await?,
        keeps_rota: duty::store::keeps_rota(tx, department).await?,
        version,
    })
}

/// Puts these duties in the place of those that began in the same week.
///
/// # Errors
/// `Fields` names each duty that is not right; `Stale` if the department or its rota was
/// changed meanwhile.
pub async fn write_week(
    ctx: &Ctx,
    who: &Principal,
    id: DepartmentId,
    seen: i64,
    form: &RotaForm,
) -> Result<RotaWeek, Error> {
    let span = (form.from, form.from.plus(WEEK));
    let mut tx = ctx.db.write("rota.write").await?;
    let Kept { place, version } =
        store::department(&mut tx, id).await?.ok_or(Error::NotFound("department"))?;
    require(who, place.facility.id)?;
    if form.duties.len() > MOST {
        return Err(Error::field("duties", "too_many"));
    }
    let staff = store::staff_of(&mut tx, id).await?;
    for (n, duty) in form.duties.iter().enumerate() {
        let field = |name: &str| format!("duties.{n}.{name}");
        if !staff.iter().any(|person| person.id == duty.user) {
            return Err(Error::field(field("user"), "not_one_of_these"));
        }
        if !(1..=2).contains(&duty.tier) {
            return Err(Error::field(field("tier"), "not_one_of_these"));
        }
        if duty.starts_at < span.0 || duty.starts_at >= span.1 {
            return Err(Error::field(field("starts_at"), "not_in_this_week"));
        }
        if duty.ends_at <= duty.starts_at || duty.ends_at > duty.starts_at.plus(LONGEST) {
            return Err(Error::field(field("ends_at"), "out_of_range"));
        }
    }
    if !store::raise_version(&mut tx, id, seen).await? {
        return Err(Error::Stale { version });
    }
    store::clear_duties(&mut tx, id, span).await?;
    for duty in &form.duties {
        let when = (duty.starts_at, duty.ends_at);
        commands::add_shift(ctx, &mut tx, id, (duty.user, duty.tier), when).await?;
    }
    let at = ctx.clock.now();
    let facility = Some(place.facility.id);
    let entry = Entry::new(at, Actor::User(who.user), facility, Entity::Department(id), "rota.write")
        .with(serde_json::json!({ "from": form.from, "duties": form.duties.len() }));
    journal::append(&mut tx, entry, &[]).await?;
    let after = shown(&mut tx, id, seen + 1, form.from).await?;
    tx.commit().await?;
    Ok(after)
}
