//! Duties as rows: who is on call now, and who is not because they are away.

use std::collections::BTreeMap;

use super::super::{
    away::store::away_at,
    model::{Department, PersonName, Tier},
    names_of,
    rota::{self, Shift},
    store::{doctors_of, person_row},
};
use crate::{
    kernel::{DepartmentId, Timestamp},
    store::{Query, Result, Row, args},
};

/// Who is rung for `department` at `now`, tier by tier. A department that keeps no rota is
/// answered by its doctors.
pub async fn on_call(tx: &mut impl Query, department: &Department, now: Timestamp) -> Result<Vec<Tier>> {
    let rows = tx
        .fetch_all(
            "SELECT s.department_id, s.tier, s.starts_at, s.ends_at, u.id, u.name, u.title
               FROM rota_shifts s
               JOIN users u ON u.id = s.user_id AND u.status = 'active'
              WHERE s.department_id = $1
                AND s.ends_at > $2
                AND s.starts_at <= $2
              ORDER BY s.tier, s.starts_at, s.id",
            args![department.id, now],
        )
        .await?;
    let away = away_at(tx, now).await?;
    let mut shifts = rows.iter().map(shift_row).collect::<Result<Vec<_>>>()?;
    shifts.retain(|shift| !away.contains(&shift.person.id));
    if shifts.is_empty() && !keeps_rota(tx, department.id).await? {
        let people: Vec<PersonName> = {
            let mut doctors = doctors_of(tx, department.id).await?;
            doctors.retain(|doctor| !away.contains(doctor));
            names_of(tx, &doctors).await?.into_values().collect()
        };
        let tier = Tier { tier: 1, seconds: department.ring_seconds, people };
        return Ok(if tier.people.is_empty() { Vec::new() } else { vec![tier] });
    }
    Ok(rota::tiers_at(&shifts, department.ring_seconds, now))
}

/// True if `department` ever put anybody on duty: then only those on duty are rung.
pub async fn keeps_rota(tx: &mut impl Query, department: DepartmentId) -> Result<bool> {
    let row = tx
        .fetch_optional("SELECT id FROM rota_shifts WHERE department_id = $1 LIMIT 1", args![department])
        .await?;
    Ok(row.is_some())
}

/// Every duty that covers `now`, and which departments keep a rota at all.
pub async fn shifts_at(tx: &mut impl Query, now: Timestamp) -> Result<BTreeMap<DepartmentId, Vec<Shift>>> {
    let rows = tx
        .fetch_all(
            "SELECT s.department_id, s.tier, s.starts_at, s.ends_at, u.id, u.name, u.title
               FROM rota_shifts s
               JOIN users u ON u.id = s.user_id AND u.status = 'active'
              WHERE s.ends_at > $1
                AND s.starts_at <= $1
              ORDER BY s.department_id, s.tier, s.starts_at, s.id",
            args![now],
        )
        .await?;
    let mut shifts: BTreeMap<DepartmentId, Vec<Shift>> = BTreeMap::new();
    for row in tx.fetch_all("SELECT DISTINCT department_id FROM rota_shifts", args![]).await? {
        shifts.insert(row.get("department_id")?, Vec::new());
    }
    let away = away_at(tx, now).await?;
    for row in &rows {
        let shift = shift_row(row)?;
        if !away.contains(&shift.person.id) {
            shifts.entry(row.get("department_id")?).or_default().push(shift);
        }
    }
    Ok(shifts)
}

fn shift_row(row: &Row) -> Result<Shift> {
    Ok(Shift {
        person: person_row(row)?,
        tier: row.get("tier")?,
        starts_at: row.get("starts_at")?,
        ends_at: row.get("ends_at")?,
    })
}

/// The doctors of every department that keeps no rota.
pub async fn doctors_without_rota(
    tx: &mut impl Query,
    now: Timestamp,
) -> Result<BTreeMap<DepartmentId, Vec<PersonName>>> {
    let away = away_at(tx, now).await?;
    let rows = tx
        .fetch_all(
            "SELECT r.department_id, u.id, u.name, u.title
               FROM user_roles r
               JOIN users u ON u.id = r.user_id AND u.status = 'active'
              WHERE r.department_id IS NOT NULL
                AND r.role IN ('specialist', 'rural_doctor')
                AND r.status = 'active'
                AND NOT EXISTS (SELECT 1 FROM rota_shifts s WHERE s.department_id = r.department_id)
              ORDER BY r.department_id, u.id",
            args![],
        )
        .await?;
    let mut doctors: BTreeMap<DepartmentId, Vec<PersonName>> = BTreeMap::new();
    for row in &rows {
        let person = person_row(row)?;
        if !away.contains(&person.id) {
            doctors.entry(row.get("department_id")?).or_default().push(person);
        }
    }
    Ok(doctors)
}
