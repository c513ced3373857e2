//! What a consult asks its neighbours' rows: departments, who is on call, who must hear of it.

use super::super::{
    model::{Consult, Ring, Urgency},
    ring::{Callee, DESK},
    state::State,
    view::Person,
};
use super::people;
use crate::{
    auth::{self, DepartmentName, FacilityName, Principal, Status},
    ctx::Ctx,
    kernel::{AttachmentId, ConsultId, DepartmentId, FacilityId, PatientId, Timestamp, UserId},
    store::{Query, Result, StoreError, WriteTx, args},
};

/// What routing needs of a department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    /// Whose it is.
    pub facility: FacilityId,
    /// True if it answers consults.
    pub accepts_consult: bool,
    /// What a request to it must hold at least.
    pub min_dataset: Vec<String>,
    /// How long a tier of its rota is rung.
    pub ring_seconds: i64,
}

/// A department, if there is one.
pub async fn find_department(tx: &mut impl Query, id: DepartmentId) -> Result<Option<Department>> {
    let row = tx
        .fetch_optional(
            "SELECT facility_id, accepts_consult, active, min_dataset, ring_seconds FROM departments WHERE id = $1",
            args![id],
        )
        .await?;
    row.map(|row| {
        Ok(Department {
            facility: row.get("facility_id")?,
            accepts_consult: row.get::<bool>("accepts_consult")? && row.get::<bool>("active")?,
            min_dataset: row.json("min_dataset")?,
            ring_seconds: row.get("ring_seconds")?,
        })
    })
    .transpose()
}

/// A department that a record names.
pub async fn department(tx: &mut impl Query, id: DepartmentId) -> Result<Department> {
    find_department(tx, id).await?.ok_or(StoreError::NoRow)
}

/// The facility that leads the alliance; without one, nobody dispatches.
pub async fn lead(tx: &mut impl Query, or_else: FacilityId) -> Result<FacilityId> {
    let row = tx.fetch_optional("SELECT id FROM facilities WHERE leads = 1", args![]).await?;
    row.map_or(Ok(or_else), |row| row.get("id"))
}

/// True if there is such a person, and active.
pub async fn is_active(tx: &mut impl Query, user: UserId) -> Result<bool> {
    let row =
        tx.fetch_optional("SELECT id FROM users WHERE id = $1 AND status = 'active'", args![user]).await?;
    Ok(row.is_some())
}

/// Whoever could be rung for a consult: the rota's tiers in order, then the desk. Reachable
/// is who has an open line and is free; in an emergency also who said to be busy.
pub async fn callees(tx: &mut impl Query, consult: &Consult, now: Timestamp) -> Result<Vec<Callee>> {
    let seconds = department(tx, consult.to_department).await?.ring_seconds;
    let rows = tx
        .fetch_all(
            "SELECT s.user_id AS user_id, MIN(s.tier) AS tier, MIN(s.starts_at) AS since
               FROM rota_shifts s
               JOIN users u ON u.id = s.user_id AND u.status = 'active'
               JOIN user_roles r ON r.user_id = s.user_id AND r.department_id = s.department_id
                                AND r.role = 'specialist' AND r.status = 'active'
              WHERE s.department_id = $1 AND s.starts_at <= $2 AND s.ends_at > $2
              GROUP BY s.user_id
              ORDER BY 2, 3, 1",
            args![consult.to_department, now],
        )
        .await?;
    let mut asked: Vec<(UserId, i64)> = Vec::new();
    for row in rows {
        asked.push((row.get("user_id")?, row.get("tier")?));
    }
    for user in desk_of(tx, consult.to_facility).await? {
        if !asked.iter().any(|(other, _)| *other == user) {
            asked.push((user, DESK));
        }
    }
    let users: Vec<UserId> = asked.iter().map(|(user, _)| *user).collect();
    let presence = auth::presence_of(tx, &users, now).await?;
    let is_reachable = |user: UserId| match presence.get(&user) {
        Some(Status::Available) => true,
        Some(Status::Busy) => consult.urgency == Urgency::Emergency,
        Some(Status::OnBreak | Status::Off) | None => false,
    };
    let seconds = u32::try_from(seconds).unwrap_or(45);
    let callee = |(user, tier)| Callee { user, tier, seconds, reachable: is_reachable(user) };
    Ok(asked.into_iter().map(callee).collect())
}

/// The coordinators of a facility.
pub async fn desk_of(tx: &mut impl Query, facility: FacilityId) -> Result<Vec<UserId>> {
    let rows = tx
        .fetch_all(
            "SELECT DISTINCT r.user_id FROM user_roles r JOIN users u ON u.id = r.user_id
              WHERE r.facility_id = $1 AND r.role = 'coordinator' AND r.status = 'active' AND u.status = 'active'
              ORDER BY r.user_id",
            args![facility],
        )
        .await?;
    rows.iter().map(|row| row.get("user_id")).collect()
}

/// The doctors of a department.
async fn doctors_of(tx: &mut impl Query, department: DepartmentId) -> Result<Vec<UserId>> {
    let rows = tx
        .fetch_all(
            "SELECT DISTINCT r.user_id FROM user_roles r JOIN users u ON u.id = r.user_id
              WHERE r.department_id = $1 AND r.role = 'specialist' AND r.status = 'active' AND u.status = 'active'
              ORDER BY r.user_id",
            args![department],
        )
        .await?;
    rows.iter().map(|row| row.get("user_id")).collect()
}

/// The rings of the present round.
pub async fn round(tx: &mut impl Query, consult: &Consult) -> Result<Vec<Ring>> {
    let rings = people::rings(tx, consult.id).await?;
    Ok(rings.into_iter().filter(|ring| ring.round == consult.ring_round).collect())
}

/// Who hears of a change: the author, the doctor and the chair, who was rung or takes part,
/// and, once it was sent, the department's doctors and the desk.
pub async fn audience(tx: &mut impl Query, consult: &Consult) -> Result<Vec<UserId>> {
    let mut people = vec![consult.from_user];
    people.extend(consult.to_user);
    people.extend(consult.chair);
    people.extend(people::takes_part(tx, consult.id).await?);
    if consult.opened_at.is_some() && consult.state != State::Draft {
        people.extend(doctors_of(tx, consult.to_department).await?);
        people.extend(desk_of(tx, consult.to_facility).await?);
    }
    people.sort_unstable();
    people.dedup();
    Ok(people)
}

/// Lets the asked department open the patient while the consult is under way.
pub async fn share_patient(tx: &mut WriteTx, consult: &Consult, at: Timestamp) -> Result<()> {
    tx.execute(
        "INSERT INTO patient_shares (patient_id, because, facility_id, department_id, since)
         VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (patient_id, because, facility_id)
             DO UPDATE SET department_id = excluded.department_id, ended_at = NULL",
        args![consult.patient, consult.id, consult.to_facility, consult.to_department, at],
    )
    .await?;
    Ok(())
}

/// True if this person may open the patient: of a facility of his own, or shared with one.
pub async fn may_open_patient(tx: &mut impl Query, who: &Principal, patient: PatientId) -> Result<bool> {
    for membership in &who.memberships {
        let row = tx
            .fetch_optional(
                "SELECT 1 AS one FROM patients WHERE id = $1 AND home_facility = $2
                  UNION
                 SELECT 1 AS one FROM patient_shares
                  WHERE patient_id = $1 AND facility_id = $2 AND ended_at IS NULL",
                args![patient, membership.facility],
            )
            .await?;
        if row.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A department beside a consult.
#[derive(Debug, Clone)]
pub struct DepartmentCard {
    /// Its name.
    pub name: DepartmentName,
    /// Its desk's telephone.
    pub phone: String,
}

/// A department that a record names.
pub async fn department_card(tx: &mut impl Query, id: DepartmentId) -> Result<DepartmentCard> {
    let row = tx.fetch_one("SELECT name, phone FROM departments WHERE id = $1", args![id]).await?;
    Ok(DepartmentCard { name: DepartmentName { id, name: row.get("name")? }, phone: row.get("phone")? })
}

/// A member of staff that a record names.
pub async fn person(tx: &mut impl Query, id: UserId) -> Result<Person> {
    let row = tx.fetch_one("SELECT name, title FROM users WHERE id = $1", args![id]).await?;
    Ok(Person { id, name: row.get("name")?, title: row.get("title")? })
}

/// A facility that a record names.
pub async fn facility(tx: &mut impl Query, id: FacilityId) -> Result<FacilityName> {
    let row = tx.fetch_one("SELECT name, level, phone_24h FROM facilities WHERE id = $1", args![id]).await?;
    Ok(FacilityName {
        id,
        name: row.get("name")?,
        level: row.get("level")?,
        phone_24h: row.get("phone_24h")?,
    })
}

/// The patient as the head of a consult shows him.
pub async fn patient(_ctx: &Ctx, _tx: &mut impl Query, id: PatientId) -> Result<serde_json::Value> {
    Ok(serde_json::json!({ "id": id }))
}

/// The first picture of a consult.
pub async fn first_picture(_tx: &mut impl Query, _id: ConsultId) -> Result<Option<AttachmentId>> {
    Ok(None)
}
