//! Rows of facts and sums.

use std::collections::BTreeMap;

use super::{
    calendar::Pieces,
    fact::Fact,
    marks::marks,
    sums::{Changes, add},
};
use crate::{
    kernel::Timestamp,
    store::{Query, Result, Row, StoreError, Value, WriteTx, among, args},
};

/// Ids in one question, rows in one go.
const AT_ONCE: usize = 256;

/// How far the journal was folded, and the moment of that entry.
pub async fn upto(tx: &mut impl Query) -> Result<(i64, Option<Timestamp>)> {
    let row = tx.fetch_optional("SELECT seq, at FROM stats_upto WHERE name = 'journal'", args![]).await?;
    row.map_or(Ok((0, None)), |row| Ok((row.get("seq")?, Some(row.get("at")?))))
}

/// Holds the row, so that one folder works at a time, and says how far it came.
pub async fn hold(tx: &mut WriteTx) -> Result<i64> {
    let row = tx
        .fetch_one(
            "INSERT INTO stats_upto (name, seq, at) VALUES ('journal', 0, 0)
                 ON CONFLICT (name) DO UPDATE SET seq = stats_upto.seq
              RETURNING seq",
            args![],
        )
        .await?;
    row.get("seq")
}

/// Notes how far the journal was folded.
pub async fn set_upto(tx: &mut WriteTx, seq: i64, at: Timestamp) -> Result<()> {
    tx.execute("UPDATE stats_upto SET seq = $1, at = $2 WHERE name = 'journal'", args![seq, at]).await?;
    Ok(())
}

/// Forgets everything that was folded.
pub async fn forget(tx: &mut WriteTx) -> Result<()> {
    for sql in ["DELETE FROM stats_sums", "DELETE FROM stats_facts", "DELETE FROM stats_upto"] {
        tx.execute(sql, args![]).await?;
    }
    Ok(())
}

/// One fact.
pub async fn fact(tx: &mut impl Query, id: &str) -> Result<Option<Fact>> {
    let row = tx.fetch_optional("SELECT fact FROM stats_facts WHERE id = $1", args![id]).await?;
    row.map(|row| row.json("fact")).transpose()
}

/// Several facts.
pub async fn facts(tx: &mut impl Query, ids: &[String]) -> Result<Vec<(String, Fact)>> {
    let mut found = Vec::new();
    for chunk in ids.chunks(AT_ONCE) {
        let mut values = Vec::new();
        let places = among(chunk, &mut values);
        let sql = format!("SELECT id, fact FROM stats_facts WHERE id IN ({places})");
        for row in tx.fetch_built(sql, values).await? {
            found.push((row.get("id")?, row.json("fact")?));
        }
    }
    Ok(found)
}

/// The facts of several patients, each patient with the id of one.
pub async fn of_patients(tx: &mut impl Query, patients: &[&str]) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for chunk in patients.chunks(AT_ONCE) {
        let mut values = Vec::new();
        let places = among(chunk, &mut values);
        let sql = format!("SELECT patient_id, id FROM stats_facts WHERE patient_id IN ({places})");
        for row in tx.fetch_built(sql, values).await? {
            found.push((row.get("patient_id")?, row.get("id")?));
        }
    }
    Ok(found)
}

/// Writes facts, new or changed.
pub async fn save_facts(tx: &mut WriteTx, facts: &[(&String, &Fact)]) -> Result<()> {
    const INTO: &str =
        "stats_facts (id, kind, patient_id, from_facility, from_user, to_facility, to_department,
                                     direction, urgency, sent_at, waits, first_day, last_day, fact)";
    const ANEW: &str = "ON CONFLICT (id) DO UPDATE
            SET patient_id = excluded.patient_id, from_facility = excluded.from_facility,
                from_user = excluded.from_user, to_facility = excluded.to_facility,
                to_department = excluded.to_department, direction = excluded.direction,
                urgency = excluded.urgency, sent_at = excluded.sent_at, waits = excluded.waits,
                first_day = excluded.first_day, last_day = excluded.last_day, fact = excluded.fact";
    for some in facts.chunks(AT_ONCE) {
        tx.insert_all(INTO, some.iter().map(|(id, fact)| values_of(id, fact)).collect(), ANEW).await?;
    }
    Ok(())
}

/// A fact in the order of the columns.
fn values_of(id: &str, fact: &Fact) -> Vec<Value> {
    let days: Vec<i64> = marks(fact).iter().map(|mark| mark.day).collect();
    let place = fact.place();
    let text = serde_json::to_string(fact).expect("our own plain types have a JSON form");
    args![
        id,
        fact.kind(),
        fact.patient(),
        place.from,
        place.by,
        place.facility,
        place.department,
        fact.direction(),
        fact.urgency(),
        fact.sent(),
        fact.waits(),
        days.iter().min().copied(),
        days.iter().max().copied(),
        text
    ]
}

/// Adds changes to the sums: what stands there is read in one question for each scope, and what
/// comes out is written together.
pub async fn add_sums(tx: &mut WriteTx, changes: &Changes) -> Result<()> {
    let mut written = Vec::new();
    for (scope, grain, buckets) in changes.shelves() {
        let mut before = standing(tx, scope, grain, &buckets.keys().copied().collect::<Vec<_>>()).await?;
        for (bucket, lines) in buckets {
            let before = before.remove(&bucket).unwrap_or_default();
            let after = add(&before, &lines);
            if after.is_empty() {
                tx.execute(
                    "DELETE FROM stats_sums WHERE scope = $1 AND grain = $2 AND bucket = $3",
                    args![scope, grain, bucket],
                )
                .await?;
            } else if after != before {
                written.push(args![scope, grain, bucket, after]);
            }
            if written.len() == AT_ONCE {
                write_sums(tx, std::mem::take(&mut written)).await?;
            }
        }
    }
    write_sums(tx, written).await
}

async fn write_sums(tx: &mut WriteTx, rows: Vec<Vec<Value>>) -> Result<()> {
    let anew = "ON CONFLICT (scope, grain, bucket) DO UPDATE SET sums = excluded.sums";
    tx.insert_all("stats_sums (scope, grain, bucket, sums)", rows, anew).await
}

/// Some rows of one scope as they stand, by their day or month.
async fn standing(
    tx: &mut WriteTx,
    scope: &str,
    grain: &str,
    buckets: &[i64],
) -> Result<BTreeMap<i64, String>> {
    let mut found = BTreeMap::new();
    for chunk in buckets.chunks(AT_ONCE) {
        let mut values = args![scope, grain];
        let places = among(chunk, &mut values);
        let sql = format!(
            "SELECT bucket, sums FROM stats_sums WHERE scope = $1 AND grain = $2 AND bucket IN ({places})"
        );
        for row in tx.fetch_built(sql, values).await? {
            found.insert(row.get("bucket")?, row.get("sums")?);
        }
    }
    Ok(found)
}

/// The rows of a period.
pub async fn sums(tx: &mut impl Query, scope: &str, pieces: Pieces) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (from, to) in pieces.days {
        found.extend(rows(tx, scope, "day", from, to).await?.into_iter().map(|(_, sums)| sums));
    }
    let (from, to) = pieces.months;
    found.extend(rows(tx, scope, "month", from, to).await?.into_iter().map(|(_, sums)| sums));
    Ok(found)
}

/// Rows of one grain, each with its day or month.
pub async fn rows(
    tx: &mut impl Query,
    scope: &str,
    grain: &'static str,
    from: i64,
    to: i64,
) -> Result<Vec<(i64, String)>> {
    if from >= to {
        return Ok(Vec::new());
    }
    let rows = tx
        .fetch_all(
            "SELECT bucket, sums
               FROM stats_sums
              WHERE scope = $1
                AND grain = $2
                AND bucket >= $3
                AND bucket < $4
              ORDER BY bucket",
            args![scope, grain, from, to],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get("bucket")?, row.get("sums")?))).collect()
}

/// Whose records are looked through.
#[derive(Debug, Clone, PartialEq)]
pub enum Whose {
    /// Everybody's.
    All,
    /// Sent or received by one facility.
    Facility(String),
    /// Asked of one department.
    Department(String),
    /// Written by one person.
    User(String),
}

impl Whose {
    /// The scope of the sums.
    pub fn scope(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Facility(id) => format!("f:{id}"),
            Self::Department(id) => format!("d:{id}"),
            Self::User(id) => format!("u:{id}"),
        }
    }

    /// The condition on facts; its one argument is `$1`.
    fn condition(&self) -> (&'static str, String) {
        match self {
            Self::All => ("$1 = ''", String::new()),
            Self::Facility(id) => ("(from_facility = $1 OR to_facility = $1)", id.clone()),
            Self::Department(id) => ("to_department = $1", id.clone()),
            Self::User(id) => ("from_user = $1", id.clone()),
        }
    }
}

/// The moment since which the oldest letter waits for an answer, whenever it was sent.
pub async fn oldest_waiting(
    tx: &mut impl Query,
    whose: &Whose,
    filter: &super::sums::Filter,
) -> Result<Option<Timestamp>> {
    let (condition, id) = whose.condition();
    let sql = format!(
        "SELECT min(sent_at) AS oldest
           FROM stats_facts
          WHERE waits = 1
            AND {condition}
            AND ($2 = '' OR direction = $2)
            AND ($3 = '' OR urgency = $3)"
    );
    let direction = filter.direction.clone().unwrap_or_default();
    let urgency = filter.urgency.clone().unwrap_or_default();
    let rows = tx.fetch_built(sql, args![id, direction, urgency]).await?;
    rows.first().map_or(Ok(None), |row| row.get("oldest"))
}

/// Some facts that count for something in a period, the newest sent first, after `after`.
pub async fn between(
    tx: &mut impl Query,
    whose: &Whose,
    (from, to): (i64, i64),
    after: Option<(i64, String)>,
    limit: i64,
) -> Result<Vec<(String, Fact)>> {
    let (condition, id) = match whose {
        // A leg that was handed on is no longer in the columns: look through the fact itself.
        Whose::Facility(_) | Whose::Department(_) => ("$1 = ''", String::new()),
        Whose::All | Whose::User(_) => whose.condition(),
    };
    let sql = format!(
        "SELECT id, fact
           FROM stats_facts
          WHERE {condition}
            AND last_day >= $2
            AND first_day < $3
            AND (sent_at, id) < ($4, $5)
          ORDER BY sent_at DESC, id DESC
          LIMIT $6"
    );
    let (at, last) = after.unwrap_or((i64::MAX, String::new()));
    let rows = tx.fetch_built(sql, args![id, from, to, at, last, limit]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.json("fact")?))).collect()
}

/// How many facilities are members at the end of a period.
pub async fn members(tx: &mut impl Query, until: Timestamp) -> Result<i64> {
    tx.fetch_one("SELECT count(*) AS n FROM facilities WHERE active = 1 AND created_at < $1", args![until])
        .await?
        .get("n")
}

/// The numbers that people say on the telephone, of referrals and consults.
pub async fn numbers(tx: &mut impl Query, ids: &[String]) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(100) {
        let places: Vec<String> = (1..=chunk.len()).map(|n| format!("${n}")).collect();
        let places = places.join(", ");
        let sql = format!(
            "SELECT id, no FROM referrals WHERE id IN ({places})
              UNION ALL
             SELECT id, no FROM consults WHERE id IN ({places})"
        );
        let values = chunk.iter().flat_map(|id| args![id]).collect();
        for row in tx.fetch_built(sql, values).await? {
            found.insert(row.get("id")?, row.get("no")?);
        }
    }
    Ok(found)
}

/// Everything that was folded, as text in a fixed order: for comparing two foldings.
///
/// # Errors
/// If the database cannot be read.
pub async fn dump(tx: &mut impl Query) -> Result<Vec<String>> {
    let facts = tx.fetch_all("SELECT id, fact FROM stats_facts ORDER BY id", args![]).await?;
    let sums = tx
        .fetch_all("SELECT scope, grain, bucket, sums FROM stats_sums ORDER BY scope, grain, bucket", args![])
        .await?;
    let fact = |row: &Row| -> Result<String> {
        Ok(format!("{}\t{}", row.get::<String>("id")?, row.get::<String>("fact")?))
    };
    let sum = |row: &Row| -> Result<String> {
        let (scope, grain): (String, String) = (row.get("scope")?, row.get("grain")?);
        Ok(format!("{scope} {grain} {}\n{}", row.get::<i64>("bucket")?, row.get::<String>("sums")?))
    };
    let mut all: Vec<String> = facts.iter().map(fact).collect::<Result<_>>()?;
    all.extend(sums.iter().map(sum).collect::<std::result::Result<Vec<_>, StoreError>>()?);
    Ok(all)
}
