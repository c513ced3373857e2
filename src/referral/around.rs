//! What a referral asks of the rooms below: who is where, whom it concerns, what is on file.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

use super::{
    eyes::Eyes,
    model::{Direction, Leg, Referral},
    state::MACHINE,
    store,
};
use crate::{
    attachments::{self, Owner},
    auth::{
        Principal, Role,
        policy::{self, Grant, Sides},
    },
    consents::{self, Subject},
    ctx::Ctx,
    directory::{self, Mentioned, Names},
    kernel::{DepartmentId, FacilityId, PatientId, ReferralId, Timestamp, UserId},
    patients::{self, PatientBrief},
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

/// What several referrals name, read in a handful of questions however many they are.
pub struct Around {
    names: Names,
    patients: BTreeMap<PatientId, PatientBrief>,
    files: BTreeMap<String, i64>,
}

impl Around {
    /// Reads what the heads of these referrals name.
    pub async fn of(ctx: &Ctx, tx: &mut impl Query, referrals: &[Referral]) -> Result<Self> {
        let mut mentioned = Mentioned::default();
        for r in referrals {
            mentioned.people.extend(
                [Some(r.from_user), r.leg.decided_by.or(r.leg.to_user), r.assigned_to].into_iter().flatten(),
            );
            mentioned.facilities.extend([r.from_facility, r.leg.to_facility]);
            mentioned
                .departments
                .extend([Some(r.leg.to_department), r.from_department].into_iter().flatten());
        }
        let patients: Vec<PatientId> = referrals.iter().map(|r| r.patient).collect();
        let owners: Vec<Owner> = referrals.iter().map(|r| Owner::Referral(r.id)).collect();
        Ok(Self {
            names: Names::of(tx, mentioned).await?,
            patients: patients::briefs(ctx, tx, &patients).await?,
            files: attachments::counts(tx, &owners).await?,
        })
    }

    /// A member of staff beside what they did.
    pub fn person(&self, id: UserId) -> Value {
        self.names.person(id).map_or_else(|| json!({ "id": id }), |person| json!(person))
    }

    /// A facility beside a name.
    pub fn facility(&self, id: FacilityId) -> Value {
        self.names.facility(id).map_or_else(|| json!({ "id": id }), |facility| json!(facility))
    }

    /// A department beside a name.
    pub fn department(&self, id: DepartmentId) -> Value {
        self.names.department(id).map_or_else(|| json!({ "id": id }), |department| json!(department.name()))
    }

    /// The patient in a list.
    pub fn patient(&self, id: PatientId) -> Result<Value> {
        let brief = self.patients.get(&id).ok_or(StoreError::NoRow)?;
        serde_json::to_value(brief).map_err(|_| StoreError::Broken {
            column: "patients.sealed".to_owned(),
            why: "is not JSON".to_owned(),
        })
    }

    /// How many files a referral shows.
    pub fn files(&self, id: ReferralId) -> i64 {
        self.files.get(&id.to_string()).copied().unwrap_or(0)
    }
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
    let mut all = eyes_of(ctx, tx, who, std::slice::from_ref(referral)).await?;
    all.pop().ok_or(StoreError::NoRow)
}

/// How `who` stands to each of `referrals`, in their order; in as many questions as for one.
pub async fn eyes_of(
    ctx: &Ctx,
    tx: &mut impl Query,
    who: &Principal,
    referrals: &[Referral],
) -> Result<Vec<Eyes>> {
    let lead = directory::lead(tx).await?;
    let sides: Vec<Sides> = referrals.iter().map(|r| r.sides(lead.unwrap_or(r.from_facility))).collect();
    let mut parts: Vec<Vec<policy::Actor>> = sides.iter().map(|sides| policy::actors(who, sides)).collect();
    if lead.is_none() {
        parts.iter_mut().for_each(|parts| parts.retain(|part| *part != policy::Actor::AllianceDispatcher));
    }
    let not_here = |r: &&Referral| r.submitted_at.is_some() && r.arrived_at.is_none();
    let open: Vec<Subject> = referrals.iter().filter(not_here).map(|r| Subject::Referral(r.id)).collect();
    let withdrawn = consents::withdrawn_of(tx, &open).await?;
    let strange: Vec<ReferralId> =
        referrals.iter().zip(&parts).filter(|(_, parts)| parts.is_empty()).map(|(r, _)| r.id).collect();
    let mut legs = store::legs_of(tx, ctx, &strange).await?;
    let mut all = Vec::with_capacity(referrals.len());
    for ((referral, sides), actors) in referrals.iter().zip(sides).zip(parts) {
        let held = legs.remove(&referral.id).unwrap_or_default();
        let held_until = held_until(ctx.clock.now(), who, referral, &held);
        let grant = if held_until.is_some() { Grant::TakesPart } else { Grant::None };
        all.push(Eyes {
            who: who.clone(),
            admitted: policy::require(who, &sides, grant).map(|_| ()),
            actors,
            held_until,
            withdrawn: not_here(&referral) && withdrawn.contains(&referral.id.to_string()),
        });
    }
    Ok(all)
}

/// Until when the house of `who` held a leg of it, if that is not too long ago.
fn held_until(now: Timestamp, who: &Principal, referral: &Referral, legs: &[Leg]) -> Option<Timestamp> {
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
    legs.iter()
        .filter(|leg| theirs(leg.to_facility, leg.to_department))
        .filter_map(|leg| leg.ended_at)
        .filter(|ended| now.since(*ended) <= LOOK_BACK)
        .max()
}

/// True if a file was linked to the referral after `asked`.
pub async fn files_since(ctx: &Ctx, tx: &mut impl Query, id: ReferralId, asked: Timestamp) -> Result<bool> {
    let files = attachments::list(ctx, tx, Owner::Referral(id)).await?;
    Ok(files.iter().any(|file| file.linked_at >= asked))
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
