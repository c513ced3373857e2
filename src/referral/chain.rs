//! One story in several letters: what a step on the way back does to the way up. Pure.

use super::{
    ask::Return,
    edit::note,
    model::{Letter, Referral},
    state::{Action, MACHINE, State},
};

/// What the parent does when the letter of its way back went from `was` to where it is now.
pub fn on_parent(was: State, child: &Referral, parent: State) -> Option<Action> {
    if !child.is_return || MACHINE.is_terminal(was) {
        return None;
    }
    match (parent, child.state) {
        (State::ReferredBack, State::Accepted | State::Scheduled | State::Arrived) => {
            Some(Action::DownAccepted)
        }
        // Not at `rejected`: it may be sent again.
        (State::ReferredBack, State::Cancelled | State::Expired | State::EnteredInError | State::Closed) => {
            Some(Action::DownEnded)
        }
        (State::FollowUp, State::Closed) if child.accepted_at.is_some() => Some(Action::Complete),
        _ => None,
    }
}

/// How an open letter of the same story ends when the patient died.
pub fn at_death(state: State) -> Option<Action> {
    if MACHINE.is_terminal(state) {
        None
    } else if state == State::Draft {
        Some(Action::Discard)
    } else {
        Some(Action::PatientDied)
    }
}

/// The letter of the way back: what the ward knows, filled in; consent is asked anew.
pub fn letter_back(of: &Referral, way: &Return) -> Letter {
    let summary = of.outcome.as_ref().map(|outcome| outcome.summary.clone());
    Letter {
        reason_codes: vec!["continue_at_home".to_owned()],
        diagnoses: of.letter.diagnoses.clone(),
        past_history: of.letter.past_history.clone(),
        present_illness: of.letter.present_illness.clone(),
        treatment_so_far: summary,
        infection_flag: of.letter.infection_flag,
        insurance: of.letter.insurance.clone(),
        companion: of.letter.companion.clone(),
        rehab_plan: Some(way.plan.clone()),
        medications: way.medications.clone(),
        next_visit: Some(way.next_visit.clone()),
        red_flags: Some(way.red_flags.clone()),
        follow_up_due: way.follow_up_due,
        ..Letter::default()
    }
}

/// The next letter of the story: the same patient, what is known, a new reason.
pub fn letter_on(of: &Referral) -> Letter {
    let came_to = of.outcome.as_ref().map(|outcome| outcome.summary.as_str()).unwrap_or_default();
    let treated = of.letter.treatment_so_far.as_ref().map(|text| text.as_str()).unwrap_or_default();
    Letter {
        diagnoses: of.letter.diagnoses.clone(),
        present_illness: of.letter.present_illness.clone(),
        past_history: of.letter.past_history.clone(),
        key_results: of.letter.key_results.clone(),
        treatment_so_far: note(&format!("{treated}\n{came_to}")),
        infection_flag: of.letter.infection_flag,
        insurance: of.letter.insurance.clone(),
        companion: of.letter.companion.clone(),
        ..Letter::default()
    }
}
