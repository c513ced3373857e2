//! What a consult asks its neighbours: departments, who is on call, who must hear of it.

use super::{
    form,
    model::{Consult, Ring, Urgency},
    ring::{Callee, DESK},
    store::people,
};
use crate::{
    attachments::{self, Owner},
    auth::{self, Status},
    ctx::Ctx,
    directory::{self, Department, PersonName},
    http::FieldError,
    kernel::{AttachmentId, ConsultId, DepartmentId, FacilityId, Timestamp, UserId},
    patients,
    store::{Query, Result, StoreError, WriteTx},
};

/// A department that a record names.
pub async fn department(tx: &mut impl Query, id: DepartmentId) -> Result<Department> {
    directory::department(tx, id).await?.ok_or(StoreError::NoRow)
}

/// The department a house asks, or the field that is not right: besides what [`elsewhere`] refuses,
/// one of a house that it has nothing to do with.
pub async fn target(
    tx: &mut impl Query,
    from: FacilityId,
    to: DepartmentId,
) -> Result<std::result::Result<Department, FieldError>> {
    let asked = elsewhere(tx, from, to).await?;
    let Ok(department) = &asked else { return Ok(asked) };
    let related = directory::relation(tx, from, department.facility.id).await?.is_some();
    Ok(if related { asked } else { Err(form::wrong("to_department", "not_related")) })
}

/// A department that takes consults, of another house than `from`; or the field that is not right.
pub async fn elsewhere(
    tx: &mut impl Query,
    from: FacilityId,
    to: DepartmentId,
) -> Result<std::result::Result<Department, FieldError>> {
    let Some(department) = directory::department(tx, to).await? else {
        return Ok(Err(form::wrong("to_department", "unknown")));
    };
    let fits = department.accepts_consult && department.facility.id != from;
    Ok(if fits { Ok(department) } else { Err(form::wrong("to_department", "not_accepting")) })
}

/// A member of staff that a record names.
pub async fn person(tx: &mut impl Query, id: UserId) -> Result<PersonName> {
    directory::person(tx, id).await?.ok_or(StoreError::NoRow)
}

/// Whoever could be rung for a consult: the rota's tiers in order, then the desk. Reachable
/// is who has an open line and is free; in an emergency also who said to be busy.
pub async fn callees(tx: &mut impl Query, consult: &Consult, now: Timestamp) -> Result<Vec<Callee>> {
    let department = department(tx, consult.to_department).await?;
    let seconds = u32::try_from(department.ring_seconds).unwrap_or(45);
    let mut asked: Vec<(UserId, i64)> = Vec::new();
    for tier in directory::on_call(tx, &department, now).await? {
        asked.extend(tier.people.into_iter().map(|person| (person.id, tier.tier)));
    }
    for user in directory::desk_of(tx, consult.to_facility).await? {
        if !asked.iter().any(|(other, _)| *other == user) {
            asked.push((user, DESK));
        }
    }
    let users: Vec<UserId> = asked.iter().map(|(user, _)| *user).collect();
    let presence = auth::presence_of(tx, &users, now).await?;
    let is_reachable = |user: UserId| match presence.get(&user) {
        Some(Status::Available) => true,
        Some(Status::Busy) => consult.urgency == Urgency::Emergency,
        Some(Status::OnBreak | Status::Off) | None => false,
    };
    let callee = |(user, tier)| Callee { user, tier, seconds, reachable: is_reachable(user) };
    Ok(asked.into_iter().map(callee).collect())
}

/// The rings of the present round.
pub async fn round(tx: &mut impl Query, consult: &Consult) -> Result<Vec<Ring>> {
    let rings = people::rings(tx, consult.id).await?;
    Ok(rings.into_iter().filter(|ring| ring.round == consult.ring_round).collect())
}

/// Who hears of a change: the author, the doctor and the chair, who was rung or takes part,
/// and, once it was sent, the department's doctors and the desk.
pub async fn audience(tx: &mut impl Query, consult: &Consult) -> Result<Vec<UserId>> {
    let mut people = vec![consult.from_user];
    people.extend(consult.to_user);
    people.extend(consult.chair);
    people.extend(people::takes_part(tx, consult.id).await?);
    if consult.opened_at.is_some() {
        people.extend(directory::doctors_of(tx, consult.to_department).await?);
        people.extend(directory::desk_of(tx, consult.to_facility).await?);
    }
    people.sort_unstable();
    people.dedup();
    Ok(people)
}

/// Lets the asked department and its desk open the patient while the consult is under way.
pub async fn share_patient(tx: &mut WriteTx, consult: &Consult, at: Timestamp) -> Result<()> {
    let with = (consult.to_facility, Some(consult.to_department));
    patients::share(tx, consult.patient, &consult.id.to_string(), with, at).await
}

/// Closes the patient to the asked department again. The consult itself stays readable.
pub async fn end_share(tx: &mut WriteTx, consult: &Consult, at: Timestamp) -> Result<()> {
    patients::end_share(tx, &consult.id.to_string(), at).await
}

/// The first picture of a consult: what one looks at while it rings.
pub async fn first_picture(ctx: &Ctx, tx: &mut impl Query, id: ConsultId) -> Result<Option<AttachmentId>> {
    let files = attachments::list(ctx, tx, Owner::Consult(id)).await?;
    Ok(files.iter().find(|file| file.kind.mime().starts_with("image/")).map(|file| file.id))
}
