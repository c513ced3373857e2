//! What a referral asks of the rooms below: who is where, whom it concerns, what is on file.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    eyes::Eyes,
    model::{Direction, Referral},
    state::MACHINE,
    store,
};
use crate::{
    attachments::{self, Owner},
    auth::{
        Principal, Role,
        policy::{self, Grant},
    },
    consents::{self, Subject},
    ctx::Ctx,
    directory,
    kernel::{DepartmentId, FacilityId, PatientId, ReferralId, Timestamp, UserId},
    patients,
    store::{Query, Result, StoreError, WriteTx},
};

/// Whoever held a leg may read how it ended for so long.
const LOOK_BACK: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A department as a target.
#[derive(Debug, Clone)]
pub struct Place {
    /// Which one.
    pub department: DepartmentId,
    /// Of which facility.
    pub facility: FacilityId,
    /// May be sent a patient.
    pub accepts_referral: bool,
    /// What it wants to know.
    pub min_dataset: Vec<String>,
}

/// A department as a target, if there is one.
pub async fn place(tx: &mut impl Query, id: DepartmentId) -> Result<Option<Place>> {
    Ok(directory::department(tx, id).await?.map(|department| Place {
        department: department.id,
        facility: department.facility.id,
        accepts_referral: department.accepts_referral,
        min_dataset: department.min_dataset,
    }))
}

/// Which way a patient goes from one facility to the other, if at all.
pub async fn relation(tx: &mut impl Query, from: FacilityId, to: FacilityId) -> Result<Option<Direction>> {
    directory::relation(tx, from, to).await
}

/// The department of `facility` that takes a patient back, if it has one.
pub async fn takes_back(tx: &mut impl Query, facility: FacilityId) -> Result<Option<DepartmentId>> {
    store::takes_back(tx, facility).await
}

/// True if there is such a patient and this person may open him.
pub async fn may_open(tx: &mut impl Query, who: &Principal, id: PatientId) -> Result<bool> {
    patients::may_open(tx, who, id).await
}

/// The patient as he is now, to be kept with the letter.
pub async fn snapshot(ctx: &Ctx, tx: &mut impl Query, id: PatientId) -> Result<Value> {
    patients::snapshot(ctx, tx, id).await
}

/// The patient in a list.
pub async fn patient(ctx: &Ctx, tx: &mut impl Query, id: PatientId) -> Result<Value> {
    let brief = patients::brief(ctx, tx, id).await?;
    serde_json::to_value(brief).map_err(|_| StoreError::Broken {
        column: "patients.sealed".to_owned(),
        why: "is not JSON".to_owned(),
    })
}

/// A facility beside a name.
pub async fn facility(tx: &mut impl Query, id: FacilityId) -> Result<Value> {
    let facility = directory::facility(tx, id).await?;
    Ok(facility.map_or_else(|| json!({ "id": id }), |facility| json!(facility.name())))
}

/// A department beside a name.
pub async fn department(tx: &mut impl Query, id: DepartmentId) -> Result<Value> {
    let department = directory::department(tx, id).await?;
    Ok(department.map_or_else(|| json!({ "id": id }), |department| json!(department.name())))
}

/// A member of staff beside what they did.
pub async fn person(tx: &mut impl Query, id: UserId) -> Result<Value> {
    let person = directory::person(tx, id).await?;
    Ok(person.map_or_else(|| json!({ "id": id }), |person| json!(person)))
}

/// Whom a change concerns: who answers for the letter, both desks, and the doctors who are asked.
pub async fn audience(tx: &mut impl Query, referral: &Referral) -> Result<Vec<UserId>> {
    let mut people = vec![referral.from_user, referral.created_by];
    people.extend(directory::desk_of(tx, referral.from_facility).await?);
    if referral.submitted_at.is_some() {
        let leg = &referral.leg;
        people.extend(side_of(tx, leg.to_facility, leg.to_department, referral.direction).await?);
    }
    Ok(people)
}

/// The desk and the doctors of a target.
pub async fn side_of(
    tx: &mut impl Query,
    facility: FacilityId,
    department: DepartmentId,
    direction: Direction,
) -> Result<Vec<UserId>> {
    let mut people = directory::desk_of(tx, facility).await?;
    people.extend(directory::doctors_of(tx, department).await?);
    if direction == Direction::Down {
        people.extend(directory::doctors_at(tx, facility).await?);
    }
    Ok(people)
}

/// How `who` stands to `referral`.
pub async fn eyes(ctx: &Ctx, tx: &mut impl Query, who: &Principal, referral: &Referral) -> Result<Eyes> {
    let lead = directory::lead(tx).await?;
    let sides = referral.sides(lead.unwrap_or(referral.from_facility));
    let mut actors = policy::actors(who, &sides);
    if lead.is_none() {
        actors.retain(|actor| *actor != policy::Actor::AllianceDispatcher);
    }
    let plays = !actors.is_empty();
    let held_until = if plays { None } else { held_until(ctx, tx, who, referral).await? };
    let grant = if held_until.is_some() { Grant::TakesPart } else { Grant::None };
    let was_here = referral.submitted_at.is_none() || referral.arrived_at.is_some();
    let withdrawn = !was_here && consents::was_withdrawn(tx, Subject::Referral(referral.id)).await?;
    let admitted = policy::require(who, &sides, grant).map(|_| ());
    Ok(Eyes { who: who.clone(), admitted, actors, held_until, withdrawn })
}

/// Until when the house of `who` held a leg of it, if that is not too long ago.
async fn held_until(
    ctx: &Ctx,
    tx: &mut impl Query,
    who: &Principal,
    referral: &Referral,
) -> Result<Option<Timestamp>> {
    let now = ctx.clock.now();
    let legs = store::legs(tx, ctx, referral.id).await?;
    let theirs = |facility: FacilityId, department: DepartmentId| {
        who.memberships.iter().any(|m| {
            m.facility == facility
                && match m.role {
                    Role::Coordinator => true,
                    Role::Specialist => m.department == Some(department),
                    Role::RuralDoctor => referral.direction == Direction::Down,
                    Role::FacilityAdmin | Role::AllianceAdmin | Role::Auditor => false,
                }
        })
    };
    Ok(legs
        .iter()
        .filter(|leg| theirs(leg.to_facility, leg.to_department))
        .filter_map(|leg| leg.ended_at)
        .filter(|ended| now.since(*ended) <= LOOK_BACK)
        .max())
}

/// True if a file was linked to the referral after `asked`.
pub async fn files_since(ctx: &Ctx, tx: &mut impl Query, id: ReferralId, asked: Timestamp) -> Result<bool> {
    let files = attachments::list(ctx, tx, Owner::Referral(id)).await?;
    Ok(files.iter().any(|file| file.linked_at >= asked))
}

/// How many files the referral shows.
pub async fn file_count(ctx: &Ctx, tx: &mut impl Query, id: ReferralId) -> Result<usize> {
    Ok(attachments::list(ctx, tx, Owner::Referral(id)).await?.len())
}

/// Lets the house that is asked open the patient for as long as the referral lives.
pub async fn share_patient(
    tx: &mut WriteTx,
    before: &Referral,
    after: &Referral,
    at: Timestamp,
) -> Result<()> {
    let because = after.id.to_string();
    if MACHINE.is_terminal(after.state) {
        return patients::end_share(tx, &because, at).await;
    }
    let asked_anew = before.leg.id != after.leg.id || before.leg.to_department != after.leg.to_department;
    if after.submitted_at.is_none() || (before.submitted_at.is_some() && !asked_anew) {
        return Ok(());
    }
    // On the way down every doctor of the township answers, whatever his department.
    let department = (after.direction != Direction::Down).then_some(after.leg.to_department);
    patients::end_share(tx, &because, at).await?;
    patients::share(tx, after.patient, &because, (after.leg.to_facility, department), at).await
}

/// The department of a doctor at a facility, if he has one.
pub async fn seat_of(
    tx: &mut impl Query,
    user: UserId,
    facility: FacilityId,
) -> Result<Option<DepartmentId>> {
    store::seat_of(tx, user, facility).await
}
