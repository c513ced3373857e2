//! Writing in a draft: any part of the letter, one or many at a time. Pure.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    ask::{Wrong, read_value},
    letter::is_icd10,
    model::{ConsentMethod, Direction, Letter, TransportMode, TransportState, Urgency},
};
use crate::kernel::{DepartmentId, Note};

/// What the head of a letter can be changed to; the rest is in the letter itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Head {
    /// Whom it asks.
    pub to_department: Option<DepartmentId>,
    /// Which way.
    pub direction: Option<Direction>,
    /// How urgent.
    pub urgency: Option<Urgency>,
}

/// Writes `patch` into `letter`; what is named is replaced, `null` empties it.
///
/// # Errors
/// Every field that is not right. The letter is unchanged then.
pub fn write(letter: &Letter, patch: &Map<String, Value>) -> Result<(Letter, Head), Vec<Wrong>> {
    let (mut written, mut head, mut wrong) = (letter.clone(), Head::default(), Vec::new());
    for (field, value) in patch {
        if let Err(bad) = part(&mut written, &mut head, field, value) {
            wrong.push(bad);
        }
    }
    if wrong.is_empty() { Ok((written, head)) } else { Err(wrong) }
}

fn part(letter: &mut Letter, head: &mut Head, field: &str, value: &Value) -> Result<(), Wrong> {
    match field {
        "to_department" => head.to_department = Some(need(field, value)?),
        "direction" => head.direction = Some(need(field, value)?),
        "urgency" => head.urgency = Some(need(field, value)?),
        "reason_codes" => letter.reason_codes = reason_codes(value)?,
        "reason_text" => letter.reason_text = text(field, value)?,
        "diagnoses" => letter.diagnoses = diagnoses(letter, value)?,
        "present_illness" => letter.present_illness = text(field, value)?,
        "past_history" => letter.past_history = text(field, value)?,
        "treatment_so_far" => letter.treatment_so_far = text(field, value)?,
        "key_results" => letter.key_results = text(field, value)?,
        "allergies_ack" => letter.allergies_ack = need(field, value)?,
        "infection_flag" => letter.infection_flag = need(field, value)?,
        "requested_service" => letter.requested_service = maybe(field, value)?,
        "transport" => letter.transport = maybe(field, value)?,
        "insurance" => letter.insurance = maybe(field, value)?,
        "companion" => letter.companion = text(field, value)?,
        "consent" => letter.consent = consent(value)?,
        "override" => {
            // As in a consult: `{ "reason": "…" }`.
            let reason = value.get("reason").unwrap_or(value);
            letter.override_reason = text("override.reason", reason)?;
        }
        "override_reason" => letter.override_reason = text(field, value)?,
        "duplicate_reason" => letter.duplicate_reason = text(field, value)?,
        "rehab_plan" => letter.rehab_plan = text(field, value)?,
        "medications" => letter.medications = maybe(field, value)?.unwrap_or_default(),
        "next_visit" => letter.next_visit = text(field, value)?,
        "red_flags" => letter.red_flags = text(field, value)?,
        "follow_up_due" => letter.follow_up_due = maybe(field, value)?,
        _ => return Err(Wrong { field: field.to_owned(), code: "unknown" }),
    }
    Ok(())
}

fn need<T: DeserializeOwned>(field: &str, value: &Value) -> Result<T, Wrong> {
    if value.is_null() {
        return Err(Wrong { field: field.to_owned(), code: "required" });
    }
    read_value(value).map_err(|code| Wrong { field: field.to_owned(), code })
}

fn maybe<T: DeserializeOwned>(field: &str, value: &Value) -> Result<Option<T>, Wrong> {
    if value.is_null() { Ok(None) } else { need(field, value).map(Some) }
}

/// A text; blank empties it, so that what was typed and deleted again is no error.
fn text<T: DeserializeOwned>(field: &str, value: &Value) -> Result<Option<T>, Wrong> {
    let blank = value.as_str().is_some_and(|text| text.trim().is_empty());
    if blank { Ok(None) } else { maybe(field, value) }
}

/// At most twenty codes of at most forty characters: a list of reasons, no essay.
fn reason_codes(value: &Value) -> Result<Vec<String>, Wrong> {
    let codes: Vec<String> = maybe("reason_codes", value)?.unwrap_or_default();
    let fits =
        |code: &String| code.len() <= 40 && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if codes.len() > 20 || !codes.iter().all(fits) {
        return Err(Wrong { field: "reason_codes".to_owned(), code: "not_right" });
    }
    Ok(codes)
}

fn diagnoses(letter: &Letter, value: &Value) -> Result<Vec<super::model::Diagnosis>, Wrong> {
    let mut list: Vec<super::model::Diagnosis> = match value {
        Value::Null => Vec::new(),
        Value::Array(items) if items.len() > 20 => {
            return Err(Wrong { field: "diagnoses".to_owned(), code: "too_long" });
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| need(&format!("diagnoses.{at}"), item))
            .collect::<Result<_, _>>()?,
        _ => return Err(Wrong { field: "diagnoses".to_owned(), code: "not_right" }),
    };
    for (at, diagnosis) in list.iter_mut().enumerate() {
        diagnosis.code = diagnosis.code.take().filter(|code| !code.trim().is_empty());
        let known = letter.diagnoses.iter().any(|before| before.code == diagnosis.code);
        if diagnosis.code.as_deref().is_some_and(|code| !is_icd10(code)) && !known {
            return Err(Wrong { field: format!("diagnoses.{at}.code"), code: "not_right" });
        }
    }
    Ok(list)
}

fn consent(value: &Value) -> Result<Option<super::model::Consent>, Wrong> {
    let consent: Option<super::model::Consent> = maybe("consent", value)?;
    let unheard = |c: &super::model::Consent| c.method == ConsentMethod::VerbalWitness && c.witness.is_none();
    if consent.as_ref().is_some_and(unheard) {
        return Err(Wrong { field: "consent.witness".to_owned(), code: "required" });
    }
    Ok(consent)
}

/// Where the transport begins, by what the letter says.
pub fn transport_state(letter: &Letter) -> TransportState {
    match &letter.transport {
        None => TransportState::None,
        Some(transport) => match transport.mode {
            TransportMode::Self_ => TransportState::None,
            TransportMode::AmbulanceOwn | TransportMode::Ambulance120 | TransportMode::TargetVehicle => {
                if transport.depart_at.is_some() {
                    TransportState::EnRoute
                } else {
                    TransportState::ToArrange
                }
            }
        },
    }
}

/// A text put together from what is already a text; too long is cut, empty is none.
pub fn note(text: &str) -> Option<Note> {
    let cut: String = text.chars().take(Note::MAX).collect();
    Note::new(&cut).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patch(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            _ => panic!("a patch is an object"),
        }
    }

    fn wrong(field: &str, code: &'static str) -> Wrong {
        Wrong { field: field.to_owned(), code }
    }

    #[test]
    fn what_is_named_is_replaced_and_the_rest_stays() {
        let (letter, _) =
            write(&Letter::default(), &patch(json!({ "reason_text": "a", "companion": "daughter" })))
                .expect("both are right");

        let (letter, head) =
            write(&letter, &patch(json!({ "reason_text": null, "urgency": "urgent" }))).expect("right");

        assert_eq!(letter.reason_text, None);
        assert!(letter.companion.is_some());
        assert_eq!(head.urgency, Some(Urgency::Urgent));
    }

    #[test]
    fn every_wrong_field_is_named_and_nothing_is_written() {
        let bad = patch(json!({
            "consent": { "method": "verbal_witness", "signer": "patient" },
            "diagnoses": [{ "code": "heart", "text": "x" }],
            "shoe_size": 43,
            "urgency": "soon"
        }));

        assert_eq!(
            write(&Letter::default(), &bad).expect_err("four are wrong"),
            [
                wrong("consent.witness", "required"),
                wrong("diagnoses.0.code", "not_right"),
                wrong("shoe_size", "unknown"),
                wrong("urgency", "not_one_of_these")
            ]
        );
    }
}
