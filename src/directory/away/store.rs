//! Absences as rows.

use super::commands::Absence;
use crate::{
    kernel::{AbsenceId, DepartmentId, FacilityId, Timestamp, UserId},
    store::{Query, Result, Row, WriteTx, args},
};

const COLUMNS: &str = "a.id, a.user_id, u.name, u.title, a.starts_at, a.ends_at";

fn absence(row: &Row) -> Result<Absence> {
    Ok(Absence {
        id: row.get("id")?,
        user: crate::directory::PersonName {
            id: row.get("user_id")?,
            name: row.get("name")?,
            title: row.get("title")?,
        },
        starts_at: row.get("starts_at")?,
        ends_at: row.get("ends_at")?,
    })
}

/// Present and future absences of one person, the next one first.
pub async fn of_person(tx: &mut impl Query, user: UserId, now: Timestamp) -> Result<Vec<Absence>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM absences a JOIN users u ON u.id = a.user_id
          WHERE a.user_id = $1 AND a.ends_at > $2 ORDER BY a.starts_at, a.id"
    );
    tx.fetch_built(sql, args![user, now]).await?.iter().map(absence).collect()
}

/// Absences of a department's doctors that touch a span of time.
pub async fn of_department(
    tx: &mut impl Query,
    department: DepartmentId,
    (from, until): (Timestamp, Timestamp),
) -> Result<Vec<Absence>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM absences a JOIN users u ON u.id = a.user_id
          WHERE a.ends_at > $2 AND a.starts_at < $3
            AND EXISTS (SELECT 1 FROM user_roles r
                         WHERE r.user_id = a.user_id AND r.department_id = $1 AND r.status = 'active')
          ORDER BY a.starts_at, a.id"
    );
    tx.fetch_built(sql, args![department, from, until]).await?.iter().map(absence).collect()
}

/// One absence.
pub async fn one(tx: &mut impl Query, id: AbsenceId) -> Result<Option<Absence>> {
    let sql = format!("SELECT {COLUMNS} FROM absences a JOIN users u ON u.id = a.user_id WHERE a.id = $1");
    tx.fetch_built(sql, args![id]).await?.first().map(absence).transpose()
}

/// Writes an absence.
pub async fn insert(tx: &mut WriteTx, absence: &Absence, by: UserId, at: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO absences (id, user_id, starts_at, ends_at, entered_by, entered_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        args![absence.id, absence.user.id, absence.starts_at, absence.ends_at, by, at],
    )
    .await?;
    Ok(())
}

/// Takes an absence away.
pub async fn delete(tx: &mut WriteTx, id: AbsenceId) -> Result<()> {
    tx.execute("DELETE FROM absences WHERE id = $1", args![id]).await?;
    Ok(())
}

/// Where a person works.
pub async fn facilities_of(tx: &mut impl Query, user: UserId) -> Result<Vec<FacilityId>> {
    let rows = tx
        .fetch_all(
            "SELECT DISTINCT facility_id FROM user_roles WHERE user_id = $1 AND status = 'active'",
            args![user],
        )
        .await?;
    rows.iter().map(|row| row.get("facility_id")).collect()
}

/// Everybody who is away at `now`.
pub async fn away_at(tx: &mut impl Query, now: Timestamp) -> Result<Vec<UserId>> {
    let rows = tx
        .fetch_all("SELECT user_id FROM absences WHERE starts_at <= $1 AND ends_at > $1", args![now])
        .await?;
    rows.iter().map(|row| row.get("user_id")).collect()
}
