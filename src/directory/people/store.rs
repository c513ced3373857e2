//! People and their accounts as rows.

use std::collections::BTreeMap;

use super::model::{FirstSteps, Staff, Standing};
use crate::{
    auth::{Membership, MembershipView, membership},
    kernel::{DepartmentId, FacilityId, Timestamp, UserId},
    store::{Query, Result, Row, WriteTx, args},
};

/// Everybody, by name.
pub async fn everybody(tx: &mut impl Query, now: Timestamp) -> Result<Vec<Staff>> {
    let rows = tx
        .fetch_all(
            "SELECT u.id, u.login, u.name, u.pinyin, u.title, u.phone, u.status, u.version, u.created_at, c.changed_at,
                    (SELECT max(l.expires_at) FROM password_links l
                      WHERE l.user_id = u.id AND l.used_at IS NULL AND l.expires_at > $1) AS link_until,
                    (SELECT count(*) FROM sessions s
                      WHERE s.user_id = u.id AND s.stamp = c.stamp AND s.expires_at > $1) AS sessions
               FROM users u
               LEFT JOIN credentials c ON c.user_id = u.id
              ORDER BY u.pinyin, u.id",
            args![now],
        )
        .await?;
    let mut roles = all_roles(tx).await?;
    rows.iter().map(|row| staff_row(row, &mut roles)).collect()
}

/// One of them.
pub async fn one(tx: &mut impl Query, id: UserId, now: Timestamp) -> Result<Option<Staff>> {
    let row = tx
        .fetch_optional(
            "SELECT u.id, u.login, u.name, u.pinyin, u.title, u.phone, u.status, u.version, u.created_at, c.changed_at,
                    (SELECT max(l.expires_at) FROM password_links l
                      WHERE l.user_id = u.id AND l.used_at IS NULL AND l.expires_at > $2) AS link_until,
                    (SELECT count(*) FROM sessions s
                      WHERE s.user_id = u.id AND s.stamp = c.stamp AND s.expires_at > $2) AS sessions
               FROM users u
               LEFT JOIN credentials c ON c.user_id = u.id
              WHERE u.id = $1",
            args![id, now],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let mut roles = BTreeMap::from([(id, roles_of(tx, id).await?)]);
    staff_row(&row, &mut roles).map(Some)
}

fn staff_row(row: &Row, roles: &mut BTreeMap<UserId, Vec<MembershipView>>) -> Result<Staff> {
    let id = row.get("id")?;
    Ok(Staff {
        id,
        login: row.get("login")?,
        name: row.get("name")?,
        pinyin: row.get("pinyin")?,
        title: row.get("title")?,
        phone: row.get("phone")?,
        standing: row.parse("status")?,
        has_password: row.get::<Option<i64>>("changed_at")?.is_some_and(|at| at > 0),
        link_until: row.get("link_until")?,
        sessions: row.get("sessions")?,
        version: row.get("version")?,
        created_at: row.get("created_at")?,
        memberships: roles.remove(&id).unwrap_or_default(),
    })
}

/// What everybody is where.
async fn all_roles(tx: &mut impl Query) -> Result<BTreeMap<UserId, Vec<MembershipView>>> {
    let rows = tx
        .fetch_all(
            "SELECT r.user_id, r.role, f.id AS facility_id, f.name AS facility_name, f.level, f.phone_24h,
                    d.id AS department_id, d.name AS department_name
               FROM user_roles r
               JOIN facilities f ON f.id = r.facility_id
               LEFT JOIN departments d ON d.id = r.department_id
              WHERE r.status = 'active'
              ORDER BY r.user_id, r.n",
            args![],
        )
        .await?;
    let mut roles: BTreeMap<UserId, Vec<MembershipView>> = BTreeMap::new();
    for row in &rows {
        roles.entry(row.get("user_id")?).or_default().push(membership(row)?);
    }
    Ok(roles)
}

/// What one person is where.
async fn roles_of(tx: &mut impl Query, id: UserId) -> Result<Vec<MembershipView>> {
    let rows = tx
        .fetch_all(
            "SELECT r.role, f.id AS facility_id, f.name AS facility_name, f.level, f.phone_24h,
                    d.id AS department_id, d.name AS department_name
               FROM user_roles r
               JOIN facilities f ON f.id = r.facility_id
               LEFT JOIN departments d ON d.id = r.department_id
              WHERE r.user_id = $1
                AND r.status = 'active'
              ORDER BY r.n",
            args![id],
        )
        .await?;
    rows.iter().map(membership).collect()
}

/// Holds back everybody else who would change who looks after the alliance, until this
/// transaction ends: two administrators must not suspend each other at the same moment.
pub async fn take_turns(tx: &mut WriteTx) -> Result<()> {
    tx.execute("UPDATE facilities SET leads = 1 WHERE leads = 1", args![]).await?;
    Ok(())
}

/// True if somebody else may come in and look after the alliance.
pub async fn has_other_administrator(tx: &mut impl Query, than: UserId) -> Result<bool> {
    let row = tx
        .fetch_optional(
            "SELECT u.id
               FROM users u
               JOIN user_roles r ON r.user_id = u.id AND r.role = 'alliance_admin' AND r.status = 'active'
               JOIN facilities f ON f.id = r.facility_id AND f.active = 1
               JOIN credentials c ON c.user_id = u.id AND c.changed_at > 0
              WHERE u.status = 'active'
                AND u.id <> $1
              LIMIT 1",
            args![than],
        )
        .await?;
    Ok(row.is_some())
}

/// Writes what a person is called; false if somebody else changed the account first.
pub async fn update(tx: &mut WriteTx, staff: &Staff) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE users
                SET name = $1, pinyin = $2, title = $3, phone = $4, version = version + 1
              WHERE id = $5
                AND version = $6",
            args![staff.name, staff.pinyin, staff.title, staff.phone.clone(), staff.id, staff.version],
        )
        .await?;
    Ok(changed == 1)
}

/// Opens or closes an account; false if somebody else changed it first.
pub async fn set_standing(tx: &mut WriteTx, staff: &Staff, standing: Standing) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE users SET status = $1, version = version + 1 WHERE id = $2 AND version = $3",
            args![standing.word(), staff.id, staff.version],
        )
        .await?;
    Ok(changed == 1)
}

/// Writes what a person is where, whole.
pub async fn replace_roles(tx: &mut WriteTx, id: UserId, roles: &[Membership]) -> Result<()> {
    tx.execute("DELETE FROM user_roles WHERE user_id = $1", args![id]).await?;
    for (n, role) in (1_i64..).zip(roles) {
        tx.execute(
            "INSERT INTO user_roles (user_id, n, facility_id, department_id, role, status)
             VALUES ($1, $2, $3, $4, $5, 'active')",
            args![id, n, role.facility, role.department, role.role.word()],
        )
        .await?;
    }
    Ok(())
}

/// Whether there is such a facility in use, and whether it leads.
pub async fn facility(tx: &mut impl Query, id: FacilityId) -> Result<Option<bool>> {
    let row =
        tx.fetch_optional("SELECT leads FROM facilities WHERE id = $1 AND active = 1", args![id]).await?;
    row.map(|row| row.get("leads")).transpose()
}

/// Of which facility a department in use is.
pub async fn facility_of(tx: &mut impl Query, id: DepartmentId) -> Result<Option<FacilityId>> {
    let row = tx
        .fetch_optional("SELECT facility_id FROM departments WHERE id = $1 AND active = 1", args![id])
        .await?;
    row.map(|row| row.get("facility_id")).transpose()
}

/// What of the first steps is done.
pub async fn first_steps(tx: &mut impl Query) -> Result<FirstSteps> {
    Ok(FirstSteps {
        facility: is_any(tx, "SELECT id FROM facilities WHERE leads = 0 AND active = 1 LIMIT 1").await?,
        department: is_any(tx, "SELECT id FROM departments WHERE accepts_consult = 1 AND active = 1 LIMIT 1")
            .await?,
        people: is_any(
            tx,
            "SELECT r.user_id
               FROM user_roles r
               JOIN credentials c ON c.user_id = r.user_id AND c.changed_at > 0
              WHERE r.role IN ('rural_doctor', 'specialist')
                AND r.status = 'active'
              LIMIT 1",
        )
        .await?,
        rota: is_any(tx, "SELECT id FROM rota_shifts LIMIT 1").await?,
        consult: is_any(
            tx,
            "SELECT seq FROM journal WHERE entity_type = 'consult' AND action = 'consult.submit' LIMIT 1",
        )
        .await?,
    })
}

async fn is_any(tx: &mut impl Query, sql: &'static str) -> Result<bool> {
    Ok(tx.fetch_optional(sql, args![]).await?.is_some())
}
