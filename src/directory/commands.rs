//! Looking places and departments up, and entering them.

use std::collections::BTreeMap;

use super::{
    duty,
    model::{
        Department, DepartmentView, Facility, FacilityView, Level, OnCallView, PersonName, Tier, TierView,
    },
    rota, store,
};
use crate::{
    auth::{self, FacilityName, Membership, Principal, Status, policy::Direction},
    ctx::Ctx,
    journal::{self, Actor, Entity, Entry},
    kernel::{DepartmentId, FacilityId, ShiftId, Timestamp, UserId, pinyin},
    store::{StoreError, WriteTx},
};

/// Why something in the directory was not found or not entered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such department, or not in use.
    #[error("no such department")]
    NoDepartment,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a list of departments is narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Only those that take consults.
    pub consult: bool,
    /// Only those that take referrals.
    pub referral: bool,
    /// Only those of one facility.
    pub facility: Option<FacilityId>,
    /// Name, pinyin, initials or a word of the scope.
    pub q: Option<String>,
}

/// All facilities, with which way a patient goes there from the caller's.
pub async fn facilities(ctx: &Ctx, who: &Principal) -> Result<Vec<FacilityView>, Error> {
    let mut tx = ctx.db.read().await?;
    let all = store::facilities(&mut tx).await?;
    let relations = Relations::of(&mut tx, &all, who.acting).await?;
    let view = |facility: Facility| FacilityView {
        relation: relations.to(facility.id),
        id: facility.id,
        name: facility.name,
        pinyin: facility.pinyin,
        level: facility.level,
        grade: facility.grade,
        phone_24h: facility.phone_24h,
    };
    Ok(all.into_iter().map(view).collect())
}

/// The departments that fit, best first: by how well they fit what was typed, then those
/// where somebody is there, then as the facilities come.
pub async fn departments(ctx: &Ctx, who: &Principal, wanted: &Wanted) -> Result<Vec<DepartmentView>, Error> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.read().await?;
    let all = store::facilities(&mut tx).await?;
    let relations = Relations::of(&mut tx, &all, who.acting).await?;
    let mut fitting: Vec<(u8, Department)> = Vec::new();
    for department in store::departments(&mut tx).await? {
        let open = (!wanted.consult || department.accepts_consult)
            && (!wanted.referral || department.accepts_referral)
            && wanted.facility.is_none_or(|facility| facility == department.facility.id);
        // Whoever looks for someone to ask does not mean the next room.
        let elsewhere =
            !(wanted.consult || wanted.referral) || relations.to(department.facility.id).is_some();
        if let (true, true, Some(rank)) = (open, elsewhere, rank(wanted.q.as_deref(), &department)) {
            fitting.push((rank, department));
        }
    }
    let shifts = duty::store::shifts_at(&mut tx, now).await?;
    let without_rota = duty::store::doctors_without_rota(&mut tx, now).await?;
    let mut ordered: Vec<(u8, Department, Vec<Tier>)> = Vec::new();
    for (rank, department) in fitting {
        let tiers = match (shifts.get(&department.id), without_rota.get(&department.id)) {
            (Some(shifts), _) => rota::tiers_at(shifts, department.ring_seconds, now),
            (None, Some(people)) => {
                vec![Tier { tier: 1, seconds: department.ring_seconds, people: people.clone() }]
            }
            (None, None) => Vec::new(),
        };
        ordered.push((rank, department, tiers));
    }
    let people: Vec<UserId> =
        ordered.iter().flat_map(|(_, _, tiers)| tiers).flat_map(|tier| &tier.people).map(|p| p.id).collect();
    let presence = auth::presence_of(&mut tx, &unique(people), now).await?;
    let mut views: Vec<(u8, DepartmentView)> = ordered
        .into_iter()
        .map(|(rank, department, tiers)| {
            let relation = relations.to(department.facility.id);
            (rank, view(department, tiers, &presence, relation))
        })
        .collect();
    let place = |view: &DepartmentView| all.iter().position(|facility| facility.id == view.facility.id);
    views.sort_by_key(|(rank, view)| (*rank, view.reach.state, place(view)));
    Ok(views.into_iter().map(|(_, view)| view).collect())
}

/// One department.
///
/// # Errors
/// `NoDepartment` if there is none.
pub async fn department_view(ctx: &Ctx, who: &Principal, id: DepartmentId) -> Result<DepartmentView, Error> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.read().await?;
    let department = store::department(&mut tx, id).await?.ok_or(Error::NoDepartment)?;
    let tiers = duty::store::on_call(&mut tx, &department, now).await?;
    let people: Vec<UserId> = tiers.iter().flat_map(|tier| &tier.people).map(|person| person.id).collect();
    let presence = auth::presence_of(&mut tx, &people, now).await?;
    let relation = store::relation(&mut tx, who.acting, department.facility.id).await?;
    Ok(view(department, tiers, &presence, relation))
}

/// The doctors of a department, whoever can be rung first.
///
/// # Errors
/// `NoDepartment` if there is none.
pub async fn doctors(ctx: &Ctx, id: DepartmentId) -> Result<Vec<OnCallView>, Error> {
    let mut tx = ctx.db.read().await?;
    store::department(&mut tx, id).await?.ok_or(Error::NoDepartment)?;
    let ids = store::doctors_of(&mut tx, id).await?;
    let names = super::names_of(&mut tx, &ids).await?;
    let presence = auth::presence_of(&mut tx, &ids, ctx.clock.now()).await?;
    let status = |id: UserId| presence.get(&id).copied().unwrap_or(Status::Off);
    let mut people: Vec<OnCallView> = names
        .into_values()
        .map(|person| OnCallView {
            presence: status(person.id),
            id: person.id,
            name: person.name,
            title: person.title,
        })
        .collect();
    people.sort_by_key(|person| person.presence != Status::Available);
    Ok(people)
}

fn unique(mut people: Vec<UserId>) -> Vec<UserId> {
    people.sort_unstable();
    people.dedup();
    people
}

fn view(
    department: Department,
    tiers: Vec<Tier>,
    presence: &BTreeMap<UserId, Status>,
    relation: Option<Direction>,
) -> DepartmentView {
    let status = |person: &PersonName| presence.get(&person.id).copied().unwrap_or(Status::Off);
    let reach = rota::reach(tiers.iter().flat_map(|tier| &tier.people).map(status));
    let ring_order = tiers
        .into_iter()
        .map(|tier| TierView {
            tier: tier.tier,
            seconds: tier.seconds,
            people: tier
                .people
                .into_iter()
                .map(|person| OnCallView {
                    presence: status(&person),
                    id: person.id,
                    name: person.name,
                    title: person.title,
                })
                .collect(),
        })
        .collect();
    DepartmentView {
        id: department.id,
        name: department.name,
        pinyin: department.pinyin,
        facility: department.facility,
        scope_text: department.scope_text,
        phone: department.phone,
        accepts_consult: department.accepts_consult,
        accepts_referral: department.accepts_referral,
        min_dataset: department.min_dataset,
        reach,
        ring_order,
        relation,
    }
}

/// How well a department fits what was typed: 0 is best, `None` not at all.
fn rank(q: Option<&str>, department: &Department) -> Option<u8> {
    let typed: String = q.unwrap_or_default().to_lowercase().split_whitespace().collect();
    if typed.is_empty() {
        return Some(0);
    }
    let place = pinyin::read(&department.facility.name);
    let tests = [
        department.name.starts_with(&typed) || department.initials == typed || department.pinyin == typed,
        department.name.contains(&typed)
            || department.pinyin.starts_with(&typed)
            || department.initials.starts_with(&typed),
        department.scope_text.to_lowercase().contains(&typed),
        department.facility.name.contains(&typed)
            || place.initials().starts_with(&typed)
            || place.whole().starts_with(&typed),
    ];
    (0..).zip(tests).find_map(|(rank, fits)| fits.then_some(rank))
}

/// Which way a patient goes from one facility to all others.
struct Relations(BTreeMap<FacilityId, Direction>);

impl Relations {
    async fn of(
        tx: &mut impl crate::store::Query,
        all: &[Facility],
        from: FacilityId,
    ) -> Result<Self, StoreError> {
        let by_hand = store::relations_by_hand(tx, from).await?;
        let Some(here) = all.iter().find(|facility| facility.id == from).map(|facility| facility.level)
        else {
            return Ok(Self(BTreeMap::new()));
        };
        let others = all.iter().filter(|facility| facility.id != from).filter_map(|facility| {
            let by_level = || here.relation_to(facility.level);
            let relation = by_hand.get(&facility.id).copied().unwrap_or_else(by_level)?;
            Some((facility.id, relation))
        });
        Ok(Self(others.collect()))
    }

    fn to(&self, facility: FacilityId) -> Option<Direction> {
        self.0.get(&facility).copied()
    }
}

/// A facility to be entered.
#[derive(Debug, Clone)]
pub struct NewFacility {
    /// Its name.
    pub name: String,
    /// What it can do.
    pub level: Level,
    /// Its grade.
    pub grade: Option<String>,
    /// The telephone that is answered day and night.
    pub phone_24h: String,
    /// True for the one that leads the alliance.
    pub leads: bool,
}

/// A department to be entered.
#[derive(Debug, Clone)]
pub struct NewDepartment {
    /// Of which facility.
    pub facility: FacilityName,
    /// Its name.
    pub name: String,
    /// What it takes and what it does not.
    pub scope_text: String,
    /// Its desk's telephone.
    pub phone: String,
    /// May be asked for a consult.
    pub accepts_consult: bool,
    /// May be sent a patient.
    pub accepts_referral: bool,
    /// What must be filled in before it is asked.
    pub min_dataset: Vec<String>,
    /// How long each tier is rung.
    pub ring_seconds: i64,
}

/// A person to be entered.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// What they sign in as.
    pub login: String,
    /// Their name.
    pub name: String,
    /// Their title.
    pub title: String,
    /// Their telephone.
    pub phone: Option<String>,
    /// What they are where, the first one first.
    pub roles: Vec<Membership>,
}

/// Enters a facility.
pub async fn add_facility(
    ctx: &Ctx,
    tx: &mut WriteTx,
    by: Actor,
    new: NewFacility,
) -> Result<Facility, StoreError> {
    let at = ctx.clock.now();
    let sounds = pinyin::read(&new.name);
    let facility = Facility {
        id: FacilityId::draw(at, &*ctx.dice),
        pinyin: sounds.whole(),
        initials: sounds.initials(),
        name: new.name,
        level: new.level,
        grade: new.grade,
        phone_24h: new.phone_24h,
        leads: new.leads,
    };
    store::insert_facility(tx, &facility, at).await?;
    let entry = Entry::new(at, by, Some(facility.id), Entity::Facility(facility.id), "facility.add");
    journal::append(tx, entry, &[]).await?;
    Ok(facility)
}

/// Enters a department.
pub async fn add_department(
    ctx: &Ctx,
    tx: &mut WriteTx,
    by: Actor,
    new: NewDepartment,
) -> Result<Department, StoreError> {
    let at = ctx.clock.now();
    let sounds = pinyin::read(&new.name);
    let department = Department {
        id: DepartmentId::draw(at, &*ctx.dice),
        pinyin: sounds.whole(),
        initials: sounds.initials(),
        facility: new.facility,
        name: new.name,
        scope_text: new.scope_text,
        phone: new.phone,
        accepts_consult: new.accepts_consult,
        accepts_referral: new.accepts_referral,
        min_dataset: new.min_dataset,
        ring_seconds: new.ring_seconds,
    };
    store::insert_department(tx, &department, at).await?;
    let facility = Some(department.facility.id);
    let entry = Entry::new(at, by, facility, Entity::Department(department.id), "department.add");
    journal::append(tx, entry, &[]).await?;
    Ok(department)
}

/// Enters a person with their roles and an account under a password that was hashed before.
pub async fn add_person(
    ctx: &Ctx,
    tx: &mut WriteTx,
    by: Actor,
    new: &NewPerson,
    password_hash: &str,
) -> Result<UserId, StoreError> {
    let id = write_person(ctx, tx, by, new).await?;
    auth::keep_password(tx, id, password_hash, ctx.clock.now()).await?;
    Ok(id)
}

/// Enters a person with their roles, who cannot sign in before they set a password by link.
pub async fn add_person_without_password(
    ctx: &Ctx,
    tx: &mut WriteTx,
    by: Actor,
    new: &NewPerson,
) -> Result<UserId, StoreError> {
    let id = write_person(ctx, tx, by, new).await?;
    auth::keep_no_password(tx, id).await?;
    Ok(id)
}

async fn write_person(ctx: &Ctx, tx: &mut WriteTx, by: Actor, new: &NewPerson) -> Result<UserId, StoreError> {
    let at = ctx.clock.now();
    let id = UserId::draw(at, &*ctx.dice);
    let row = store::PersonRow {
        id,
        login: &new.login.trim().to_lowercase(),
        name: &new.name,
        pinyin: &pinyin::read_name(&new.name).shown(),
        title: &new.title,
        phone: new.phone.as_deref(),
    };
    store::insert_person(tx, &row, &new.roles, at).await?;
    let facility = new.roles.first().map(|role| role.facility);
    let roles: Vec<_> = new.roles.iter().map(|m| m.role.word()).collect();
    let entry = Entry::new(at, by, facility, Entity::User(id), "user.add")
        .with(serde_json::json!({ "roles": roles }));
    journal::append(tx, entry, &[]).await?;
    Ok(id)
}

/// Puts a person on the rota. The caller journals the rota as a whole.
pub async fn add_shift(
    ctx: &Ctx,
    tx: &mut WriteTx,
    department: DepartmentId,
    (user, tier): (UserId, i64),
    span: (Timestamp, Timestamp),
) -> Result<ShiftId, StoreError> {
    let id = ShiftId::draw(ctx.clock.now(), &*ctx.dice);
    store::insert_shift(tx, id, department, (user, tier), span).await?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::LoadedDice;

    fn cardiology() -> Department {
        let (now, dice) = (Timestamp::from_millis(0), LoadedDice::new(1));
        let sounds = pinyin::read("心血管内科");
        Department {
            id: DepartmentId::draw(now, &dice),
            facility: FacilityName {
                id: FacilityId::draw(now, &dice),
                name: "云堤市第一人民医院".into(),
                level: "tertiary".into(),
                phone_24h: "0999-555-0120".into(),
            },
            name: "心血管内科".into(),
            pinyin: sounds.whole(),
            initials: sounds.initials(),
            scope_text: "胸痛、心衰、心律失常。".into(),
            phone: "0999-555-0121".into(),
            accepts_consult: true,
            accepts_referral: true,
            min_dataset: vec![],
            ring_seconds: 45,
        }
    }

    #[test]
    fn a_department_is_found_by_its_name_its_pinyin_and_what_it_takes() {
        for (typed, expected) in [
            ("心血管", Some(0)),
            ("xxgnk", Some(0)),
            ("xinxue", Some(1)),
            ("内科", Some(1)),
            ("胸痛", Some(2)),
            ("云堤", Some(3)),
            ("yds", Some(3)),
            ("骨折", None),
            ("  ", Some(0)),
        ] {
            assert_eq!(rank(Some(typed), &cardiology()), expected, "{typed}");
        }
    }
}
