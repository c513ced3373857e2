//! What comes with an action: the form beside the button, read and checked. Pure.
//!
//! A form with three wrong fields is told all three, each by its name.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    model::{Direction, Held, Note, OutcomeCode, RedirectReason, RejectReason, Urgency},
    state::Action,
};
use crate::{
    http,
    kernel::{DepartmentId, Line, Timestamp},
};

/// One field that is not right, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Its name.
    pub field: String,
    /// What is wrong with it, as a word.
    pub code: &'static str,
}

/// A time, a place, a bed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// When the patient is expected.
    pub start: Timestamp,
    /// Where to go.
    pub location: Line,
    /// The bed or slot.
    pub bed: Option<Line>,
    /// The place that is kept for the patient.
    pub held: Option<Held>,
    /// Who receives the patient.
    pub received_by: Option<Line>,
    /// Whom to ask for.
    pub contact: Option<Line>,
    /// What the patient should know.
    pub instructions: Option<Note>,
}

/// Where a referral goes on to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Onward {
    /// The department that is asked next.
    pub to_department: DepartmentId,
    /// Why, as a code.
    pub code: Option<RedirectReason>,
    /// Why, in words.
    pub text: Option<Note>,
    /// The sender was asked and agrees to another hospital.
    pub sender_agreed: bool,
}

/// What a patient is sent back with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// What came out; may have been written at discharge already.
    pub outcome: Option<(OutcomeCode, Note)>,
    /// Where to; the sender's own department if not said.
    pub to_department: Option<DepartmentId>,
    /// How to go on.
    pub plan: Note,
    /// What the patient takes.
    pub medications: Vec<Line>,
    /// When to come again.
    pub next_visit: Line,
    /// What must bring the patient back at once.
    pub red_flags: Note,
    /// Until when the plan runs.
    pub follow_up_due: Option<Timestamp>,
}

/// What comes with an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Nothing.
    Plain,
    /// With a letter: why a second one, if one is open.
    Submit(Option<Note>),
    /// What the sender is asked.
    Question(Note),
    /// What the sender answers; the answer may also be a file.
    Answer(Option<Note>),
    /// Whom to ask for, and a word.
    Accept {
        /// Whom to ask for.
        contact: Option<Line>,
        /// A word to the sender.
        note: Option<Note>,
    },
    /// A time and a place.
    Book(Box<Booking>),
    /// Why not, as a code and in words.
    Reject(RejectReason, Note),
    /// Where to instead.
    Onward(Box<Onward>),
    /// The number under which the patient was admitted, if he was.
    Treat(Option<Line>),
    /// A text for the record.
    Note(Note),
    /// A text for the record, if there is one.
    Maybe(Option<Note>),
    /// What came out of it.
    Outcome(OutcomeCode, Note),
    /// The way back.
    Return(Box<Return>),
    /// The next letter of the chain.
    Continue {
        /// Which way.
        direction: Direction,
        /// To whom.
        to_department: DepartmentId,
        /// How urgent; as this one if not said.
        urgency: Option<Urgency>,
    },
}

impl Ask {
    /// Reads the form that belongs to `action`.
    ///
    /// # Errors
    /// Every field that is missing or not right.
    pub fn read(action: Action, body: &Map<String, Value>) -> Result<Self, Vec<Wrong>> {
        use Action as A;
        let mut form = Form { body, wrong: Vec::new() };
        let ask = match action {
            A::Submit => Some(Self::Submit(form.maybe("duplicate_reason"))),
            A::RequestInfo => form.need("question").map(Self::Question),
            A::SupplyInfo => Some(Self::Answer(form.maybe("text"))),
            A::Accept => Some(Self::Accept { contact: form.maybe("contact"), note: form.maybe("note") }),
            A::AcceptAndSchedule | A::Schedule | A::Reschedule => form.booking(),
            A::Reject => {
                let (code, text) = (form.need("reason_code"), form.need("text"));
                code.zip(text).map(|(code, text)| Self::Reject(code, text))
            }
            A::Redirect | A::RedirectBySender | A::RedirectAfterReject | A::MoveDepartment => form.onward(),
            A::Treat => form.treat(),
            A::InterimNote | A::RecordFollowUp => form.need("text").map(Self::Note),
            A::Cancel | A::RequestCancel | A::EnterInError => form.need("reason").map(Self::Note),
            A::PatientDied => Some(Self::Maybe(form.maybe("summary"))),
            A::AppointmentCancel => Some(Self::Maybe(form.maybe("reason"))),
            A::Discharge | A::Outcome => form.outcome().map(|(code, text)| Self::Outcome(code, text)),
            A::ReferBack => form.way_back(),
            A::ReferOn => {
                let (direction, to) = (form.need("direction"), form.need("to_department"));
                let urgency = form.maybe("urgency");
                direction.zip(to).map(|(direction, to_department)| Self::Continue {
                    direction,
                    to_department,
                    urgency,
                })
            }
            A::Discard
            | A::Resubmit
            | A::Close
            | A::AutoClose
            | A::NoShow
            | A::Arrive
            | A::EmergencyArrive
            | A::DownAccepted
            | A::DownEnded
            | A::Complete
            | A::Acknowledge
            | A::ConfirmCancel
            | A::PatientAlreadyHere
            | A::WithdrawCancel
            | A::Expire
            | A::View => Some(Self::Plain),
        };
        match ask {
            Some(ask) if form.wrong.is_empty() => Ok(ask),
            _ => Err(form.wrong),
        }
    }
}

/// A form while it is read.
struct Form<'a> {
    body: &'a Map<String, Value>,
    wrong: Vec<Wrong>,
}

impl Form<'_> {
    /// A field that may be left out.
    fn maybe<T: DeserializeOwned>(&mut self, field: &str) -> Option<T> {
        let value = self.body.get(field).filter(|value| !is_blank(value))?;
        match read_value(value) {
            Ok(value) => Some(value),
            Err(code) => {
                self.wrong.push(Wrong { field: field.to_owned(), code });
                None
            }
        }
    }

    /// A field that must be there.
    fn need<T: DeserializeOwned>(&mut self, field: &str) -> Option<T> {
        if self.body.get(field).is_none_or(is_blank) {
            self.wrong.push(Wrong { field: field.to_owned(), code: "required" });
            return None;
        }
        self.maybe(field)
    }

    fn booking(&mut self) -> Option<Ask> {
        let (start, location) = (self.need("start"), self.need("location"));
        let (bed, received_by) = (self.maybe("bed"), self.maybe("received_by"));
        let (contact, instructions) = (self.maybe("contact"), self.maybe("instructions"));
        // Whoever names both gets the slot: it says when.
        let slot = self.maybe("slot_id").map(Held::Slot);
        let held = slot.or(self.maybe("bed_pool_id").map(Held::Bed));
        let (start, location) = start.zip(location)?;
        let booking = Booking { start, location, bed, held, received_by, contact, instructions };
        Some(Ask::Book(Box::new(booking)))
    }

    fn onward(&mut self) -> Option<Ask> {
        let to = self.need("to_department");
        let (code, text) = (self.maybe("reason_code"), self.maybe("reason"));
        let sender_agreed = self.maybe("sender_agreed").unwrap_or(false);
        Some(Ask::Onward(Box::new(Onward { to_department: to?, code, text, sender_agreed })))
    }

    #[allow(clippy::unnecessary_wraps, reason = "a reader like its neighbours")]
    fn treat(&mut self) -> Option<Ask> {
        // Who was admitted has a number: without it the ward's papers are not found again.
        let admitted = self.maybe("admitted").unwrap_or(false);
        let number = if admitted { self.need("inpatient_no") } else { self.maybe("inpatient_no") };
        Some(Ask::Treat(number))
    }

    fn outcome(&mut self) -> Option<(OutcomeCode, Note)> {
        let (code, summary) = (self.need("outcome_code"), self.need("outcome_summary"));
        code.zip(summary)
    }

    fn way_back(&mut self) -> Option<Ask> {
        let said = ["outcome_code", "outcome_summary"].iter().any(|field| self.body.contains_key(*field));
        let outcome = if said { self.outcome() } else { None };
        let to_department = self.maybe("to_department");
        let (plan, medications) = (self.need("plan"), self.medications());
        let (next_visit, red_flags) = (self.need("next_visit"), self.need("red_flags"));
        let follow_up_due = self.maybe("follow_up_due");
        Some(Ask::Return(Box::new(Return {
            outcome,
            to_department,
            plan: plan?,
            medications: medications?,
            next_visit: next_visit?,
            red_flags: red_flags?,
            follow_up_due,
        })))
    }

    /// A list, or a text with one drug on each line.
    fn medications(&mut self) -> Option<Vec<Line>> {
        match self.body.get("medications") {
            Some(Value::String(text)) => {
                let lines: Vec<Line> = text.lines().filter_map(|line| Line::new(line).ok()).collect();
                if lines.is_empty() { self.need("medications") } else { Some(lines) }
            }
            Some(Value::Array(list)) if list.is_empty() => {
                self.wrong.push(Wrong { field: "medications".to_owned(), code: "required" });
                None
            }
            _ => self.need("medications"),
        }
    }
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// Reads one value as one of our types; what is wrong with it as a word.
pub(super) fn read_value<T: DeserializeOwned>(value: &Value) -> Result<T, &'static str> {
    T::deserialize(value).map_err(|error| http::what_is_wrong(&error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(action: Action, body: &Value) -> Result<Ask, Vec<Wrong>> {
        Ask::read(action, body.as_object().expect("a form is an object"))
    }

    fn wrong(field: &str, code: &'static str) -> Wrong {
        Wrong { field: field.to_owned(), code }
    }

    #[test]
    fn a_rejection_needs_a_code_and_a_sentence_and_both_are_told_at_once() {
        assert_eq!(
            read(Action::Reject, &json!({})),
            Err(vec![wrong("reason_code", "required"), wrong("text", "required")])
        );
        assert_eq!(
            read(Action::Reject, &json!({ "reason_code": "too_far", "text": "Treat with fluids" })),
            Err(vec![wrong("reason_code", "not_one_of_these")])
        );
        assert!(
            read(Action::Reject, &json!({ "reason_code": "treat_there", "text": "Fluids, rest" })).is_ok()
        );
    }

    #[test]
    fn a_field_that_is_too_long_or_no_time_is_named() {
        let body = json!({ "start": "tomorrow", "location": "x".repeat(300) });

        assert_eq!(
            read(Action::Schedule, &body),
            Err(vec![wrong("start", "not_right"), wrong("location", "too_long")])
        );
    }

    #[test]
    fn who_is_admitted_has_a_number() {
        assert_eq!(read(Action::Treat, &json!({})), Ok(Ask::Treat(None)));
        assert_eq!(
            read(Action::Treat, &json!({ "admitted": true })),
            Err(vec![wrong("inpatient_no", "required")])
        );
    }

    #[test]
    fn the_way_back_owes_four_blocks() {
        assert_eq!(
            read(Action::ReferBack, &json!({ "next_visit": "  ", "medications": [] })),
            Err(vec![
                wrong("plan", "required"),
                wrong("medications", "required"),
                wrong("next_visit", "required"),
                wrong("red_flags", "required")
            ])
        );
        let whole = json!({
            "plan": "Walk daily", "medications": "Aspirin 100 mg\nAtorvastatin 20 mg", "next_visit": "not needed",
            "red_flags": "Chest pain"
        });
        assert!(
            matches!(read(Action::ReferBack, &whole), Ok(Ask::Return(way)) if way.medications.len() == 2)
        );
    }
}
