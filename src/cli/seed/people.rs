//! Settles the demo: places, departments, people and their rota, all in one transaction.

use std::collections::BTreeMap;
use std::time::Duration;

use super::names::{Names, one_of};
use super::places::{PLACES, Place, Room};
use super::{DEMO_PASSWORD, Staff};
use crate::auth::{self, Membership, Role};
use crate::ctx::Ctx;
use crate::directory::{self, Facility, Level, NewDepartment, NewFacility, NewPerson};
use crate::journal::{self, Actor, Entity, Entry};
use crate::kernel::{DepartmentId, FacilityId, StoppedClock, Timestamp, UserId};
use crate::store::{StoreError, WriteTx};

/// The rota of the demo covers so long before and after now.
const ROTA: Duration = Duration::from_hours(30 * 24);
const DAY: Duration = Duration::from_hours(24);
/// The department whose rota is worth looking at.
const SHOWN: &str = "心血管内科";
const WEEK: Duration = Duration::from_hours(7 * 24);
/// 08:00 in the alliance's zone, counted from midnight UTC.
const MORNING: i64 = 0;

/// One settled facility.
pub struct Settled {
    pub facility: Facility,
    pub departments: BTreeMap<&'static str, DepartmentId>,
    pub doctors: Vec<(UserId, DepartmentId)>,
    pub desk: Vec<UserId>,
}

/// The settled alliance, in the order of [`PLACES`].
pub struct Town {
    pub places: Vec<Settled>,
    pub by_name: BTreeMap<String, UserId>,
    pub names: Names,
}

impl Town {
    /// The place of this name.
    pub fn place(&self, name: &str) -> &Settled {
        self.places
            .iter()
            .find(|place| place.facility.name == name)
            .expect("the demo names only its own places")
    }
}

/// Settles everybody. The password is hashed once: a hundred people with one known password
/// gain nothing from a hundred salts.
pub async fn settle(ctx: &Ctx, clock: &StoppedClock, now: Timestamp) -> Result<Town, StoreError> {
    let hash = auth::hash_password(DEMO_PASSWORD, &*ctx.dice).await;
    let mut town = Town { places: Vec::new(), by_name: BTreeMap::new(), names: Names::default() };
    for staff in PLACES.iter().flat_map(|place| place.known) {
        town.names.keep(staff.name);
    }
    let mut tx = ctx.db.write("seed.settle").await?;
    for (number, place) in PLACES.iter().enumerate() {
        let settled = settle_place(ctx, clock, &mut tx, &mut town, (number, place), &hash).await?;
        town.places.push(settled);
    }
    keep_rota(ctx, &mut tx, &town, now).await?;
    tx.commit().await?;
    Ok(town)
}

/// `0999-555-01…` while it lasts: telephone numbers that nobody has.
fn phone(number: usize) -> String {
    format!("0999-555-{:04}", 100 + number)
}

async fn settle_place(
    ctx: &Ctx,
    clock: &StoppedClock,
    tx: &mut WriteTx,
    town: &mut Town,
    (number, place): (usize, &Place),
    hash: &str,
) -> Result<Settled, StoreError> {
    let new = NewFacility {
        name: place.name.to_owned(),
        level: place.level,
        grade: place.grade.map(str::to_owned),
        phone_24h: phone(20 + number),
        leads: number == 0,
    };
    let facility = directory::add_facility(ctx, tx, Actor::System, new).await?;
    let mut settled =
        Settled { facility, departments: BTreeMap::new(), doctors: Vec::new(), desk: Vec::new() };
    for (n, room) in place.departments.iter().enumerate() {
        let id = settle_room(ctx, tx, &settled.facility, room, phone(60 + number * 10 + n)).await?;
        // Lists show what was entered first above what came later.
        clock.forward(Duration::from_millis(1));
        settled.departments.insert(room.name, id);
    }
    for staff in people_of(ctx, town, place) {
        let department = staff.room.map(|room| settled.departments[room]);
        let user = settle_person(ctx, tx, town, &staff, (settled.facility.id, department), hash).await?;
        match (staff.role, department) {
            (Role::Specialist | Role::RuralDoctor, Some(department)) => {
                settled.doctors.push((user, department));
            }
            (Role::Coordinator, _) => settled.desk.push(user),
            _ => {}
        }
    }
    Ok(settled)
}

async fn settle_room(
    ctx: &Ctx,
    tx: &mut WriteTx,
    facility: &Facility,
    room: &Room,
    phone: String,
) -> Result<DepartmentId, StoreError> {
    let new = NewDepartment {
        facility: facility.name(),
        name: room.name.to_owned(),
        scope_text: room.scope.to_owned(),
        phone,
        accepts_consult: room.consult,
        accepts_referral: room.referral,
        min_dataset: room.min_dataset.iter().map(|field| (*field).to_owned()).collect(),
        ring_seconds: 45,
    };
    Ok(directory::add_department(ctx, tx, Actor::System, new).await?.id)
}

/// Somebody of the demo, named or drawn.
struct Somebody {
    name: String,
    title: &'static str,
    role: Role,
    room: Option<&'static str>,
}

fn people_of(ctx: &Ctx, town: &mut Town, place: &Place) -> Vec<Somebody> {
    let known = |staff: &Staff| Somebody {
        name: staff.name.to_owned(),
        title: staff.title,
        role: staff.role,
        room: staff.room,
    };
    let mut people: Vec<Somebody> = place.known.iter().map(known).collect();
    let (doctor, titles): (Role, &[&'static str]) = match place.level {
        Level::Tertiary | Level::Specialised => {
            (Role::Specialist, &["住院医师", "主治医师", "副主任医师", "主任医师"])
        }
        Level::County => (Role::Specialist, &["住院医师", "主治医师", "副主任医师"]),
        Level::Township | Level::Community => (Role::RuralDoctor, &["医师", "主治医师"]),
        Level::Village => (Role::RuralDoctor, &["乡村医生"]),
    };
    for room in place.departments {
        let there = people.iter().filter(|somebody| somebody.room == Some(room.name)).count();
        for _ in there..room.doctors {
            let (name, title) = (town.names.staff(&*ctx.dice), *one_of(&*ctx.dice, titles));
            people.push(Somebody { name, title, role: doctor, room: Some(room.name) });
        }
    }
    let keeps_desk = people.iter().any(|somebody| somebody.role == Role::Coordinator);
    if !keeps_desk && place.level != Level::Village {
        let name = town.names.staff(&*ctx.dice);
        people.push(Somebody { name, title: "护师", role: Role::Coordinator, room: None });
    }
    people
}

async fn settle_person(
    ctx: &Ctx,
    tx: &mut WriteTx,
    town: &mut Town,
    staff: &Somebody,
    (facility, department): (FacilityId, Option<DepartmentId>),
    hash: &str,
) -> Result<UserId, StoreError> {
    let new = NewPerson {
        login: town.names.login(&staff.name),
        name: staff.name.clone(),
        title: staff.title.to_owned(),
        phone: Some(format!("199 0000 {:04}", 1000 + town.by_name.len())),
        roles: vec![Membership { facility, department, role: staff.role }],
    };
    let user = directory::add_person(ctx, tx, Actor::System, &new, hash).await?;
    town.by_name.insert(staff.name.clone(), user);
    Ok(user)
}

/// Writes a rota for every hospital department; townships and villages keep none, their
/// doctors simply answer.
async fn keep_rota(ctx: &Ctx, tx: &mut WriteTx, town: &Town, now: Timestamp) -> Result<(), StoreError> {
    let day = DAY.as_millis() as i64;
    let today = Timestamp::from_millis(now.millis().div_euclid(day) * day + MORNING);
    let (from, to) = (today.minus(ROTA), today.plus(ROTA));
    for place in &town.places {
        if !matches!(place.facility.level, Level::Tertiary | Level::County) {
            continue;
        }
        for (name, department) in &place.departments {
            let doctors: Vec<UserId> =
                place.doctors.iter().filter(|(_, at)| at == department).map(|(user, _)| *user).collect();
            let Some((last, first)) = doctors.split_last() else { continue };
            let turns = if first.is_empty() { &doctors[..] } else { first };
            // One department changes daily, so that its rota has something to show; the others weekly.
            let is_shown = place.facility.leads && *name == SHOWN;
            let every = if is_shown { DAY } else { WEEK };
            // The last one is called when the others do not answer.
            put(ctx, tx, *department, (&[*last], 2), (from, to, every)).await?;
            // The two of the stories are there every day: whoever tries the demo at three in the
            // morning wants to hear it ring, too.
            let always = [town.by_name["许望舟"], town.by_name["秦川渡"]];
            let (always, turns): (Vec<UserId>, Vec<UserId>) =
                turns.iter().partition(|user| is_shown && always.contains(user));
            for user in always {
                put(ctx, tx, *department, (&[user], 1), (from, to, every)).await?;
            }
            put(ctx, tx, *department, (&turns, 1), (from, to, every)).await?;
        }
    }
    let entry = Entry::new(ctx.clock.now(), Actor::System, None, Entity::List("rota"), "rota.keep");
    journal::append(tx, entry, &[]).await?;
    Ok(())
}

/// Puts these people on the rota in turns.
async fn put(
    ctx: &Ctx,
    tx: &mut WriteTx,
    department: DepartmentId,
    (turns, tier): (&[UserId], i64),
    (from, to, every): (Timestamp, Timestamp, Duration),
) -> Result<(), StoreError> {
    let mut at = from;
    for user in turns.iter().cycle() {
        if at >= to {
            break;
        }
        let next = at.plus(every);
        directory::add_shift(ctx, tx, department, (*user, tier), (at, next)).await?;
        at = next;
    }
    Ok(())
}
