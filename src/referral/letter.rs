//! What a letter needs before it may be sent: by direction and urgency. Pure.
//!
//! A paper form is half empty half of the time; a form that asks for everything is not
//! filled in at a bedside. So this asks for what the other side cannot act without, tells
//! it in one go, and asks less in an emergency.

use super::model::{Direction, Letter, Urgency};
use crate::words;

words! {
    /// A part of the letter that can be missing; the word is the field's name.
    pub enum Part {
        /// The patient's consent, or in an emergency why nobody could be asked.
        Consent = "consent",
        /// At least one diagnosis with its ICD-10 code.
        Diagnoses = "diagnoses",
        /// Why the patient is sent.
        Reason = "reason_text",
        /// A target that may be asked in this direction.
        ToDepartment = "to_department",
        /// Why a second letter for the same patient and department.
        DuplicateReason = "duplicate_reason",
        /// The present illness.
        PresentIllness = "present_illness",
        /// The past history.
        PastHistory = "past_history",
        /// What was done so far.
        TreatmentSoFar = "treatment_so_far",
        /// What was found.
        KeyResults = "key_results",
        /// What is needed over there.
        RequestedService = "requested_service",
        /// How the patient travels.
        Transport = "transport",
        /// Who pays.
        Insurance = "insurance",
        /// On the way down: how to go on.
        RehabPlan = "rehab_plan",
        /// On the way down: what the patient takes.
        Medications = "medications",
        /// On the way down: when to come again.
        NextVisit = "next_visit",
        /// On the way down: what must bring the patient back.
        RedFlags = "red_flags",
    }
}

/// What the letter's world adds to what it says.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Another referral of this patient is open at the same department.
    pub live_double: bool,
    /// The target takes referrals, and from this side in this direction.
    pub target_fits: bool,
    /// What the target department wants to know, by field name; words we do not know are not ours to ask.
    pub min_dataset: &'a [String],
}

/// What is missing, in the order of the form. Empty: the letter may be sent.
pub fn missing(
    letter: &Letter,
    direction: Direction,
    urgency: Urgency,
    around: Surroundings<'_>,
) -> Vec<Part> {
    let mut parts = vec![Part::ToDepartment, Part::Consent, Part::Reason];
    if urgency != Urgency::Emergency {
        parts.push(Part::Diagnoses);
        // In an emergency nobody waits for a form: the department's own wishes are asked for later.
        parts.extend(around.min_dataset.iter().filter_map(|name| name.parse::<Part>().ok()));
    }
    if direction == Direction::Down {
        parts.extend([Part::RehabPlan, Part::Medications, Part::NextVisit, Part::RedFlags]);
    }
    if around.live_double {
        parts.push(Part::DuplicateReason);
    }
    parts.sort_unstable();
    parts.dedup();
    parts.retain(|part| !has(letter, *part, urgency, around));
    parts
}

/// What a complete letter of this direction to this department says, urgent or not: the
/// national form's fields and the department's own wishes. Much of it may be left out and the
/// letter still be sent; how much was left out is counted.
pub fn asked_for(direction: Direction, min_dataset: &[String]) -> Vec<Part> {
    let mut parts = vec![
        Part::Consent,
        Part::Diagnoses,
        Part::Reason,
        Part::PresentIllness,
        Part::PastHistory,
        Part::TreatmentSoFar,
        Part::KeyResults,
        Part::RequestedService,
        Part::Transport,
        Part::Insurance,
    ];
    parts.extend(min_dataset.iter().filter_map(|name| name.parse::<Part>().ok()));
    if direction == Direction::Down {
        parts.extend([Part::RehabPlan, Part::Medications, Part::NextVisit, Part::RedFlags]);
    }
    parts.sort_unstable();
    parts.dedup();
    parts
}

/// Which of these the letter does not say.
pub fn left_out(letter: &Letter, urgency: Urgency, parts: &[Part]) -> Vec<Part> {
    let around = Surroundings { live_double: false, target_fits: true, min_dataset: &[] };
    parts.iter().copied().filter(|part| !has(letter, *part, urgency, around)).collect()
}

fn has(letter: &Letter, part: Part, urgency: Urgency, around: Surroundings<'_>) -> bool {
    match part {
        Part::Consent => {
            letter.consent.is_some() || (urgency == Urgency::Emergency && letter.override_reason.is_some())
        }
        Part::Diagnoses => letter.diagnoses.iter().any(|d| d.code.as_deref().is_some_and(is_icd10)),
        Part::Reason => letter.reason_text.is_some() || !letter.reason_codes.is_empty(),
        Part::ToDepartment => around.target_fits,
        Part::DuplicateReason => letter.duplicate_reason.is_some(),
        Part::PresentIllness => letter.present_illness.is_some(),
        Part::PastHistory => letter.past_history.is_some(),
        Part::TreatmentSoFar => letter.treatment_so_far.is_some(),
        Part::KeyResults => letter.key_results.is_some(),
        Part::RequestedService => letter.requested_service.is_some(),
        Part::Transport => letter.transport.is_some(),
        Part::Insurance => letter.insurance.is_some(),
        Part::RehabPlan => letter.rehab_plan.is_some(),
        Part::Medications => !letter.medications.is_empty(),
        Part::NextVisit => letter.next_visit.is_some(),
        Part::RedFlags => letter.red_flags.is_some(),
    }
}

/// True for a text in the shape of an ICD-10 code, such as `I21`, `I21.1` or `I21.101`.
///
/// The shape only: hospitals extend the national list with digits of their own.
pub fn is_icd10(code: &str) -> bool {
    let (category, rest) = code.split_at_checked(3).unwrap_or((code, ""));
    let mut letters = category.chars();
    let starts = letters.next().is_some_and(|c| c.is_ascii_uppercase())
        && letters.next().is_some_and(|c| c.is_ascii_digit())
        && letters.next().is_some_and(|c| c.is_ascii_digit());
    let ends = rest.is_empty()
        || rest.strip_prefix('.').is_some_and(|tail| {
            (1..=6).contains(&tail.len())
                && tail.chars().all(|c| c.is_ascii_alphanumeric() || c == '+' || c == '*')
        });
    starts && ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kernel::{Line, Note},
        referral::model::{Consent, ConsentMethod, Diagnosis, DiagnosisRole, Signer},
    };

    const QUIET: Surroundings<'_> = Surroundings { live_double: false, target_fits: true, min_dataset: &[] };

    fn note(text: &str) -> Option<Note> {
        Note::new(text).ok()
    }

    fn complete() -> Letter {
        Letter {
            reason_text: note("No catheter laboratory here"),
            diagnoses: vec![Diagnosis {
                code: Some("I21.1".to_owned()),
                text: Line::new("Acute inferior infarction").expect("a line"),
                role: DiagnosisRole::Primary,
            }],
            consent: Some(Consent { method: ConsentMethod::Paper, signer: Signer::Patient, witness: None }),
            ..Letter::default()
        }
    }

    #[test]
    fn an_empty_letter_is_told_everything_at_once() {
        let parts = missing(&Letter::default(), Direction::Up, Urgency::Routine, QUIET);

        assert_eq!(parts, [Part::Consent, Part::Diagnoses, Part::Reason]);
    }

    #[test]
    fn a_complete_letter_may_be_sent_up_but_not_down() {
        assert_eq!(missing(&complete(), Direction::Up, Urgency::Urgent, QUIET), []);
        assert_eq!(
            missing(&complete(), Direction::Down, Urgency::Urgent, QUIET),
            [Part::RehabPlan, Part::Medications, Part::NextVisit, Part::RedFlags]
        );
    }

    #[test]
    fn an_emergency_needs_a_reason_and_a_word_about_consent_and_no_more() {
        let letter = Letter {
            reason_text: note("Unconscious"),
            override_reason: note("Unconscious, alone"),
            ..Letter::default()
        };
        let wants = ["key_results".to_owned()];

        let around = Surroundings { min_dataset: &wants, ..QUIET };

        assert_eq!(missing(&letter, Direction::Up, Urgency::Emergency, around), []);
        assert_eq!(
            missing(&letter, Direction::Up, Urgency::Urgent, around),
            [Part::Consent, Part::Diagnoses, Part::KeyResults]
        );
    }

    #[test]
    fn a_double_wants_a_reason_and_a_strange_target_is_named() {
        let around = Surroundings { live_double: true, target_fits: false, ..QUIET };

        assert_eq!(
            missing(&complete(), Direction::Up, Urgency::Routine, around),
            [Part::ToDepartment, Part::DuplicateReason]
        );
    }

    #[test]
    fn a_wish_of_the_department_that_is_no_part_of_the_letter_is_left_alone() {
        let wants = ["blood_group_of_the_dog".to_owned(), "present_illness".to_owned()];

        let parts = missing(
            &complete(),
            Direction::Up,
            Urgency::Routine,
            Surroundings { min_dataset: &wants, ..QUIET },
        );

        assert_eq!(parts, [Part::PresentIllness]);
    }

    #[test]
    fn an_icd_code_is_known_by_its_shape() {
        for code in ["I21", "I21.1", "I21.101", "U07.1", "I10.x05"] {
            assert!(is_icd10(code), "{code}");
        }
        for code in ["", "I2", "i21", "21I", "I21.", "I211", "heart", "心梗"] {
            assert!(!is_icd10(code), "{code}");
        }
    }
}
