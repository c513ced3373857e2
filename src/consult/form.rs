//! What people send, checked field by field. Pure: every complaint names its field.

use std::fmt;

use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::model::{Adopted, DeclineReason, Diagnosis, Exam, Kind, Letter, NextStep, OpinionText, Urgency};
use crate::{
    consents::{ConsentForm, Given, OverrideForm, Scope},
    http::FieldError,
    kernel::{BadText, DepartmentId, Note, PatientId, Timestamp, UserId},
};

/// A question shorter than this cannot be answered.
pub const SHORTEST_QUESTION: usize = 10;

/// The most diagnoses one form can hold.
const MOST_DIAGNOSES: usize = 20;

/// A consult as its author writes it. A new one needs patient, department, kind and
/// urgency; of a draft, what is absent stays and an empty text takes a text away.
#[derive(Deserialize, Default, ToSchema)]
#[schema(as = ConsultForm)]
pub struct DraftForm {
    /// About whom; fixed once it is begun.
    pub patient_id: Option<PatientId>,
    /// Who is asked.
    pub to_department: Option<DepartmentId>,
    /// How to meet.
    pub kind: Option<Kind>,
    /// How soon.
    pub urgency: Option<Urgency>,
    /// What is asked.
    pub question: Option<String>,
    /// Why the patient came.
    pub chief_complaint: Option<String>,
    /// What went before.
    pub history: Option<String>,
    /// The signs.
    pub exam: Option<Exam>,
    /// What the requester thinks it is.
    pub prelim_diagnoses: Option<Vec<Diagnosis>>,
    /// The consent.
    pub consent: Option<ConsentForm>,
    /// Why an emergency goes ahead without one.
    pub r#override: Option<OverrideForm>,
}

/// What a consult cannot begin without.
#[derive(Debug, Clone, Copy)]
pub struct Beginning {
    /// About whom.
    pub patient: PatientId,
    /// Who is asked.
    pub to_department: DepartmentId,
    /// How to meet.
    pub kind: Kind,
    /// How soon.
    pub urgency: Urgency,
}

/// Everything an action can be sent with; each takes what it needs.
#[derive(Deserialize, Default, ToSchema)]
#[serde(default)]
#[schema(as = ConsultActionForm)]
pub struct Body {
    /// Why, in words.
    pub reason: Option<String>,
    /// Why, as a code.
    pub reason_code: Option<String>,
    /// A remark.
    pub note: Option<String>,
    /// Another department.
    pub to_department: Option<DepartmentId>,
    /// A time.
    pub start: Option<Timestamp>,
    /// Its end.
    pub end: Option<Timestamp>,
    /// Who chairs.
    pub chair: Option<UserId>,
    /// Who else is asked to come.
    pub invitees: Vec<UserId>,
    /// What it is.
    pub conclusion: Option<String>,
    /// What to do.
    pub advice: Option<String>,
    /// The diagnoses.
    pub diagnoses: Vec<Diagnosis>,
    /// What to do next.
    pub next: Option<NextStep>,
    /// How much of the opinion is followed.
    pub adopted: Option<Adopted>,
}

macro_rules! silent {
    ($($name:ident),* $(,)?) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}
silent!(DraftForm, Body);

/// A complaint about one field.
pub fn wrong(field: &str, code: &str) -> FieldError {
    FieldError { field: field.to_owned(), code: code.to_owned(), params: None }
}

/// A text that must be there.
pub fn needed(field: &str, text: Option<&str>) -> Result<String, FieldError> {
    match Note::new(text.unwrap_or_default()) {
        Ok(note) => Ok(note.as_str().to_owned()),
        Err(BadText::Empty) => Err(wrong(field, "required")),
        Err(BadText::TooLong { max }) => {
            Err(FieldError { params: Some(json!({ "max": max })), ..wrong(field, "too_long") })
        }
        Err(BadText::Control) => Err(wrong(field, "not_right")),
    }
}

/// A text that may be there: nothing, or something that is right.
pub fn allowed(field: &str, text: Option<&str>) -> Result<Option<String>, FieldError> {
    match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => needed(field, Some(text)).map(Some),
    }
}

/// A reason that must be one of the coded ones, with a note if it is `other`.
pub fn coded_reason(body: &Body) -> Result<DeclineReason, FieldError> {
    let code = body.reason_code.as_deref().ok_or_else(|| wrong("reason_code", "required"))?;
    let reason = code.parse().map_err(|_| wrong("reason_code", "not_one_of_these"))?;
    if reason == DeclineReason::Other {
        needed("note", body.note.as_deref())?;
    }
    Ok(reason)
}

impl DraftForm {
    /// What a consult cannot begin without, or which of it is missing.
    pub fn beginning(&self) -> Result<Beginning, Vec<FieldError>> {
        match (self.patient_id, self.to_department, self.kind, self.urgency) {
            (Some(patient), Some(to_department), Some(kind), Some(urgency)) => {
                Ok(Beginning { patient, to_department, kind, urgency })
            }
            (patient, to_department, kind, urgency) => Err([
                ("patient_id", patient.is_none()),
                ("to_department", to_department.is_none()),
                ("kind", kind.is_none()),
                ("urgency", urgency.is_none()),
            ]
            .into_iter()
            .filter(|(_, is_missing)| *is_missing)
            .map(|(field, _)| wrong(field, "required"))
            .collect()),
        }
    }

    /// Puts what was sent over what was there.
    pub fn write_over(&self, letter: &mut Letter) -> Result<(), Vec<FieldError>> {
        let mut wrongs = Vec::new();
        let mut text = |field: &str, sent: &Option<String>, into: &mut Option<String>| {
            if let Some(sent) = sent {
                match allowed(field, Some(sent)) {
                    Ok(text) => *into = text,
                    Err(error) => wrongs.push(error),
                }
            }
        };
        let mut question = Some(std::mem::take(&mut letter.question));
        text("question", &self.question, &mut question);
        letter.question = question.unwrap_or_default();
        text("chief_complaint", &self.chief_complaint, &mut letter.chief_complaint);
        text("history", &self.history, &mut letter.history);
        if let Some(exam) = self.exam {
            wrongs.extend(exam.signs().into_iter().filter_map(out_of_range));
            letter.exam = exam.signs().iter().any(|(_, sign)| sign.is_some()).then_some(exam);
        }
        if let Some(diagnoses) = &self.prelim_diagnoses {
            match checked("prelim_diagnoses", diagnoses) {
                Ok(diagnoses) => letter.prelim_diagnoses = diagnoses,
                Err(error) => wrongs.push(error),
            }
        }
        if wrongs.is_empty() { Ok(()) } else { Err(wrongs) }
    }

    /// The consent that was sent, if one was.
    pub fn consent(&self, urgency: Urgency) -> Result<Option<Given>, FieldError> {
        if let Some(form) = &self.r#override {
            if urgency != Urgency::Emergency {
                return Err(wrong("override", "only_emergency"));
            }
            return form.checked().map(Some);
        }
        self.consent.as_ref().map(|form| form.checked(Scope::Consult)).transpose()
    }
}

/// What a living body can show, wide enough for every emergency and narrow enough for a slip of the key.
fn out_of_range((name, sign): (&'static str, Option<f64>)) -> Option<FieldError> {
    let (min, max) = match name {
        "temp_c" => (20.0, 45.0),
        "spo2" => (0.0, 100.0),
        "glucose" => (0.0, 100.0),
        "resp_rate" => (0.0, 120.0),
        _ => (0.0, 350.0),
    };
    let sign = sign?;
    let params = Some(json!({ "min": min, "max": max }));
    (!(min..=max).contains(&sign))
        .then(|| FieldError { params, ..wrong(&format!("exam.{name}"), "out_of_range") })
}

fn checked(field: &str, diagnoses: &[Diagnosis]) -> Result<Vec<Diagnosis>, FieldError> {
    if diagnoses.len() > MOST_DIAGNOSES {
        return Err(FieldError {
            params: Some(json!({ "max": MOST_DIAGNOSES })),
            ..wrong(field, "too_long")
        });
    }
    let each = |(n, diagnosis): (usize, &Diagnosis)| {
        let text = needed(&format!("{field}.{n}.text"), Some(&diagnosis.text))?;
        let code = allowed(&format!("{field}.{n}.code"), diagnosis.code.as_deref())?;
        if code.as_ref().is_some_and(|code| code.len() > 16) {
            return Err(wrong(&format!("{field}.{n}.code"), "too_long"));
        }
        Ok(Diagnosis { code, text })
    };
    diagnoses.iter().enumerate().map(each).collect()
}

/// The opinion that was sent.
pub fn opinion(body: &Body) -> Result<(OpinionText, NextStep), Vec<FieldError>> {
    let mut wrongs = Vec::new();
    let mut keep =
        |result: Result<String, FieldError>| result.map_err(|error| wrongs.push(error)).unwrap_or_default();
    let conclusion = keep(needed("conclusion", body.conclusion.as_deref()));
    let advice = keep(needed("advice", body.advice.as_deref()));
    let diagnoses =
        checked("diagnoses", &body.diagnoses).map_err(|error| wrongs.push(error)).unwrap_or_default();
    let Some(next) = body.next else {
        wrongs.push(wrong("next", "required"));
        return Err(wrongs);
    };
    if wrongs.is_empty() { Ok((OpinionText { conclusion, advice, diagnoses }, next)) } else { Err(wrongs) }
}

/// How much of the opinion is followed, and why not all of it.
pub fn acknowledgement(body: &Body) -> Result<(Adopted, Option<String>), FieldError> {
    let adopted = body.adopted.ok_or_else(|| wrong("adopted", "required"))?;
    let reason = match adopted {
        Adopted::No => Some(needed("reason", body.reason.as_deref())?),
        Adopted::Full | Adopted::Partial => allowed("reason", body.reason.as_deref())?,
    };
    Ok((adopted, reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consents::Method;

    fn form(json: serde_json::Value) -> DraftForm {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_sign_no_body_can_show_is_named() {
        let mut letter = Letter::default();

        let wrongs =
            form(json!({ "exam": { "spo2": 940.0, "heart_rate": 54 } })).write_over(&mut letter).unwrap_err();

        assert_eq!(wrongs.len(), 1);
        assert_eq!((wrongs[0].field.as_str(), wrongs[0].code.as_str()), ("exam.spo2", "out_of_range"));
    }

    #[test]
    fn what_is_not_sent_stays_and_what_is_sent_empty_goes() {
        let mut letter =
            Letter { history: Some("before".into()), question: "why".into(), ..Letter::default() };

        form(json!({ "history": "" })).write_over(&mut letter).unwrap();

        assert_eq!((letter.history, letter.question), (None, "why".to_owned()));
    }

    #[test]
    fn only_an_emergency_goes_ahead_without_consent() {
        let ask = form(json!({ "override": { "reason": "unconscious, alone" } }));

        assert_eq!(ask.consent(Urgency::Urgent).unwrap_err().code, "only_emergency");
        assert_eq!(ask.consent(Urgency::Emergency).unwrap().unwrap().method, Method::Override);
    }

    #[test]
    fn an_opinion_that_is_not_followed_needs_a_reason() {
        let body = Body { adopted: Some(Adopted::No), ..Body::default() };

        assert_eq!(acknowledgement(&body).unwrap_err().field, "reason");
    }
}
