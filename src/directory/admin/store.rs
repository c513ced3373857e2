//! Places and duties as rows, for those who look after them.

use std::collections::BTreeMap;

use super::super::{
    model::{Department, Facility, PersonName},
    store,
};
use super::view::{Duty, Kept};
use crate::{
    kernel::{DepartmentId, FacilityId, Timestamp},
    store::{Query, Result, WriteTx, args},
};

/// The versions of all facilities.
pub async fn facility_versions(tx: &mut impl Query) -> Result<BTreeMap<FacilityId, i64>> {
    let rows = tx.fetch_all("SELECT id, version FROM facilities", args![]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("version")?))).collect()
}

/// The versions of all departments.
pub async fn department_versions(tx: &mut impl Query) -> Result<BTreeMap<DepartmentId, i64>> {
    let rows = tx.fetch_all("SELECT id, version FROM departments", args![]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("version")?))).collect()
}

/// How many departments and how many people each facility has.
pub async fn counts(tx: &mut impl Query) -> Result<BTreeMap<FacilityId, (i64, i64)>> {
    let rows = tx
        .fetch_all(
            "SELECT f.id,
                    (SELECT COUNT(*) FROM departments d WHERE d.facility_id = f.id AND d.active = 1) AS departments,
                    (SELECT COUNT(DISTINCT r.user_id)
                       FROM user_roles r
                       JOIN users u ON u.id = r.user_id AND u.status = 'active'
                      WHERE r.facility_id = f.id
                        AND r.status = 'active') AS people
               FROM facilities f",
            args![],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get("id")?, (row.get("departments")?, row.get("people")?)))).collect()
}

/// The facility `id` with its version.
pub async fn facility(tx: &mut impl Query, id: FacilityId) -> Result<Option<Kept<Facility>>> {
    let Some(place) = store::facility(tx, id).await? else { return Ok(None) };
    let row = tx.fetch_one("SELECT version FROM facilities WHERE id = $1", args![id]).await?;
    Ok(Some(Kept { place, version: row.get("version")? }))
}

/// The department `id` with its version.
pub async fn department(tx: &mut impl Query, id: DepartmentId) -> Result<Option<Kept<Department>>> {
    let Some(place) = store::department(tx, id).await? else { return Ok(None) };
    let row = tx.fetch_one("SELECT version FROM departments WHERE id = $1", args![id]).await?;
    Ok(Some(Kept { place, version: row.get("version")? }))
}

/// Writes a facility over the one of version `seen`; false if it was changed meanwhile.
pub async fn update_facility(tx: &mut WriteTx, facility: &Facility, seen: i64) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE facilities
                SET name = $1, pinyin = $2, initials = $3, level = $4, grade = $5, phone_24h = $6,
                    version = version + 1
              WHERE id = $7
                AND version = $8",
            args![
                facility.name,
                facility.pinyin,
                facility.initials,
                facility.level.word(),
                facility.grade.clone(),
                facility.phone_24h,
                facility.id,
                seen
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Writes a department over the one of version `seen`; false if it was changed meanwhile.
pub async fn update_department(tx: &mut WriteTx, department: &Department, seen: i64) -> Result<bool> {
    let min_dataset = serde_json::Value::from(department.min_dataset.clone()).to_string();
    let changed = tx
        .execute(
            "UPDATE departments
                SET name = $1, pinyin = $2, initials = $3, scope_text = $4, phone = $5, accepts_consult = $6,
                    accepts_referral = $7, min_dataset = $8, ring_seconds = $9, version = version + 1
              WHERE id = $10
                AND version = $11",
            args![
                department.name,
                department.pinyin,
                department.initials,
                department.scope_text,
                department.phone,
                department.accepts_consult,
                department.accepts_referral,
                min_dataset,
                department.ring_seconds,
                department.id,
                seen
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Counts a change of a department's rota; false if it was changed meanwhile.
pub async fn raise_version(tx: &mut WriteTx, id: DepartmentId, seen: i64) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE departments SET version = version + 1 WHERE id = $1 AND version = $2",
            args![id, seen],
        )
        .await?;
    Ok(changed == 1)
}

/// Who may be put on duty in a department: its doctors.
pub async fn staff_of(tx: &mut impl Query, id: DepartmentId) -> Result<Vec<PersonName>> {
    let doctors = store::doctors_of(tx, id).await?;
    Ok(super::super::names_of(tx, &doctors).await?.into_values().collect())
}

/// The duties of a department that touch a span of time, by when they begin.
pub async fn duties(
    tx: &mut impl Query,
    id: DepartmentId,
    (from, until): (Timestamp, Timestamp),
) -> Result<Vec<Duty>> {
    let rows = tx
        .fetch_all(
            "SELECT user_id, tier, starts_at, ends_at
               FROM rota_shifts
              WHERE department_id = $1
                AND ends_at > $2
                AND starts_at < $3
              ORDER BY starts_at, tier, user_id",
            args![id, from, until],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Duty {
                user: row.get("user_id")?,
                tier: row.get("tier")?,
                starts_at: row.get("starts_at")?,
                ends_at: row.get("ends_at")?,
            })
        })
        .collect()
}

/// Takes away the duties that begin in a span of time.
pub async fn clear_duties(
    tx: &mut WriteTx,
    id: DepartmentId,
    (from, until): (Timestamp, Timestamp),
) -> Result<()> {
    tx.execute(
        "DELETE FROM rota_shifts WHERE department_id = $1 AND starts_at >= $2 AND starts_at < $3",
        args![id, from, until],
    )
    .await?;
    Ok(())
}

/// Sets what one facility is to another by hand, or lets the levels decide.
pub async fn set_relation(
    tx: &mut WriteTx,
    (from, to): (FacilityId, FacilityId),
    kind: Option<&'static str>,
) -> Result<()> {
    tx.execute(
        "DELETE FROM facility_relations WHERE from_facility = $1 AND to_facility = $2",
        args![from, to],
    )
    .await?;
    if let Some(kind) = kind {
        tx.execute(
            "INSERT INTO facility_relations (from_facility, to_facility, kind) VALUES ($1, $2, $3)",
            args![from, to, kind],
        )
        .await?;
    }
    Ok(())
}

/// How often what `from` is to others was changed by hand; `None` if there is no such facility.
pub async fn relations_version(tx: &mut impl Query, from: FacilityId) -> Result<Option<i64>> {
    let row =
        tx.fetch_optional("SELECT relations_version FROM facilities WHERE id = $1", args![from]).await?;
    row.map(|row| row.get("relations_version")).transpose()
}

/// Counts a change of the relations somebody saw at version `seen`; false if another came first.
pub async fn relations_change(tx: &mut WriteTx, from: FacilityId, seen: i64) -> Result<bool> {
    let changed = tx
        .execute(
            "UPDATE facilities SET relations_version = relations_version + 1
              WHERE id = $1
                AND relations_version = $2",
            args![from, seen],
        )
        .await?;
    Ok(changed == 1)
}

/// Lets the levels decide everything from here.
pub async fn clear_relations(tx: &mut WriteTx, from: FacilityId) -> Result<()> {
    tx.execute("DELETE FROM facility_relations WHERE from_facility = $1", args![from]).await?;
    Ok(())
}
