//! Entering and changing facilities and departments.

use std::collections::BTreeMap;

use super::super::{
    commands::{self, NewDepartment, NewFacility},
    duty,
    model::{Department, Facility},
    store as directory,
};
use super::{
    Error, require, require_some, store,
    view::{
        DATASET, DepartmentForm, DepartmentRecord, FacilityForm, FacilityRecord, Kept, NewDepartmentForm,
    },
};
use crate::{
    auth::{Principal, policy},
    ctx::Ctx,
    http::{FieldError, Once, StoredAnswer},
    journal::{self, Actor, Entity, Entry},
    kernel::{DepartmentId, FacilityId, pinyin},
};

/// The facilities this person looks after.
pub async fn facilities(ctx: &Ctx, who: &Principal) -> Result<Vec<FacilityRecord>, Error> {
    require_some(who)?;
    let mut tx = ctx.db.read().await?;
    let versions = store::facility_versions(&mut tx).await?;
    let counts = store::counts(&mut tx).await?;
    let all = directory::facilities(&mut tx).await?;
    let mine = all.into_iter().filter(|place| policy::administers(who, place.id));
    Ok(mine
        .map(|place| {
            let (departments, people) = counts.get(&place.id).copied().unwrap_or_default();
            let version = versions.get(&place.id).copied().unwrap_or(1);
            Kept { place, version }.record(departments, people)
        })
        .collect())
}

/// Enters a facility: for administrators of the alliance.
pub async fn add_facility(
    ctx: &Ctx,
    who: &Principal,
    form: FacilityForm,
    once: &Once,
) -> Result<StoredAnswer, Error> {
    if !policy::administers_alliance(who) {
        return Err(Error::NotAllowed);
    }
    let mut tx = ctx.db.write("facility.add").await?;
    once.claim(ctx, &mut tx, ctx.clock.now()).await??;
    if directory::facility_by_name(&mut tx, form.name.as_str()).await?.is_some() {
        return Err(Error::AlreadyThere);
    }
    let new = NewFacility {
        name: form.name.as_str().to_owned(),
        level: form.level,
        grade: form.grade.map(|grade| grade.as_str().to_owned()),
        phone_24h: form.phone_24h.as_str().to_owned(),
        leads: false,
    };
    let place = commands::add_facility(ctx, &mut tx, Actor::User(who.user), new).await?;
    let record = Kept { place, version: 1 }.record(0, 0);
    let answer = StoredAnswer::made(1, &record);
    once.keep(ctx, &mut tx, &answer).await?;
    tx.commit().await?;
    tracing::info!(facility.id = %record.id, "Facility entered");
    Ok(answer)
}

/// Changes a facility that was seen in version `seen`.
pub async fn change_facility(
    ctx: &Ctx,
    who: &Principal,
    id: FacilityId,
    seen: i64,
    form: FacilityForm,
) -> Result<FacilityRecord, Error> {
    require(who, id)?;
    let mut tx = ctx.db.write("facility.change").await?;
    let before = store::facility(&mut tx, id).await?.ok_or(Error::NotFound("facility"))?;
    // The level decides who may send where: that is the alliance's to say.
    if form.level != before.place.level && !policy::administers_alliance(who) {
        return Err(Error::field("level", "not_yours"));
    }
    let namesake = directory::facility_by_name(&mut tx, form.name.as_str()).await?;
    if namesake.is_some_and(|other| other != id) {
        return Err(Error::AlreadyThere);
    }
    let sounds = pinyin::read(form.name.as_str());
    let place = Facility {
        id,
        name: form.name.as_str().to_owned(),
        pinyin: sounds.whole(),
        initials: sounds.initials(),
        level: form.level,
        grade: form.grade.map(|grade| grade.as_str().to_owned()),
        phone_24h: form.phone_24h.as_str().to_owned(),
        leads: before.place.leads,
    };
    if !store::update_facility(&mut tx, &place, seen).await? {
        return Err(Error::Stale { version: before.version });
    }
    let at = ctx.clock.now();
    let entry = Entry::new(at, Actor::User(who.user), Some(id), Entity::Facility(id), "facility.change");
    journal::append(&mut tx, entry, &[]).await?;
    let (departments, people) = store::counts(&mut tx).await?.get(&id).copied().unwrap_or_default();
    tx.commit().await?;
    Ok(Kept { place, version: seen + 1 }.record(departments, people))
}

/// The departments of the facilities this person looks after.
pub async fn departments(ctx: &Ctx, who: &Principal) -> Result<Vec<DepartmentRecord>, Error> {
    require_some(who)?;
    let mut tx = ctx.db.read().await?;
    let versions = store::department_versions(&mut tx).await?;
    let without: BTreeMap<_, _> = duty::store::shifts_at(&mut tx, ctx.clock.now()).await?;
    let all = directory::departments(&mut tx).await?;
    let mine = all.into_iter().filter(|place| policy::administers(who, place.facility.id));
    Ok(mine
        .map(|place| {
            let version = versions.get(&place.id).copied().unwrap_or(1);
            let keeps_rota = without.contains_key(&place.id);
            Kept { place, version }.record(keeps_rota)
        })
        .collect())
}

/// Enters a department.
pub async fn add_department(
    ctx: &Ctx,
    who: &Principal,
    new: NewDepartmentForm,
    once: &Once,
) -> Result<StoredAnswer, Error> {
    require(who, new.facility)?;
    let form = checked(new.form)?;
    let mut tx = ctx.db.write("department.add").await?;
    once.claim(ctx, &mut tx, ctx.clock.now()).await??;
    let facility =
        directory::facility(&mut tx, new.facility).await?.ok_or(Error::field("facility", "not_found"))?;
    if directory::department_by_name(&mut tx, facility.id, form.name.as_str()).await?.is_some() {
        return Err(Error::AlreadyThere);
    }
    let new = NewDepartment {
        facility: facility.name(),
        name: form.name.as_str().to_owned(),
        scope_text: form.scope_text.map(|text| text.as_str().to_owned()).unwrap_or_default(),
        phone: form.phone.as_str().to_owned(),
        accepts_consult: form.accepts_consult,
        accepts_referral: form.accepts_referral,
        min_dataset: form.min_dataset,
        ring_seconds: form.ring_seconds,
    };
    let place = commands::add_department(ctx, &mut tx, Actor::User(who.user), new).await?;
    let record = Kept { place, version: 1 }.record(false);
    let answer = StoredAnswer::made(1, &record);
    once.keep(ctx, &mut tx, &answer).await?;
    tx.commit().await?;
    tracing::info!(department.id = %record.id, "Department entered");
    Ok(answer)
}

/// Changes a department that was seen in version `seen`.
pub async fn change_department(
    ctx: &Ctx,
    who: &Principal,
    id: DepartmentId,
    seen: i64,
    form: DepartmentForm,
) -> Result<DepartmentRecord, Error> {
    let mut tx = ctx.db.write("department.change").await?;
    let before = store::department(&mut tx, id).await?.ok_or(Error::NotFound("department"))?;
    require(who, before.place.facility.id)?;
    let form = checked(form)?;
    let facility = before.place.facility.id;
    let namesake = directory::department_by_name(&mut tx, facility, form.name.as_str()).await?;
    if namesake.is_some_and(|other| other != id) {
        return Err(Error::AlreadyThere);
    }
    let sounds = pinyin::read(form.name.as_str());
    let place = Department {
        id,
        facility: before.place.facility,
        name: form.name.as_str().to_owned(),
        pinyin: sounds.whole(),
        initials: sounds.initials(),
        scope_text: form.scope_text.map(|text| text.as_str().to_owned()).unwrap_or_default(),
        phone: form.phone.as_str().to_owned(),
        accepts_consult: form.accepts_consult,
        accepts_referral: form.accepts_referral,
        min_dataset: form.min_dataset,
        ring_seconds: form.ring_seconds,
    };
    if !store::update_department(&mut tx, &place, seen).await? {
        return Err(Error::Stale { version: before.version });
    }
    let keeps_rota = duty::store::keeps_rota(&mut tx, id).await?;
    let at = ctx.clock.now();
    let entry =
        Entry::new(at, Actor::User(who.user), Some(facility), Entity::Department(id), "department.change");
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    Ok(Kept { place, version: seen + 1 }.record(keeps_rota))
}

fn checked(form: DepartmentForm) -> Result<DepartmentForm, Error> {
    let mut wrong = Vec::new();
    if !(10..=300).contains(&form.ring_seconds) {
        let params = Some(serde_json::json!({ "min": 10, "max": 300 }));
        wrong.push(FieldError { field: "ring_seconds".into(), code: "out_of_range".into(), params });
    }
    if form.min_dataset.iter().any(|field| !DATASET.contains(&field.as_str())) {
        wrong.push(FieldError { field: "min_dataset".into(), code: "not_one_of_these".into(), params: None });
    }
    if wrong.is_empty() { Ok(form) } else { Err(Error::Fields(wrong)) }
}
