//! Rows of patients and of the terms they are found by.

use super::{
    model::{Patient, Sheet},
    terms,
};
use crate::{
    ctx::Ctx,
    kernel::{DepartmentId, FacilityId, PatientId, Timestamp, UserId, Veiled},
    store::{Query, Result, Row, StoreError, Value, WriteTx, args},
};

const KIND: &str = "patient";

/// A patient with the name of their home, which every brief shows.
const SHOWN: &str = "SELECT p.id, p.home_facility, f.name AS home_name, p.created_at, p.sealed, p.version,
            p.merged_into
       FROM patients p
       JOIN facilities f ON f.id = p.home_facility";

/// Writes a new patient and the terms they are found by.
pub async fn insert(ctx: &Ctx, tx: &mut WriteTx, patient: &Patient, by: UserId) -> Result<()> {
    let sheet = patient.sheet.unveil("sealed for the store");
    let plain = serde_json::to_vec(sheet)
        .map_err(|_| StoreError::Broken { column: "sealed".into(), why: "is not JSON".into() })?;
    let identity = sheet.identity_number.as_deref().map(|number| ctx.vault.term("identity", number));
    tx.execute(
        "INSERT INTO patients (id, home_facility, created_by, created_at, sealed, identity_term, version, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $4)",
        args![
            patient.id,
            patient.home,
            by,
            patient.created_at,
            ctx.vault.seal(&place(patient.id), &plain, &*ctx.dice),
            identity,
            patient.version
        ],
    )
    .await?;
    let known = terms::Known {
        name: &sheet.name,
        phone: sheet.phone.as_deref(),
        identity: sheet.identity_number.as_deref(),
        record_no: &sheet.record_no,
    };
    let found_by: Vec<String> = terms::of(&known).iter().map(|word| ctx.vault.term(KIND, word)).collect();
    // Eight at a time: a person has about forty, and each statement costs a turn.
    for eight in found_by.chunks(8) {
        let mut values = args![KIND, patient.id];
        values.extend((0..8).flat_map(|n| args![&eight[n.min(eight.len() - 1)]]));
        tx.execute(
            "INSERT INTO search_terms (kind, entity_id, term)
             VALUES ($1, $2, $3), ($1, $2, $4), ($1, $2, $5), ($1, $2, $6),
                    ($1, $2, $7), ($1, $2, $8), ($1, $2, $9), ($1, $2, $10)
                 ON CONFLICT DO NOTHING",
            values,
        )
        .await?;
    }
    Ok(())
}

/// The name of a facility, for a patient who is new there.
pub async fn facility_name(tx: &mut impl Query, id: FacilityId) -> Result<String> {
    tx.fetch_one("SELECT name FROM facilities WHERE id = $1", args![id]).await?.get("name")
}

/// One patient.
pub async fn load(ctx: &Ctx, tx: &mut impl Query, id: PatientId) -> Result<Option<Patient>> {
    let rows = tx.fetch_built(format!("{SHOWN} WHERE p.id = $1"), args![id]).await?;
    rows.first().map(|row| patient(ctx, row)).transpose()
}

/// The record that is kept for this patient.
pub async fn load_kept(ctx: &Ctx, tx: &mut impl Query, id: PatientId) -> Result<Option<Patient>> {
    let kept = "WHERE p.id = (SELECT COALESCE(m.merged_into, m.id) FROM patients m WHERE m.id = $1)";
    let rows = tx.fetch_built(format!("{SHOWN} {kept}"), args![id]).await?;
    rows.first().map(|row| patient(ctx, row)).transpose()
}

/// The records that were merged into this one.
pub async fn merged_under(ctx: &Ctx, tx: &mut impl Query, id: PatientId) -> Result<Vec<Patient>> {
    let rows = tx
        .fetch_built(format!("{SHOWN} WHERE p.merged_into = $1 ORDER BY p.merged_at, p.id"), args![id])
        .await?;
    rows.iter().map(|row| patient(ctx, row)).collect()
}

/// Every record of one person: any of them leads to all.
pub async fn records_of(tx: &mut impl Query, id: PatientId) -> Result<Vec<PatientId>> {
    let row = tx
        .fetch_optional("SELECT COALESCE(merged_into, id) AS kept FROM patients WHERE id = $1", args![id])
        .await?;
    let Some(row) = row else { return Ok(vec![id]) };
    let kept: PatientId = row.get("kept")?;
    let rows = tx
        .fetch_all("SELECT id FROM patients WHERE merged_into = $1 ORDER BY merged_at, id", args![kept])
        .await?;
    let mut all = vec![kept];
    for row in rows {
        all.push(row.get("id")?);
    }
    Ok(all)
}

/// Puts a record under the one that is kept, or takes it out again.
pub async fn put_under(
    tx: &mut WriteTx,
    id: PatientId,
    kept: Option<PatientId>,
    at: Timestamp,
) -> Result<()> {
    tx.execute(
        "UPDATE patients SET merged_into = $2, merged_at = $3, updated_at = $3, version = version + 1 WHERE id = $1",
        args![id, kept, at],
    )
    .await?;
    Ok(())
}

/// Writes what is known of a patient anew, if it is still as the caller saw it.
pub async fn save(ctx: &Ctx, tx: &mut WriteTx, patient: &Patient, seen: i64, at: Timestamp) -> Result<()> {
    let sheet = patient.sheet.unveil("sealed for the store");
    let plain = serde_json::to_vec(sheet)
        .map_err(|_| StoreError::Broken { column: "sealed".into(), why: "is not JSON".into() })?;
    let sealed = ctx.vault.seal(&place(patient.id), &plain, &*ctx.dice);
    tx.execute_seen(
        "patient",
        "UPDATE patients SET sealed = $1, version = version + 1, updated_at = $2 WHERE id = $3 AND version = $4",
        args![sealed, at, patient.id, seen],
    )
    .await
}

/// The patient with this identity number.
pub async fn by_identity(ctx: &Ctx, tx: &mut impl Query, number: &str) -> Result<Option<PatientId>> {
    let row = tx
        .fetch_optional(
            "SELECT COALESCE(merged_into, id) AS id FROM patients WHERE identity_term = $1",
            args![ctx.vault.term("identity", number)],
        )
        .await?;
    row.map(|row| row.get("id")).transpose()
}

/// Whose patients someone may open: of these facilities, or shared with them.
#[derive(Debug, Clone)]
pub struct Reach {
    /// Facilities where they have a clinical role.
    pub facilities: Vec<FacilityId>,
    /// Departments they belong to.
    pub departments: Vec<DepartmentId>,
    /// Facilities where they sit at the desk, which sees every department's.
    pub desks: Vec<FacilityId>,
}

impl Reach {
    /// The condition on `p`, with its arguments from `$from` on. No facility, no patient.
    fn condition(&self, from: usize) -> (String, Vec<Value>) {
        let mut values = Vec::new();
        let mut list = |ids: Vec<Value>| {
            let start = from + values.len();
            let places: Vec<String> = (start..start + ids.len()).map(|n| format!("${n}")).collect();
            values.extend(ids);
            if places.is_empty() { "NULL".to_owned() } else { places.join(", ") }
        };
        let home = list(args_of(&self.facilities));
        let with = list(args_of(&self.facilities));
        let departments = list(args_of(&self.departments));
        let desks = list(args_of(&self.desks));
        let of = |record: &str| {
            format!(
                "({record}.home_facility IN ({home})
                  OR EXISTS (SELECT 1 FROM patient_shares s
                              WHERE s.patient_id = {record}.id
                                AND s.ended_at IS NULL
                                AND s.facility_id IN ({with})
                                AND (s.department_id IS NULL
                                     OR s.department_id IN ({departments})
                                     OR s.facility_id IN ({desks}))))"
            )
        };
        // Who may open one record of a person may open the one that is kept.
        let condition = format!(
            "({} OR EXISTS (SELECT 1 FROM patients g WHERE g.merged_into = p.id AND {}))",
            of("p"),
            of("g")
        );
        (condition, values)
    }
}

fn args_of<T: crate::store::ToColumn>(ids: &[T]) -> Vec<Value> {
    ids.iter().map(crate::store::ToColumn::to_column).collect()
}

/// Whether `id` is within reach.
pub async fn is_within(tx: &mut impl Query, reach: &Reach, id: PatientId) -> Result<bool> {
    let (condition, values) = reach.condition(2);
    let mut all = args![id];
    all.extend(values);
    let sql = format!(
        "SELECT p.id FROM patients p
          WHERE p.id IN ($1, (SELECT m.merged_into FROM patients m WHERE m.id = $1)) AND {condition}"
    );
    Ok(!tx.fetch_built(sql, all).await?.is_empty())
}

/// Patients within reach that are found by `typed`, the most recently moved first.
pub async fn find(
    ctx: &Ctx,
    tx: &mut impl Query,
    reach: &Reach,
    typed: &str,
    limit: i64,
) -> Result<Vec<Patient>> {
    let (condition, values) = reach.condition(4);
    let mut all = args![KIND, ctx.vault.term(KIND, &terms::asked(typed)), limit];
    all.extend(values);
    let sql = format!(
        "{SHOWN}
          WHERE p.id IN (SELECT COALESCE(m.merged_into, m.id)
                           FROM search_terms t
                           JOIN patients m ON m.id = t.entity_id
                          WHERE t.kind = $1 AND t.term = $2)
            AND {condition}
          ORDER BY p.updated_at DESC, p.id
          LIMIT $3"
    );
    let rows = tx.fetch_built(sql, all).await?;
    rows.iter().map(|row| patient(ctx, row)).collect()
}

/// Ids of all patients found by `typed`, for lists that have their own scope.
pub async fn ids_found_by(ctx: &Ctx, tx: &mut impl Query, typed: &str, limit: i64) -> Result<Vec<PatientId>> {
    let rows = tx
        .fetch_all(
            // The records of a person are found together, whichever of them fits.
            "SELECT entity_id FROM search_terms WHERE kind = $1 AND term = $2
              UNION
             SELECT p.id FROM search_terms t JOIN patients p ON p.merged_into = t.entity_id
              WHERE t.kind = $1 AND t.term = $2
              UNION
             SELECT p.merged_into FROM search_terms t JOIN patients p ON p.id = t.entity_id
              WHERE t.kind = $1 AND t.term = $2 AND p.merged_into IS NOT NULL
              LIMIT $3",
            args![KIND, ctx.vault.term(KIND, &terms::asked(typed)), limit],
        )
        .await?;
    rows.iter().map(|row| row.get("entity_id")).collect()
}

/// Patients within reach, the most recently moved first.
pub async fn recent(ctx: &Ctx, tx: &mut impl Query, reach: &Reach, limit: i64) -> Result<Vec<Patient>> {
    let (condition, values) = reach.condition(2);
    let mut all = args![limit];
    all.extend(values);
    let rows = tx
        .fetch_built(format!("{SHOWN} WHERE p.merged_into IS NULL AND {condition} ORDER BY p.updated_at DESC, p.id LIMIT $1"), all)
        .await?;
    rows.iter().map(|row| patient(ctx, row)).collect()
}

/// Lets a facility (or one department of it) open a patient, because of one record.
pub async fn share(
    tx: &mut WriteTx,
    id: PatientId,
    because: &str,
    (facility, department): (FacilityId, Option<DepartmentId>),
    at: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO patient_shares (patient_id, because, facility_id, department_id, since)
         VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (patient_id, because, facility_id)
             DO UPDATE SET department_id = excluded.department_id, ended_at = NULL",
        args![id, because, facility, department, at],
    )
    .await?;
    tx.execute("UPDATE patients SET updated_at = $1 WHERE id = $2", args![at, id]).await?;
    Ok(())
}

/// Ends what one record had shared.
pub async fn end_share(tx: &mut WriteTx, because: &str, at: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE patient_shares SET ended_at = $1 WHERE because = $2 AND ended_at IS NULL",
        args![at, because],
    )
    .await?;
    Ok(())
}

fn place(id: PatientId) -> String {
    format!("patients/sealed/{id}")
}

fn patient(ctx: &Ctx, row: &Row) -> Result<Patient> {
    let id: PatientId = row.get("id")?;
    let broken = |why: &str| StoreError::Broken { column: "patients.sealed".into(), why: why.into() };
    let plain =
        ctx.vault.open(&place(id), &row.get::<Vec<u8>>("sealed")?).map_err(|_| broken("does not open"))?;
    let sheet: Sheet = serde_json::from_slice(&plain).map_err(|_| broken("is not a sheet"))?;
    Ok(Patient {
        id,
        sheet: Veiled::new(sheet),
        home: row.get("home_facility")?,
        home_name: row.get("home_name")?,
        created_at: row.get("created_at")?,
        merged_into: row.get("merged_into")?,
        version: row.get("version")?,
    })
}
