//! What is counted of a letter at the moment it is sent: codes and numbers for the journal,
//! and not a word of it.

use serde_json::{Map, Value, json};

use super::{
    around,
    letter::{asked_for, is_icd10, left_out},
    model::{DiagnosisRole, Referral},
};
use crate::{
    attachments::{self, Owner},
    ctx::Ctx,
    store::{Query, StoreError},
    words,
};

words! {
    /// How a letter came to be written.
    pub enum Path {
        /// From a consult, with most of it filled in.
        FromConsult = "from_consult",
        /// For a patient who was known here.
        KnownPatient = "known_patient",
        /// For a patient who was entered first.
        NewPatient = "new_patient",
    }
}

/// Longer than a day at one letter is a tab left open, not work.
const MOST_MS: i64 = 24 * 60 * 60 * 1000;
/// No letter takes so many keys or clicks.
const MOST_PRESSES: i64 = 100_000;
/// No letter has so many fields.
const MOST_FIELDS: i64 = 100;

/// What the journal is told when a letter is sent.
pub async fn at_submission(
    ctx: &Ctx,
    tx: &mut impl Query,
    letter: &Referral,
    body: &Map<String, Value>,
) -> Result<Value, StoreError> {
    let place = around::place(tx, letter.leg.to_department).await?;
    let wishes = place.map(|place| place.min_dataset).unwrap_or_default();
    let asked = asked_for(letter.direction, &wishes);
    let missed = left_out(&letter.letter, letter.urgency, &asked);
    let files = attachments::list(ctx, tx, Owner::Referral(letter.id)).await?;
    let shared: i64 = match letter.source_consult {
        None => 0,
        Some(consult) => {
            let theirs = attachments::list(ctx, tx, Owner::Consult(consult)).await?;
            let both = files.iter().filter(|file| theirs.iter().any(|other| other.id == file.id));
            both.map(|file| i64::try_from(file.size).unwrap_or(0)).sum()
        }
    };
    Ok(json!({
        "due_at": letter.answer.due_at,
        "diagnosis": category(letter),
        "files": files.len(),
        "shared_bytes": shared,
        "asked_for": asked.len(),
        "left_out": missed,
        "entry": body.get("entry").and_then(entry),
    }))
}

/// The first three characters of the primary diagnosis' code: enough to count, too little to tell.
fn category(letter: &Referral) -> Option<&str> {
    let diagnoses = &letter.letter.diagnoses;
    let primary = diagnoses.iter().find(|d| d.role == DiagnosisRole::Primary).or(diagnoses.first())?;
    primary.code.as_deref().filter(|code| is_icd10(code))?.get(..3)
}

/// How long the writing took, as the page that was written on counted it. What is out of bounds
/// is not counted; a letter is never refused for it.
fn entry(said: &Value) -> Option<Value> {
    let path: Path = said["path"].as_str()?.parse().ok()?;
    let number = |name: &str, most: i64| said[name].as_i64().filter(|n| (0..=most).contains(n));
    let mut told = json!({
        "path": path,
        "active_ms": number("active_ms", MOST_MS)?,
        "keys": number("keys", MOST_PRESSES)?,
        "clicks": number("clicks", MOST_PRESSES)?,
    });
    // Pages of an earlier version do not say these.
    for (name, most) in [("wall_ms", MOST_MS), ("prefilled", MOST_FIELDS), ("edited", MOST_FIELDS)] {
        if let Some(n) = number(name, most) {
            told[name] = json!(n);
        }
    }
    Some(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_time_is_numbers_and_a_path_and_nothing_else() {
        let said = json!({ "path": "new_patient", "active_ms": 41_000, "wall_ms": 90_000, "keys": 120, "clicks": 4,
                    "prefilled": 1, "edited": 5_000, "text": "a name" });

        assert_eq!(
            entry(&said),
            Some(
                json!({ "path": "new_patient", "active_ms": 41_000, "wall_ms": 90_000, "keys": 120, "clicks": 4,
                         "prefilled": 1 })
            )
        );
        assert_eq!(entry(&json!({ "path": "new_patient", "active_ms": -1, "keys": 1, "clicks": 1 })), None);
        assert_eq!(entry(&json!({ "path": "a name", "active_ms": 1, "keys": 1, "clicks": 1 })), None);
    }
}
