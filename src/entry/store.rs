//! Codes, their use and phrases as rows.

use super::{
    codes::{Asked, value},
    icd10::Value,
    model::Phrase,
};
use crate::{
    kernel::{DepartmentId, FacilityId, Timestamp},
    store::{Query, Result, Row, StoreError, WriteTx, args},
};

/// The one list there is so far.
pub const ICD10: &str = "icd10";

/// As many as are ranked.
const CANDIDATES: i64 = 60;

/// Codes of the imported list that may fit, the likeliest first.
pub async fn candidates(tx: &mut impl Query, asked: &Asked) -> Result<Vec<Value>> {
    const SHOWN: &str =
        "SELECT code, name, name_en, words, spelled, initials FROM code_values WHERE system = $1";
    // What was typed is letters, digits and characters only: nothing in it means anything to LIKE.
    let (sql, values) = match asked {
        Asked::Code(typed) => {
            let mut like: String = typed.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
            if like.len() > 3 {
                like.insert(3, '.');
            }
            (
                format!("{SHOWN} AND code LIKE $2 ORDER BY code LIMIT $3"),
                args![ICD10, format!("{like}%"), CANDIDATES],
            )
        }
        Asked::Letters(typed) => (
            format!(
                "{SHOWN} AND (initials LIKE $2 OR spelled LIKE $3)
                  ORDER BY CASE WHEN initials = $4 THEN 0 WHEN initials LIKE $3 THEN 1
                                WHEN spelled LIKE $3 THEN 2 ELSE 3 END, length(name), code LIMIT $5"
            ),
            args![ICD10, format!("%{typed}%"), format!("{typed}%"), typed, CANDIDATES],
        ),
        Asked::Words(typed) => (
            format!(
                "{SHOWN} AND words LIKE $2
                  ORDER BY CASE WHEN words LIKE $3 THEN 0 ELSE 1 END, length(name), code LIMIT $4"
            ),
            args![ICD10, format!("%{typed}%"), format!("{typed}%"), CANDIDATES],
        ),
    };
    tx.fetch_built(sql, values).await?.iter().map(row_value).collect()
}

fn row_value(row: &Row) -> Result<Value> {
    Ok(Value {
        code: row.get("code")?,
        name: row.get("name")?,
        name_en: row.get("name_en")?,
        words: row.get("words")?,
        spelled: row.get("spelled")?,
        initials: row.get("initials")?,
    })
}

/// What these owners wrote before, the person's own first and the most used first among them.
pub async fn favourites(tx: &mut impl Query, owners: &[String]) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for owner in owners {
        let rows = tx
            .fetch_all(
                "SELECT code, name FROM code_uses WHERE owner = $1 AND system = $2
                  ORDER BY uses DESC, last_at DESC LIMIT 200",
                args![owner, ICD10],
            )
            .await?;
        for row in rows {
            all.push(value(&row.get::<String>("code")?, &row.get::<String>("name")?, None));
        }
    }
    Ok(all)
}

/// Counts one more use.
pub async fn count_use(
    tx: &mut WriteTx,
    owner: &str,
    (code, name): (&str, &str),
    at: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO code_uses (owner, system, code, name, uses, last_at) VALUES ($1, $2, $3, $4, 1, $5)
             ON CONFLICT (owner, system, code)
             DO UPDATE SET uses = code_uses.uses + 1, name = excluded.name, last_at = excluded.last_at",
        args![owner, ICD10, code, name, at],
    )
    .await?;
    Ok(())
}

/// Puts a whole list in the place of the one before.
pub async fn replace(tx: &mut WriteTx, values: &[Value]) -> Result<()> {
    tx.execute("DELETE FROM code_values WHERE system = $1", args![ICD10]).await?;
    for one in values {
        tx.execute(
            "INSERT INTO code_values (system, code, name, name_en, words, spelled, initials)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            args![ICD10, one.code, one.name, one.name_en, one.words, one.spelled, one.initials],
        )
        .await?;
    }
    Ok(())
}

/// An owner's phrases, in their order.
pub async fn phrases(tx: &mut impl Query, owner: &str) -> Result<Vec<Phrase>> {
    let rows = tx
        .fetch_all("SELECT place, reason_code, body FROM phrases WHERE owner = $1 ORDER BY n", args![owner])
        .await?;
    rows.iter()
        .map(|row| {
            let text = crate::kernel::Note::new(&row.get::<String>("body")?).map_err(|_| {
                StoreError::Broken { column: "phrases.body".into(), why: "is no text".into() }
            })?;
            Ok(Phrase { place: row.parse("place")?, reason_code: row.get("reason_code")?, text })
        })
        .collect()
}

/// Puts these phrases in the place of the ones before.
pub async fn keep_phrases(tx: &mut WriteTx, owner: &str, phrases: &[Phrase]) -> Result<()> {
    tx.execute("DELETE FROM phrases WHERE owner = $1", args![owner]).await?;
    for (n, one) in phrases.iter().enumerate() {
        let n = i64::try_from(n).unwrap_or(i64::MAX);
        tx.execute(
            "INSERT INTO phrases (owner, n, place, reason_code, body) VALUES ($1, $2, $3, $4, $5)",
            args![owner, n, one.place.word(), one.reason_code, one.text.as_str()],
        )
        .await?;
    }
    Ok(())
}

/// The facility a department belongs to.
pub async fn facility_of(tx: &mut impl Query, id: DepartmentId) -> Result<Option<FacilityId>> {
    let row = tx.fetch_optional("SELECT facility_id FROM departments WHERE id = $1", args![id]).await?;
    row.map(|row| row.get("facility_id")).transpose()
}
