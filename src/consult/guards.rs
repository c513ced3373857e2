//! What must hold besides state, action and actor: one arm per line of the table that
//! asks for more and can be judged from the record alone. What needs a form is judged in
//! [`super::form`], what needs people in [`super::routing`].

use super::{
    due, form,
    model::{Consult, Kind, Letter, Urgency},
};
use crate::{auth::policy::Actor, consents::Method, http::FieldError, kernel::Timestamp, words};

words! {
    /// Why a step that the table opens is shut just now.
    pub enum Hindrance {
        /// Only a consult in writing knows this step here.
        OnlyAsync = "only_async",
        /// Only a consult by ring knows this step.
        OnlyInstant = "only_instant",
        /// Of several disciplines, the chair speaks.
        ChairOnly = "chair_only",
        /// The agreed time is not there yet, or over.
        OutsideWindow = "outside_window",
        /// Already in writing.
        AlreadyAsync = "already_async",
    }
}

/// What keeps the line `rule` shut, if anything does.
pub fn hindrance(rule: &str, consult: &Consult, who: &[Actor], now: Timestamp) -> Option<Hindrance> {
    let in_writing = consult.kind == Kind::Async;
    let by_ring = consult.kind == Kind::Instant;
    match rule {
        // Only these ring, and only these wait for somebody to come back.
        "C2a" | "C3" | "C3t" if !by_ring => Some(Hindrance::OnlyInstant),
        "C7d" if in_writing && consult.state == super::State::Queued => Some(Hindrance::AlreadyAsync),
        "C11" if !due::may_start(consult, now) => Some(Hindrance::OutsideWindow),
        // Nobody has to come in when it is in writing.
        "C12b" if in_writing => Some(Hindrance::OnlyInstant),
        "C12c" if !in_writing => Some(Hindrance::OnlyAsync),
        "C15" | "C15a" | "C15c" if consult.kind == Kind::Mdt && !who.contains(&Actor::Chair) => {
            Some(Hindrance::ChairOnly)
        }
        "C15" if consult.state == super::State::Accepted && !in_writing => Some(Hindrance::OnlyAsync),
        _ => None,
    }
}

/// C1: what is still missing before a request can be sent. `wanted` is what the department
/// asks for at least.
pub fn missing(
    consult: &Consult,
    letter: &Letter,
    consent: Option<Method>,
    wanted: &[String],
) -> Vec<FieldError> {
    let mut missing = Vec::new();
    if letter.question.chars().count() < form::SHORTEST_QUESTION {
        let params = Some(serde_json::json!({ "min": form::SHORTEST_QUESTION }));
        missing.push(FieldError { params, ..form::wrong("question", "too_short") });
    }
    match consent {
        None => missing.push(form::wrong("consent", "required")),
        // The override was written while it was an emergency.
        Some(Method::Override) if consult.urgency != Urgency::Emergency => {
            missing.push(form::wrong("consent", "required"));
        }
        Some(_) => {}
    }
    let signs = letter.exam.unwrap_or_default().signs();
    for field in wanted {
        let bare = field.strip_prefix("exam.").unwrap_or(field);
        let is_there = match bare {
            "chief_complaint" => letter.chief_complaint.is_some(),
            "history" => letter.history.is_some(),
            "exam" => letter.exam.is_some(),
            "prelim_diagnoses" => !letter.prelim_diagnoses.is_empty(),
            sign => signs.iter().find(|(name, _)| *name == sign).is_none_or(|(_, value)| value.is_some()),
        };
        if !is_there {
            missing.push(form::wrong(field, "required"));
        }
    }
    missing
}
