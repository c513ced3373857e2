//! Rows of slots, beds, promises and assignments.

use crate::{
    kernel::{BedPoolId, DepartmentId, FacilityId, ReferralId, SlotId, Timestamp, UserId},
    referral::model::Held,
    store::{Query, Result, Row, WriteTx, args},
};

/// A stretch of time in which a department sees so many patients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub id: SlotId,
    pub start: Timestamp,
    pub end: Timestamp,
    pub capacity: i64,
    pub taken: i64,
}

/// The beds of one kind in a department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beds {
    pub id: BedPoolId,
    pub kind: String,
    pub total: i64,
    pub free: i64,
    pub updated_at: Timestamp,
    pub updated_by: UserId,
}

/// How soon a house promises to answer, in minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    pub emergency: i64,
    pub urgent: i64,
    pub routine: i64,
    pub version: i64,
}

/// Keeps a place for a patient of `department` who comes at `at`; false if the last one is gone.
pub async fn keep(tx: &mut WriteTx, held: Held, department: DepartmentId, at: Timestamp) -> Result<bool> {
    let kept = match held {
        Held::Slot(id) => {
            tx.execute(
                "UPDATE slots
                    SET taken = taken + 1
                  WHERE id = $1
                    AND department_id = $2
                    AND starts_at = $3
                    AND taken < capacity",
                args![id, department, at],
            )
            .await?
        }
        Held::Bed(id) => {
            tx.execute(
                "UPDATE bed_pools SET free = free - 1 WHERE id = $1 AND department_id = $2 AND free > 0",
                args![id, department],
            )
            .await?
        }
    };
    Ok(kept == 1)
}

/// Gives a place back. A ward that counted its beds anew meanwhile does not get one too many.
pub async fn give_back(tx: &mut WriteTx, held: Held) -> Result<()> {
    match held {
        Held::Slot(id) => {
            tx.execute("UPDATE slots SET taken = taken - 1 WHERE id = $1 AND taken > 0", args![id]).await?
        }
        Held::Bed(id) => {
            tx.execute("UPDATE bed_pools SET free = free + 1 WHERE id = $1 AND free < total", args![id])
                .await?
        }
    };
    Ok(())
}

/// A department's slots that begin within a span, earliest first.
pub async fn slots(
    tx: &mut impl Query,
    department: DepartmentId,
    (from, until): (Timestamp, Timestamp),
) -> Result<Vec<Slot>> {
    let rows = tx
        .fetch_all(
            "SELECT id, starts_at, ends_at, capacity, taken
               FROM slots
              WHERE department_id = $1
                AND starts_at >= $2
                AND starts_at < $3
              ORDER BY starts_at
              LIMIT 400",
            args![department, from, until],
        )
        .await?;
    let slot = |row: &Row| {
        Ok(Slot {
            id: row.get("id")?,
            start: row.get("starts_at")?,
            end: row.get("ends_at")?,
            capacity: row.get("capacity")?,
            taken: row.get("taken")?,
        })
    };
    rows.iter().map(slot).collect()
}

/// Enters a slot, or changes how many it takes: never fewer than are coming already.
pub async fn put_slot(tx: &mut WriteTx, department: DepartmentId, slot: &Slot) -> Result<()> {
    tx.execute(
        "INSERT INTO slots (id, department_id, starts_at, ends_at, capacity, taken)
         VALUES ($1, $2, $3, $4, $5, 0)
         ON CONFLICT (department_id, starts_at) DO UPDATE
            SET ends_at = excluded.ends_at,
                capacity = CASE WHEN slots.taken > excluded.capacity THEN slots.taken ELSE excluded.capacity END",
        args![slot.id, department, slot.start, slot.end, slot.capacity],
    )
    .await?;
    Ok(())
}

/// Takes away what nobody comes to; what somebody comes to takes nobody else.
pub async fn close_slots(
    tx: &mut WriteTx,
    department: DepartmentId,
    (from, until): (Timestamp, Timestamp),
) -> Result<()> {
    tx.execute(
        "UPDATE slots SET capacity = taken
          WHERE department_id = $1 AND starts_at >= $2 AND starts_at < $3",
        args![department, from, until],
    )
    .await?;
    // A leg that once held a place keeps pointing at it: only what was never held goes.
    tx.execute(
        "DELETE FROM slots
          WHERE department_id = $1 AND starts_at >= $2 AND starts_at < $3 AND taken = 0
            AND NOT EXISTS (SELECT 1 FROM referral_legs l WHERE l.slot_id = slots.id)",
        args![department, from, until],
    )
    .await?;
    Ok(())
}

/// A department's beds.
pub async fn beds(tx: &mut impl Query, department: DepartmentId) -> Result<Vec<Beds>> {
    let rows = tx
        .fetch_all(
            "SELECT id, kind, total, free, updated_at, updated_by
               FROM bed_pools
              WHERE department_id = $1
              ORDER BY kind",
            args![department],
        )
        .await?;
    let beds = |row: &Row| {
        Ok(Beds {
            id: row.get("id")?,
            kind: row.get("kind")?,
            total: row.get("total")?,
            free: row.get("free")?,
            updated_at: row.get("updated_at")?,
            updated_by: row.get("updated_by")?,
        })
    };
    rows.iter().map(beds).collect()
}

/// Writes down how many beds of a kind there are, and how many are free.
pub async fn put_beds(tx: &mut WriteTx, department: DepartmentId, beds: &Beds) -> Result<()> {
    tx.execute(
        "INSERT INTO bed_pools (id, department_id, kind, total, free, updated_at, updated_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (department_id, kind) DO UPDATE
            SET total = excluded.total, free = excluded.free, updated_at = excluded.updated_at,
                updated_by = excluded.updated_by",
        args![beds.id, department, beds.kind, beds.total, beds.free, beds.updated_at, beds.updated_by],
    )
    .await?;
    Ok(())
}

/// What departments can give from `now` on: free places in slots until `until`, the first of them, free beds.
pub async fn free(
    tx: &mut impl Query,
    (now, until): (Timestamp, Timestamp),
) -> Result<Vec<(DepartmentId, i64, Option<Timestamp>, i64)>> {
    let rows = tx
        .fetch_all(
            "SELECT department_id, CAST(sum(places) AS BIGINT) AS places, min(first) AS first,
                    CAST(sum(beds) AS BIGINT) AS beds
               FROM (SELECT department_id, capacity - taken AS places, starts_at AS first, 0 AS beds
                       FROM slots
                      WHERE starts_at >= $1 AND starts_at < $2 AND taken < capacity
                     UNION ALL
                     SELECT department_id, 0 AS places, NULL AS first, free AS beds FROM bed_pools) f
              GROUP BY department_id",
            args![now, until],
        )
        .await?;
    let free =
        |row: &Row| Ok((row.get("department_id")?, row.get("places")?, row.get("first")?, row.get("beds")?));
    rows.iter().map(free).collect()
}

/// What a house promised, if it did.
pub async fn promise(tx: &mut impl Query, facility: FacilityId) -> Result<Option<Promise>> {
    let row = tx
        .fetch_optional(
            "SELECT emergency_minutes, urgent_minutes, routine_minutes, version
               FROM facility_promises
              WHERE facility_id = $1",
            args![facility],
        )
        .await?;
    row.map(|row| {
        Ok(Promise {
            emergency: row.get("emergency_minutes")?,
            urgent: row.get("urgent_minutes")?,
            routine: row.get("routine_minutes")?,
            version: row.get("version")?,
        })
    })
    .transpose()
}

/// Writes down what a house promises, if nobody was faster.
pub async fn put_promise(
    tx: &mut WriteTx,
    facility: FacilityId,
    promise: &Promise,
    (at, by): (Timestamp, UserId),
) -> Result<bool> {
    let written = tx
        .execute(
            "INSERT INTO facility_promises (facility_id, emergency_minutes, urgent_minutes, routine_minutes,
                                            version, set_at, set_by)
             VALUES ($1, $2, $3, $4, $5 + 1, $6, $7)
             ON CONFLICT (facility_id) DO UPDATE
                SET emergency_minutes = excluded.emergency_minutes, urgent_minutes = excluded.urgent_minutes,
                    routine_minutes = excluded.routine_minutes, version = excluded.version,
                    set_at = excluded.set_at, set_by = excluded.set_by
              WHERE facility_promises.version = $5",
            args![facility, promise.emergency, promise.urgent, promise.routine, promise.version, at, by],
        )
        .await?;
    Ok(written == 1)
}

/// Says who looks after a letter. Not a change of the record's version: whoever decides at the
/// same moment is not turned away for it.
pub async fn assign(tx: &mut WriteTx, id: ReferralId, to: Option<UserId>) -> Result<u64> {
    tx.execute("UPDATE referrals SET assigned_to = $1 WHERE id = $2", args![to, id]).await
}
