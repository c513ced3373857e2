//! Places, departments, people and duties as rows.

use std::collections::BTreeMap;

use super::model::{Department, Facility, Level, PersonName, StaffLine};
use crate::{
    auth::{FacilityName, Membership, Role, policy::Direction},
    kernel::{DepartmentId, FacilityId, ShiftId, Timestamp, UserId},
    store::{Query, Result, Row, WriteTx, args},
};

/// The facility `id`, if there is one.
pub async fn facility(tx: &mut impl Query, id: FacilityId) -> Result<Option<Facility>> {
    let row = tx
        .fetch_optional(
            "SELECT id, name, pinyin, initials, level, grade, phone_24h, leads
               FROM facilities
              WHERE id = $1",
            args![id],
        )
        .await?;
    row.as_ref().map(facility_row).transpose()
}

/// The facility that leads the alliance, once the house is set up.
pub async fn lead(tx: &mut impl Query) -> Result<Option<FacilityId>> {
    let row = tx.fetch_optional("SELECT id FROM facilities WHERE leads = 1", args![]).await?;
    row.map(|row| row.get("id")).transpose()
}

/// All active facilities: those that can do most come first, the lead before them.
pub async fn facilities(tx: &mut impl Query) -> Result<Vec<Facility>> {
    let rows = tx
        .fetch_all(
            "SELECT id, name, pinyin, initials, level, grade, phone_24h, leads
               FROM facilities
              WHERE active = 1
              ORDER BY leads DESC, created_at, id",
            args![],
        )
        .await?;
    let mut all: Vec<Facility> = rows.iter().map(facility_row).collect::<Result<_>>()?;
    all.sort_by_key(|facility| std::cmp::Reverse(facility.level.rank()));
    Ok(all)
}

fn facility_row(row: &Row) -> Result<Facility> {
    Ok(Facility {
        id: row.get("id")?,
        name: row.get("name")?,
        pinyin: row.get("pinyin")?,
        initials: row.get("initials")?,
        level: row.parse("level")?,
        grade: row.get("grade")?,
        phone_24h: row.get("phone_24h")?,
        leads: row.get("leads")?,
    })
}

/// Which way a patient goes from one facility to the other, if at all: what was set by hand
/// wins over what follows from the levels.
pub async fn relation(tx: &mut impl Query, from: FacilityId, to: FacilityId) -> Result<Option<Direction>> {
    if from == to {
        return Ok(None);
    }
    let row = tx
        .fetch_optional(
            "SELECT a.level AS from_level, b.level AS to_level, r.kind
               FROM facilities a
               JOIN facilities b ON b.id = $2
               LEFT JOIN facility_relations r ON r.from_facility = a.id AND r.to_facility = b.id
              WHERE a.id = $1",
            args![from, to],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let (here, there): (Level, Level) = (row.parse("from_level")?, row.parse("to_level")?);
    Ok(match row.get::<Option<String>>("kind")? {
        Some(kind) => kind.parse().ok(),
        None => here.relation_to(there),
    })
}

/// Relations from one facility that were set by hand; `None`: nothing may be sent that way.
pub async fn relations_by_hand(
    tx: &mut impl Query,
    from: FacilityId,
) -> Result<BTreeMap<FacilityId, Option<Direction>>> {
    let rows = tx
        .fetch_all("SELECT to_facility, kind FROM facility_relations WHERE from_facility = $1", args![from])
        .await?;
    rows.iter().map(|row| Ok((row.get("to_facility")?, row.get::<String>("kind")?.parse().ok()))).collect()
}

/// The department `id`, if there is one.
pub async fn department(tx: &mut impl Query, id: DepartmentId) -> Result<Option<Department>> {
    let row = tx
        .fetch_optional(
            "SELECT d.id, d.name, d.pinyin, d.initials, d.scope_text, d.phone, d.accepts_consult,
                    d.accepts_referral, d.min_dataset, d.ring_seconds,
                    f.id AS facility_id, f.name AS facility_name, f.level, f.phone_24h
               FROM departments d
               JOIN facilities f ON f.id = d.facility_id
              WHERE d.id = $1
                AND d.active = 1
                AND f.active = 1",
            args![id],
        )
        .await?;
    row.as_ref().map(department_row).transpose()
}

/// All active departments, facility by facility.
pub async fn departments(tx: &mut impl Query) -> Result<Vec<Department>> {
    let rows = tx
        .fetch_all(
            "SELECT d.id, d.name, d.pinyin, d.initials, d.scope_text, d.phone, d.accepts_consult,
                    d.accepts_referral, d.min_dataset, d.ring_seconds,
                    f.id AS facility_id, f.name AS facility_name, f.level, f.phone_24h
               FROM departments d
               JOIN facilities f ON f.id = d.facility_id
              WHERE d.active = 1
                AND f.active = 1
              ORDER BY f.leads DESC, f.created_at, f.id, d.created_at, d.id",
            args![],
        )
        .await?;
    rows.iter().map(department_row).collect()
}

/// A department with its facility, whether it is open or closed.
pub(super) const DEPARTMENTS: &str =
    "SELECT d.id, d.name, d.pinyin, d.initials, d.scope_text, d.phone, d.accepts_consult,
            d.accepts_referral, d.min_dataset, d.ring_seconds,
            f.id AS facility_id, f.name AS facility_name, f.level, f.phone_24h
       FROM departments d
       JOIN facilities f ON f.id = d.facility_id";

pub(super) fn department_row(row: &Row) -> Result<Department> {
    Ok(Department {
        id: row.get("id")?,
        facility: FacilityName {
            id: row.get("facility_id")?,
            name: row.get("facility_name")?,
            level: row.get("level")?,
            phone_24h: row.get("phone_24h")?,
        },
        name: row.get("name")?,
        pinyin: row.get("pinyin")?,
        initials: row.get("initials")?,
        scope_text: row.get("scope_text")?,
        phone: row.get("phone")?,
        accepts_consult: row.get("accepts_consult")?,
        accepts_referral: row.get("accepts_referral")?,
        min_dataset: row.json("min_dataset")?,
        ring_seconds: row.get("ring_seconds")?,
    })
}

/// A member of staff, active or not: what they did stays theirs.
pub async fn person(tx: &mut impl Query, id: UserId) -> Result<Option<PersonName>> {
    let row = tx.fetch_optional("SELECT id, name, title FROM users WHERE id = $1", args![id]).await?;
    row.as_ref().map(person_row).transpose()
}

/// The name of a member of staff; empty for one who never was.
pub async fn name_of(tx: &mut impl Query, id: UserId) -> Result<String> {
    Ok(person(tx, id).await?.map(|person| person.name).unwrap_or_default())
}

pub(super) fn person_row(row: &Row) -> Result<PersonName> {
    Ok(PersonName { id: row.get("id")?, name: row.get("name")?, title: row.get("title")? })
}

/// The people of a facility's referral desk.
pub async fn desk_of(tx: &mut impl Query, facility: FacilityId) -> Result<Vec<UserId>> {
    ids(tx
        .fetch_all(
            "SELECT r.user_id
               FROM user_roles r
               JOIN users u ON u.id = r.user_id AND u.status = 'active'
              WHERE r.facility_id = $1
                AND r.role = 'coordinator'
                AND r.status = 'active'
              ORDER BY r.user_id",
            args![facility],
        )
        .await?)
}

/// Whether this person is a doctor somewhere in the alliance.
pub async fn is_doctor(tx: &mut impl Query, user: UserId) -> Result<bool> {
    let sql = "SELECT r.user_id FROM user_roles r JOIN users u ON u.id = r.user_id AND u.status = 'active'
                WHERE r.user_id = $1 AND r.role IN ('specialist', 'rural_doctor') AND r.status = 'active' LIMIT 1";
    Ok(tx.fetch_optional(sql, args![user]).await?.is_some())
}

/// The doctors of a department, on duty or not.
pub async fn doctors_of(tx: &mut impl Query, department: DepartmentId) -> Result<Vec<UserId>> {
    ids(tx
        .fetch_all(
            "SELECT r.user_id
               FROM user_roles r
               JOIN users u ON u.id = r.user_id AND u.status = 'active'
              WHERE r.department_id = $1
                AND r.role IN ('specialist', 'rural_doctor')
                AND r.status = 'active'
              ORDER BY r.user_id",
            args![department],
        )
        .await?)
}

/// The doctors of a facility, whatever their department.
pub async fn doctors_at(tx: &mut impl Query, facility: FacilityId) -> Result<Vec<UserId>> {
    ids(tx
        .fetch_all(
            "SELECT DISTINCT r.user_id
               FROM user_roles r
               JOIN users u ON u.id = r.user_id AND u.status = 'active'
              WHERE r.facility_id = $1
                AND r.role IN ('specialist', 'rural_doctor')
                AND r.status = 'active'
              ORDER BY r.user_id",
            args![facility],
        )
        .await?)
}

fn ids(rows: Vec<Row>) -> Result<Vec<UserId>> {
    rows.iter().map(|row| row.get("user_id")).collect()
}

/// True once there is any person who could sign in.
pub async fn keeps_anybody(tx: &mut impl Query) -> Result<bool> {
    Ok(tx.fetch_optional("SELECT id FROM users LIMIT 1", args![]).await?.is_some())
}

/// The person who signs in as `login`.
pub async fn user_by_login(tx: &mut impl Query, login: &str) -> Result<Option<UserId>> {
    let row = tx.fetch_optional("SELECT id FROM users WHERE login = $1", args![login]).await?;
    row.map(|row| row.get("id")).transpose()
}

/// The facility that has this name.
pub async fn facility_by_name(tx: &mut impl Query, name: &str) -> Result<Option<FacilityId>> {
    let row = tx.fetch_optional("SELECT id FROM facilities WHERE name = $1", args![name]).await?;
    row.map(|row| row.get("id")).transpose()
}

/// The department of a facility that has this name.
pub async fn department_by_name(
    tx: &mut impl Query,
    facility: FacilityId,
    name: &str,
) -> Result<Option<DepartmentId>> {
    let row = tx
        .fetch_optional(
            "SELECT id FROM departments WHERE facility_id = $1 AND name = $2",
            args![facility, name],
        )
        .await?;
    row.map(|row| row.get("id")).transpose()
}

/// Everybody, with what they are where.
pub async fn staff(tx: &mut impl Query) -> Result<Vec<StaffLine>> {
    let rows = tx
        .fetch_all(
            "SELECT u.id, u.login, u.name, u.status, r.role, f.name AS facility_name
               FROM users u
               LEFT JOIN user_roles r ON r.user_id = u.id
               LEFT JOIN facilities f ON f.id = r.facility_id
              ORDER BY u.login, r.n",
            args![],
        )
        .await?;
    let mut lines: Vec<StaffLine> = Vec::new();
    for row in &rows {
        let id = row.get("id")?;
        if lines.last().is_none_or(|line| line.id != id) {
            lines.push(StaffLine {
                id,
                login: row.get("login")?,
                name: row.get("name")?,
                roles: Vec::new(),
                active: row.get::<String>("status")? == "active",
            });
        }
        if let (Some(role), Some(line)) = (row.parse_opt::<Role>("role")?, lines.last_mut()) {
            line.roles.push((role, row.get("facility_name")?));
        }
    }
    Ok(lines)
}

/// Writes a facility.
pub async fn insert_facility(tx: &mut WriteTx, facility: &Facility, now: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO facilities (id, name, pinyin, initials, level, grade, phone_24h, leads, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        args![
            facility.id,
            facility.name,
            facility.pinyin,
            facility.initials,
            facility.level.word(),
            facility.grade,
            facility.phone_24h,
            facility.leads,
            now
        ],
    )
    .await?;
    Ok(())
}

/// Writes a department.
pub async fn insert_department(tx: &mut WriteTx, department: &Department, now: Timestamp) -> Result<()> {
    let min_dataset = serde_json::Value::from(department.min_dataset.clone()).to_string();
    tx.execute(
        "INSERT INTO departments (id, facility_id, name, pinyin, initials, scope_text, phone,
                                  accepts_consult, accepts_referral, min_dataset, ring_seconds, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        args![
            department.id,
            department.facility.id,
            department.name,
            department.pinyin,
            department.initials,
            department.scope_text,
            department.phone,
            department.accepts_consult,
            department.accepts_referral,
            min_dataset,
            department.ring_seconds,
            now
        ],
    )
    .await?;
    Ok(())
}

/// A person as they are written.
pub struct PersonRow<'a> {
    pub id: UserId,
    pub login: &'a str,
    pub name: &'a str,
    pub pinyin: &'a str,
    pub title: &'a str,
    pub phone: Option<&'a str>,
}

/// Writes a person with their roles.
pub async fn insert_person(
    tx: &mut WriteTx,
    person: &PersonRow<'_>,
    roles: &[Membership],
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO users (id, login, name, pinyin, title, phone, status, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'active', $7)",
        args![
            person.id,
            person.login,
            person.name,
            person.pinyin,
            person.title,
            person.phone.map(str::to_owned),
            now
        ],
    )
    .await?;
    for (n, role) in (1_i64..).zip(roles) {
        tx.execute(
            "INSERT INTO user_roles (user_id, n, facility_id, department_id, role, status)
             VALUES ($1, $2, $3, $4, $5, 'active')",
            args![person.id, n, role.facility, role.department, role.role.word()],
        )
        .await?;
    }
    Ok(())
}

/// Writes one duty.
pub async fn insert_shift(
    tx: &mut WriteTx,
    id: ShiftId,
    department: DepartmentId,
    shift: (UserId, i64),
    span: (Timestamp, Timestamp),
) -> Result<()> {
    tx.execute(
        "INSERT INTO rota_shifts (id, department_id, user_id, tier, starts_at, ends_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        args![id, department, shift.0, shift.1, span.0, span.1],
    )
    .await?;
    Ok(())
}
