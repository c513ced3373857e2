//! Rows behind names, many at once, active or not.

use std::collections::BTreeMap;

use super::super::{
    Department, PersonName,
    store::{DEPARTMENTS, department_row, person_row},
};
use crate::{
    auth::FacilityName,
    kernel::{DepartmentId, FacilityId, UserId},
    store::{Query, Result, Row, ToColumn, among},
};

/// The names of several members of staff at once.
pub async fn people(tx: &mut impl Query, ids: &[UserId]) -> Result<BTreeMap<UserId, PersonName>> {
    let rows = those(tx, "SELECT id, name, title FROM users", "id", ids).await?;
    rows.iter().map(|row| Ok((row.get("id")?, person_row(row)?))).collect()
}

/// The names of several facilities at once.
pub async fn facilities(
    tx: &mut impl Query,
    ids: &[FacilityId],
) -> Result<BTreeMap<FacilityId, FacilityName>> {
    let rows = those(tx, "SELECT id, name, level, phone_24h FROM facilities", "id", ids).await?;
    let name = |row: &Row| -> Result<FacilityName> {
        Ok(FacilityName {
            id: row.get("id")?,
            name: row.get("name")?,
            level: row.get("level")?,
            phone_24h: row.get("phone_24h")?,
        })
    };
    rows.iter().map(|row| Ok((row.get("id")?, name(row)?))).collect()
}

/// Several departments at once.
pub async fn departments(
    tx: &mut impl Query,
    ids: &[DepartmentId],
) -> Result<BTreeMap<DepartmentId, Department>> {
    let rows = those(tx, DEPARTMENTS, "d.id", ids).await?;
    rows.iter().map(|row| Ok((row.get("id")?, department_row(row)?))).collect()
}

async fn those<T: ToColumn + Ord + Copy>(
    tx: &mut impl Query,
    select: &str,
    column: &str,
    ids: &[T],
) -> Result<Vec<Row>> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = Vec::new();
    let places = among(&ids, &mut values);
    tx.fetch_built(format!("{select} WHERE {column} IN ({places})"), values).await
}
