//! Rows of patients and of the terms they are found by.

use std::collections::BTreeMap;

use super::{
    model::{Patient, Sheet},
    terms,
};
use crate::{
    ctx::Ctx,
    kernel::{DepartmentId, FacilityId, PageAsk, PatientId, Timestamp, UserId, Veiled},
    store::{Query, Result, Row, StoreError, Value, WriteTx, among, args},
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

/// The merges in which any of these records stands: each record that was put under another, and that one.
pub async fn merged_with(tx: &mut impl Query, ids: &[PatientId]) -> Result<Vec<(PatientId, PatientId)>> {
    let mut values = Vec::new();
    let places = among(ids, &mut values);
    let sql = format!(
        "SELECT merged_into AS kept FROM patients WHERE id IN ({places}) AND merged_into IS NOT NULL
          UNION SELECT merged_into FROM patients WHERE merged_into IN ({places})"
    );
    let rows = tx.fetch_built(sql, values).await?;
    let kept: Vec<PatientId> = rows.iter().map(|row| row.get("kept")).collect::<Result<_>>()?;
    let mut values = Vec::new();
    let sql = format!(
        "SELECT id, merged_into AS kept FROM patients WHERE merged_into IN ({})",
        among(&kept, &mut values)
    );
    let rows = tx.fetch_built(sql, values).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("kept")?))).collect()
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

/// Several patients at once, as the records that are kept, by the ids that were asked for.
pub async fn those(
    ctx: &Ctx,
    tx: &mut impl Query,
    ids: &[PatientId],
) -> Result<BTreeMap<PatientId, Patient>> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let mut values = Vec::new();
    let places = among(&ids, &mut values);
    let kept = format!(
        "SELECT m.id, COALESCE(m.merged_into, m.id) AS kept FROM patients m WHERE m.id IN ({places})"
    );
    let rows = tx.fetch_built(kept.clone(), values.clone()).await?;
    let pairs: Vec<(PatientId, PatientId)> =
        rows.iter().map(|row| Ok((row.get("id")?, row.get("kept")?))).collect::<Result<_>>()?;
    let sql = format!("{SHOWN} WHERE p.id IN (SELECT k.kept FROM ({kept}) k)");
    let rows = tx.fetch_built(sql, values).await?;
    let found = rows.iter().map(|row| patient(ctx, row)).collect::<Result<Vec<_>>>()?;
    let of = |id: PatientId| found.iter().find(|patient| patient.id == id).cloned();
    Ok(pairs.into_iter().filter_map(|(id, kept)| Some((id, of(kept)?))).collect())
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
    /// The condition on `p`; its values are added to `values`. No facility, no patient.
    fn condition(&self, values: &mut Vec<Value>) -> String {
        let home = among(&self.facilities, values);
        let shared = self.shared(&home, values);
        let of = |record: &str| {
            format!(
                "({record}.home_facility IN ({home})
                  OR EXISTS (SELECT 1 FROM patient_shares s WHERE s.patient_id = {record}.id AND {shared}))"
            )
        };
        // Who may open one record of a person may open the one that is kept.
        format!(
            "({} OR EXISTS (SELECT 1 FROM patients g WHERE g.merged_into = p.id AND {}))",
            of("p"),
            of("g")
        )
    }

    /// The condition on a share `s` with one of `facilities`.
    fn shared(&self, facilities: &str, values: &mut Vec<Value>) -> String {
        let departments = among(&self.departments, values);
        let desks = among(&self.desks, values);
        format!(
            "s.ended_at IS NULL
                AND s.facility_id IN ({facilities})
                AND (s.department_id IS NULL
                     OR s.department_id IN ({departments})
                     OR s.facility_id IN ({desks}))"
        )
    }

    /// The ids before `$1` within reach that fit, `$2` of each place, newest first.
    fn walk(&self, fits: impl Fn(&str, &mut Vec<Value>) -> String, values: &mut Vec<Value>) -> String {
        let mut places = vec!["SELECT id FROM patients WHERE 1 = 0".to_owned()];
        for facility in &self.facilities {
            values.extend(args![facility]);
            let (n, here) = (places.len(), values.len());
            let meant = fits("p.id", values);
            places.push(format!(
                "SELECT * FROM (SELECT p.id FROM patients p WHERE p.home_facility = ${here} AND p.id < $1 AND p.merged_into IS NULL {meant}
                  ORDER BY p.id DESC LIMIT $2) h{n}"
            ));
            let with = self.shared(&format!("${here}"), values);
            let meant = fits("s.patient_id", values);
            places.push(format!(
                "SELECT * FROM (SELECT DISTINCT s.patient_id AS id FROM patient_shares s
                  WHERE {with} AND s.patient_id < $1 {meant}
                    AND NOT EXISTS (SELECT 1 FROM patients m WHERE m.id = s.patient_id AND m.merged_into IS NOT NULL)
                  ORDER BY s.patient_id DESC LIMIT $2) s{n}"
            ));
        }
        places.join(" UNION ")
    }
}

/// Whether `id` is within reach.
pub async fn is_within(tx: &mut impl Query, reach: &Reach, id: PatientId) -> Result<bool> {
    let mut values = args![id];
    let within = reach.condition(&mut values);
    let sql = format!(
        "SELECT p.id FROM patients p
          WHERE p.id IN ($1, (SELECT m.merged_into FROM patients m WHERE m.id = $1)) AND {within}"
    );
    Ok(!tx.fetch_built(sql, values).await?.is_empty())
}

/// Patients that are named one by one, with the records that were merged into theirs.
const FEW: i64 = 500;
/// From so many on a word is a common one: in the largest archive, walking a list until enough of it
/// carry the word costs no more than looking up everybody who carries it.
const COMMON: i64 = 2_000;

/// The patients that are found by what somebody typed.
#[derive(Debug, Clone)]
pub struct Found {
    term: String,
    who: Who,
}

/// How many they are.
#[derive(Debug, Clone)]
enum Who {
    /// So few that they are named.
    Few(Vec<PatientId>),
    /// So many that they are looked up by the word they carry.
    Some,
    /// So many that a list is walked rather, and asked for the word.
    Many,
}

impl Found {
    /// A condition for the SQL of other rooms by which the patient in `column` is looked up; its values
    /// are added to `values`. Nothing if so many are found that [the list is to be walked](Self::carried_by).
    pub fn looked_up(&self, column: &str, values: &mut Vec<Value>) -> Option<String> {
        match &self.who {
            Who::Few(few) => Some(format!("{column} IN ({})", among(few, values))),
            Who::Some => {
                let carried = self.carried(values);
                Some(format!("{column} IN (SELECT t.entity_id FROM search_terms t WHERE {carried})"))
            }
            Who::Many => None,
        }
    }

    /// A condition that is asked of each row of a walk: that the patient in `column` is one of them.
    pub fn carried_by(&self, column: &str, values: &mut Vec<Value>) -> String {
        let carried = self.carried(values);
        format!("EXISTS (SELECT 1 FROM search_terms t WHERE {carried} AND t.entity_id = {column})")
    }

    /// The condition on a term `t` that it is this one.
    fn carried(&self, values: &mut Vec<Value>) -> String {
        values.extend(args![KIND, self.term]);
        format!("t.kind = ${} AND t.term = ${}", values.len() - 1, values.len())
    }
}

/// Patients who carry a term, so many at most.
async fn carriers(tx: &mut impl Query, term: &str, most: i64) -> Result<Vec<PatientId>> {
    let rows = tx
        .fetch_all(
            "SELECT entity_id FROM search_terms WHERE kind = $1 AND term = $2 LIMIT $3",
            args![KIND, term, most],
        )
        .await?;
    rows.iter().map(|row| row.get("entity_id")).collect()
}

/// All patients found by `typed`, for lists that have their own scope.
pub async fn found_by(ctx: &Ctx, tx: &mut impl Query, typed: &str) -> Result<Found> {
    let term = ctx.vault.term(KIND, &terms::asked(typed));
    let ids = carriers(tx, &term, FEW + 1).await?;
    if ids.len() > FEW.unsigned_abs() as usize {
        let row = tx
            .fetch_one(
                "SELECT count(*) AS n
                   FROM (SELECT entity_id FROM search_terms WHERE kind = $1 AND term = $2 LIMIT $3) s",
                args![KIND, term, COMMON],
            )
            .await?;
        let who = if row.get::<i64>("n")? == COMMON { Who::Many } else { Who::Some };
        return Ok(Found { term, who });
    }
    // The records of a person are found together, whichever of them fits.
    let mut values = Vec::new();
    let places = among(&ids, &mut values);
    let others = format!(
        "SELECT p.id FROM patients p WHERE p.merged_into IN ({places})
          UNION
         SELECT p.merged_into FROM patients p WHERE p.id IN ({places}) AND p.merged_into IS NOT NULL"
    );
    let mut few = ids;
    for row in tx.fetch_built(others, values).await? {
        few.push(row.get("id")?);
    }
    Ok(Found { term, who: Who::Few(few) })
}

/// A page, and one more, of the patients within reach that are found by `typed`: who was entered
/// last comes first.
pub async fn find(
    ctx: &Ctx,
    tx: &mut impl Query,
    reach: &Reach,
    typed: &str,
    ask: &PageAsk<PatientId>,
) -> Result<Vec<Patient>> {
    let found = found_by(ctx, tx, typed).await?;
    // Behind every id that can be: `~` comes after the letters and digits of an id.
    let before = ask.after.map_or_else(|| "~".to_owned(), |id| id.to_string());
    let mut values = args![before, ask.one_more()];
    let ids = match &found.who {
        Who::Few(few) => {
            let few = among(few, &mut values);
            let within = reach.condition(&mut values);
            format!(
                "SELECT p.id FROM patients p WHERE p.id IN ({few}) AND p.id < $1 AND p.merged_into IS NULL AND {within}"
            )
        }
        // Those who carry the word are asked whether they are within reach, the newest first.
        Who::Some => {
            let carried = found.carried(&mut values);
            let within = reach.condition(&mut values);
            format!(
                "SELECT p.id FROM search_terms t JOIN patients p ON p.id = t.entity_id
                  WHERE {carried} AND t.entity_id < $1 AND p.merged_into IS NULL AND {within}
                  ORDER BY t.entity_id DESC LIMIT $2"
            )
        }
        // Those within reach are asked whether they carry it.
        Who::Many => {
            reach.walk(|column, values| format!("AND {}", found.carried_by(column, values)), &mut values)
        }
    };
    let sql = format!(
        "{SHOWN} WHERE p.id IN (SELECT id FROM ({ids}) k ORDER BY id DESC LIMIT $2) ORDER BY p.id DESC"
    );
    let rows = tx.fetch_built(sql, values).await?;
    rows.iter().map(|row| patient(ctx, row)).collect()
}

/// Patients within reach, the most recently moved first.
pub async fn recent(ctx: &Ctx, tx: &mut impl Query, reach: &Reach, limit: i64) -> Result<Vec<Patient>> {
    let mut values = args![limit];
    let mut newest = Vec::new();
    for facility in &reach.facilities {
        values.extend(args![facility]);
        let (n, here) = (newest.len(), values.len());
        newest.push(format!(
            "SELECT * FROM (SELECT p.id FROM patients p WHERE p.home_facility = ${here}
              ORDER BY p.updated_at DESC, p.id LIMIT $1) h{n}"
        ));
        let with = reach.shared(&format!("${here}"), &mut values);
        newest.push(format!(
            "SELECT * FROM (SELECT s.patient_id AS id FROM patient_shares s WHERE {with}
              ORDER BY s.since DESC, s.patient_id LIMIT $1) s{n}"
        ));
    }
    if newest.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "{SHOWN} WHERE p.id IN ({}) AND p.merged_into IS NULL ORDER BY p.updated_at DESC, p.id LIMIT $1",
        newest.join(" UNION ")
    );
    let rows = tx.fetch_built(sql, values).await?;
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
