//! What may follow what: the referral's workflow as a table. Pure.
//!
//! One table for both directions. On the way down `arrive` means that the patient was
//! met at home, `treat` that the follow-up plan runs, and `discharge` that its result
//! goes back to the hospital.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::{
    auth::policy::Actor,
    kernel::{
        Timestamp,
        workflow::{self, Machine, Rule, SideEffect, rule},
    },
    words,
};

use super::model::Urgency;

words! {
    /// Where a referral stands; a referral stands where its current leg stands.
    pub enum State {
        /// Being written; only the sending side sees it.
        Draft = "draft",
        /// Sent; the receiving side owes an answer.
        Submitted = "submitted",
        /// The receiving side asked something; its clock stands still.
        MoreInfo = "more_info",
        /// Taken, without a time yet.
        Accepted = "accepted",
        /// Not taken; the sender may send it again, elsewhere or close it.
        Rejected = "rejected",
        /// Taken, with a time or a bed.
        Scheduled = "scheduled",
        /// The time passed and nobody came.
        NoShow = "no_show",
        /// The patient is there.
        Arrived = "arrived",
        /// The patient is being treated.
        InTreatment = "in_treatment",
        /// Treated; the sender owes a word that he has read the outcome.
        Discharged = "discharged",
        /// On the way back: a down referral is under way.
        ReferredBack = "referred_back",
        /// Back home, watched by those who sent the patient.
        FollowUp = "follow_up",
        /// The sender wants it back; the receiving side confirms.
        CancelRequested = "cancel_requested",
        /// Over, with or without an answer.
        Closed = "closed",
        /// Taken back.
        Cancelled = "cancelled",
        /// Nobody acted in time.
        Expired = "expired",
        /// Should never have been; kept, and marked.
        EnteredInError = "entered_in_error",
    }
}

words! {
    /// What can be done with a referral.
    pub enum Action {
        /// Send the letter.
        Submit = "submit",
        /// Throw a draft away.
        Discard = "discard",
        /// Ask the sender for something.
        RequestInfo = "request_info",
        /// Answer what was asked.
        SupplyInfo = "supply_info",
        /// Take the patient.
        Accept = "accept",
        /// Take the patient and give a time.
        AcceptAndSchedule = "accept_and_schedule",
        /// Do not take the patient, and say why.
        Reject = "reject",
        /// Send it again to the same target.
        Resubmit = "resubmit",
        /// Send it elsewhere after a rejection.
        RedirectAfterReject = "redirect_after_reject",
        /// Leave it at the rejection.
        Close = "close",
        /// Time closes it.
        AutoClose = "auto_close",
        /// Send it on to another department or hospital.
        Redirect = "redirect",
        /// The sender takes it elsewhere.
        RedirectBySender = "redirect_by_sender",
        /// Give a time or a bed.
        Schedule = "schedule",
        /// Change the time.
        Reschedule = "reschedule",
        /// Give the time up, keep the patient.
        AppointmentCancel = "appointment_cancel",
        /// Nobody came.
        NoShow = "no_show",
        /// The patient is there.
        Arrive = "arrive",
        /// The patient is there before anybody answered.
        EmergencyArrive = "emergency_arrive",
        /// Another department of the same house.
        MoveDepartment = "move_department",
        /// Treatment begins.
        Treat = "treat",
        /// A word to the sender in between.
        InterimNote = "interim_note",
        /// The patient leaves; what came out of it.
        Discharge = "discharge",
        /// The result of an examination or a visit.
        Outcome = "outcome",
        /// Send the patient back with a plan.
        ReferBack = "refer_back",
        /// The way back was taken.
        DownAccepted = "down_accepted",
        /// The way back came to nothing.
        DownEnded = "down_ended",
        /// A visit after the return.
        RecordFollowUp = "record_follow_up",
        /// The follow-up is over.
        Complete = "complete",
        /// The sender has read the outcome.
        Acknowledge = "acknowledge",
        /// Take it back before it was answered.
        Cancel = "cancel",
        /// Ask to take it back.
        RequestCancel = "request_cancel",
        /// Let it go back.
        ConfirmCancel = "confirm_cancel",
        /// Too late: the patient is there.
        PatientAlreadyHere = "patient_already_here",
        /// Keep it after all.
        WithdrawCancel = "withdraw_cancel",
        /// Nobody acted in time.
        Expire = "expire",
        /// The patient died.
        PatientDied = "patient_died",
        /// This should never have been.
        EnterInError = "enter_in_error",
        /// Look at it for the first time.
        View = "view",
        /// Write the next letter of the same chain.
        ReferOn = "refer_on",
    }
}

impl Action {
    /// What the journal calls it.
    pub const fn told(self) -> &'static str {
        match self {
            Self::Submit => "referral.submit",
            Self::Discard => "referral.discard",
            Self::RequestInfo => "referral.request_info",
            Self::SupplyInfo => "referral.supply_info",
            Self::Accept => "referral.accept",
            Self::AcceptAndSchedule => "referral.accept_and_schedule",
            Self::Reject => "referral.reject",
            Self::Resubmit => "referral.resubmit",
            Self::RedirectAfterReject => "referral.redirect_after_reject",
            Self::Close => "referral.close",
            Self::AutoClose => "referral.auto_close",
            Self::Redirect => "referral.redirect",
            Self::RedirectBySender => "referral.redirect_by_sender",
            Self::Schedule => "referral.schedule",
            Self::Reschedule => "referral.reschedule",
            Self::AppointmentCancel => "referral.appointment_cancel",
            Self::NoShow => "referral.no_show",
            Self::Arrive => "referral.arrive",
            Self::EmergencyArrive => "referral.emergency_arrive",
            Self::MoveDepartment => "referral.move_department",
            Self::Treat => "referral.treat",
            Self::InterimNote => "referral.interim_note",
            Self::Discharge => "referral.discharge",
            Self::Outcome => "referral.outcome",
            Self::ReferBack => "referral.refer_back",
            Self::DownAccepted => "referral.down_accepted",
            Self::DownEnded => "referral.down_ended",
            Self::RecordFollowUp => "referral.record_follow_up",
            Self::Complete => "referral.complete",
            Self::Acknowledge => "referral.acknowledge",
            Self::Cancel => "referral.cancel",
            Self::RequestCancel => "referral.request_cancel",
            Self::ConfirmCancel => "referral.confirm_cancel",
            Self::PatientAlreadyHere => "referral.patient_already_here",
            Self::WithdrawCancel => "referral.withdraw_cancel",
            Self::Expire => "referral.expire",
            Self::PatientDied => "referral.patient_died",
            Self::EnterInError => "referral.enter_in_error",
            Self::View => "referral.view",
            Self::ReferOn => "referral.refer_on",
        }
    }
}

/// Why the table does not allow a step of a referral.
pub type Refusal = workflow::Refusal<State, Action, Actor>;

use Action as A;
use Actor::{AllianceDispatcher, Requester, RequesterAdmin, System, TargetDesk, TargetDoctor};
use State as S;

/// Every state in which a letter was sent and its story is not at its end.
const UNDER_WAY: &[State] = &[
    S::Submitted,
    S::MoreInfo,
    S::Accepted,
    S::Scheduled,
    S::NoShow,
    S::Arrived,
    S::InTreatment,
    S::Discharged,
    S::ReferredBack,
    S::FollowUp,
    S::CancelRequested,
    S::Rejected,
];

/// Everywhere but where it already is.
const ANYWHERE: &[State] = &[
    S::Draft,
    S::Submitted,
    S::MoreInfo,
    S::Accepted,
    S::Scheduled,
    S::NoShow,
    S::Arrived,
    S::InTreatment,
    S::Discharged,
    S::ReferredBack,
    S::FollowUp,
    S::CancelRequested,
    S::Rejected,
    S::Closed,
    S::Cancelled,
    S::Expired,
];

#[rustfmt::skip]
const RULES: &[Rule<State, Action, Actor>] = &[
    rule("F2", &[S::Draft], (A::Submit, S::Submitted),
        &[Requester, RequesterAdmin], "consent or emergency override with reason; patient; >=1 ICD-10 dx unless emergency; reason; relation matrix; min data; live duplicate needs a reason; snapshot; SLA starts"),
    rule("F3", &[S::Draft], (A::Discard, S::Cancelled),
        &[Requester], ""),
    rule("F5", &[S::Submitted], (A::RequestInfo, S::MoreInfo),
        &[TargetDoctor, TargetDesk], "question; SLA paused"),
    rule("F6", &[S::MoreInfo], (A::SupplyInfo, S::Submitted),
        &[Requester, RequesterAdmin], "message or attachment; SLA resumes"),
    rule("F7", &[S::Submitted, S::MoreInfo], (A::Accept, S::Accepted),
        &[TargetDoctor, TargetDesk], "department, contact; with slot/bed use accept_and_schedule"),
    rule("F7s", &[S::Submitted, S::MoreInfo], (A::AcceptAndSchedule, S::Scheduled),
        &[TargetDoctor, TargetDesk], "slot or bed reserved"),
    rule("F8", &[S::Submitted, S::MoreInfo, S::Accepted, S::Scheduled, S::NoShow], (A::Reject, S::Rejected),
        &[TargetDoctor, TargetDesk], "coded reason + text; forbidden once arrived"),
    rule("F9a", &[S::Rejected], (A::Resubmit, S::Submitted),
        &[Requester, RequesterAdmin], "new leg, within 30 d"),
    rule("F9b", &[S::Rejected], (A::RedirectAfterReject, S::Submitted),
        &[Requester, RequesterAdmin], "new leg at other target"),
    rule("F9c", &[S::Rejected], (A::Close, S::Closed),
        &[Requester, RequesterAdmin], ""),
    rule("F9s", &[S::Rejected], (A::AutoClose, S::Closed),
        &[System], "30 d"),
    rule("F10", &[S::Submitted, S::MoreInfo, S::Accepted, S::Scheduled], (A::Redirect, S::Submitted),
        &[TargetDoctor, TargetDesk, AllianceDispatcher], "old leg=redirected; new leg; onward to other facility needs requester consent unless emergency/dispatcher"),
    rule("F10r", &[S::Submitted, S::MoreInfo], (A::RedirectBySender, S::Submitted),
        &[Requester, RequesterAdmin], "no answer yet; old leg=redirected; new leg"),
    rule("F11", &[S::Accepted, S::NoShow], (A::Schedule, S::Scheduled),
        &[TargetDesk, TargetDoctor], "slot/bed/time"),
    rule("F12a", &[S::Scheduled], (A::Reschedule, S::Scheduled),
        &[TargetDesk, TargetDoctor], ""),
    rule("F12b", &[S::Scheduled, S::NoShow], (A::AppointmentCancel, S::Accepted),
        &[TargetDesk, TargetDoctor], ""),
    rule("F13", &[S::Scheduled], (A::NoShow, S::NoShow),
        &[TargetDesk, System], "grace 24 h for system"),
    rule("F14", &[S::Accepted, S::Scheduled, S::NoShow], (A::Arrive, S::Arrived),
        &[TargetDesk, TargetDoctor], "transport, if arranged, is handed over"),
    rule("F14e", &[S::Submitted, S::MoreInfo], (A::EmergencyArrive, S::Arrived),
        &[TargetDesk, TargetDoctor], "urgency=emergency; auto-accept flagged"),
    rule("F14d", &[S::Arrived], (A::MoveDepartment, S::Arrived),
        &[TargetDoctor, TargetDesk], "same facility; leg keeps history"),
    rule("F15", &[S::Arrived], (A::Treat, S::InTreatment),
        &[TargetDoctor], "inpatient number if admitted"),
    rule("F16", &[S::InTreatment], (A::InterimNote, S::InTreatment),
        &[TargetDoctor], "document to sender"),
    rule("F16d", &[S::InTreatment], (A::MoveDepartment, S::InTreatment),
        &[TargetDoctor, TargetDesk], "same facility; leg keeps history"),
    rule("F17", &[S::Arrived, S::InTreatment], (A::Discharge, S::Discharged),
        &[TargetDoctor], "outcome summary and code mandatory"),
    rule("F17x", &[S::Accepted], (A::Outcome, S::Discharged),
        &[TargetDoctor], "requested_service in exam|outpatient (360X row 09); outcome mandatory"),
    rule("F18", &[S::InTreatment, S::Discharged], (A::ReferBack, S::ReferredBack),
        &[TargetDoctor], "creates down referral parent=this; plan, meds, next visit, red flags; outcome mandatory"),
    rule("F19", &[S::ReferredBack], (A::DownAccepted, S::FollowUp),
        &[System], "down referral accepted, scheduled or arrived"),
    rule("F19b", &[S::ReferredBack], (A::DownEnded, S::Discharged),
        &[System], "down referral cancelled, expired, entered in error or closed unaccepted; not at rejected (it may be resubmitted); desk alerted"),
    rule("F20a", &[S::FollowUp], (A::RecordFollowUp, S::FollowUp),
        &[Requester], ""),
    rule("F20b", &[S::FollowUp], (A::Complete, S::Closed),
        &[Requester, System], "or down referral closed"),
    rule("F21", &[S::Discharged], (A::Acknowledge, S::Closed),
        &[Requester, RequesterAdmin], ""),
    rule("F21s", &[S::Discharged, S::ReferredBack, S::FollowUp], (A::AutoClose, S::Closed),
        &[System], "14 d / plan end, flagged unacknowledged"),
    rule("F22", &[S::Submitted, S::MoreInfo], (A::Cancel, S::Cancelled),
        &[Requester, RequesterAdmin, AllianceDispatcher], "reason"),
    rule("F23", &[S::Accepted, S::Scheduled, S::NoShow], (A::RequestCancel, S::CancelRequested),
        &[Requester, RequesterAdmin], "reason"),
    rule("F24a", &[S::CancelRequested], (A::ConfirmCancel, S::Cancelled),
        &[TargetDoctor, TargetDesk, System], "system at 48 h"),
    rule("F24b", &[S::CancelRequested], (A::PatientAlreadyHere, S::Arrived),
        &[TargetDoctor, TargetDesk], "360X row 24: outcome wins"),
    rule("F24c", &[S::CancelRequested], (A::WithdrawCancel, S::Accepted),
        &[Requester, RequesterAdmin], "if scheduled before: accepted then reschedule"),
    rule("F25", &[S::Submitted, S::MoreInfo, S::Accepted, S::NoShow], (A::Expire, S::Expired),
        &[System], "24 h / 7 d / 30 d"),
    rule("F26", UNDER_WAY, (A::PatientDied, S::Closed),
        &[TargetDoctor, Requester, TargetDesk], "outcome=died; also ends the chain's other open referrals"),
    rule("F27", ANYWHERE, (A::EnterInError, S::EnteredInError),
        &[RequesterAdmin, AllianceDispatcher], "reason"),
];

#[rustfmt::skip]
const SIDE_EFFECTS: &[SideEffect<State, Action, Actor>] = &[
    SideEffect { id: "F4", action: A::View, from: &[S::Submitted, S::MoreInfo],
        actors: &[TargetDoctor, TargetDesk], effect: "first_viewed_at" },
    SideEffect { id: "F28", action: A::ReferOn, from: &[S::Arrived, S::InTreatment, S::Discharged, S::FollowUp, S::Closed],
        actors: &[TargetDoctor, Requester], effect: "creates linked draft up, peer or down: parent=this, same chain" },
];

/// The referral's workflow.
pub const MACHINE: Machine<State, Action, Actor> = Machine {
    name: "referral",
    initial: S::Draft,
    terminal: &[S::Closed, S::Cancelled, S::Expired, S::EnteredInError],
    leg_terminal: &["redirected"],
    rules: RULES,
    side_effects: SIDE_EFFECTS,
};

/// How the states read in FHIR: ServiceRequest, Task and the BSeR business status.
#[rustfmt::skip]
const FHIR: &[(&str, &str, &str, Option<&str>)] = &[
    ("draft", "draft", "draft", None),
    ("submitted", "active", "requested (received once viewed)", Some("2.0")),
    ("more_info", "active", "received", Some("2.0")),
    ("accepted", "active", "accepted", Some("3.0")),
    ("rejected", "active", "rejected", Some("4.0")),
    ("redirected(leg)", "active", "rejected", Some("4.0")),
    ("scheduled", "active", "in-progress", Some("5.1.1")),
    ("no_show", "active", "in-progress", Some("5.1.2")),
    ("arrived", "active", "in-progress", None),
    ("in_treatment", "active", "in-progress", None),
    ("cancel_requested", "active", "in-progress", Some("5.2")),
    ("discharged", "completed", "completed", Some("7.0")),
    ("referred_back", "completed", "completed", Some("7.0")),
    ("follow_up", "completed", "completed", Some("7.0")),
    ("closed", "completed (revoked if never accepted)", "completed (rejected stays rejected)", Some("7.0")),
    ("cancelled", "revoked", "cancelled", Some("6.0")),
    ("expired", "revoked", "cancelled", Some("6.0")),
    ("entered_in_error", "entered-in-error", "entered-in-error", None),
];

/// The workflow in the shape of the fixture, with how it reads in FHIR.
pub fn served() -> Value {
    let fhir: Map<String, Value> = FHIR
        .iter()
        .map(|(state, request, task, bser)| {
            ((*state).to_owned(), json!({ "service_request": request, "task": task, "bser": bser }))
        })
        .collect();
    let mut machine = MACHINE.served();
    machine["fhir"] = Value::Object(fhir);
    machine
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the receiving side may take to answer.
pub const fn answer_within(urgency: Urgency) -> Duration {
    match urgency {
        Urgency::Emergency => MINUTE.saturating_mul(15),
        Urgency::Urgent => HOUR.saturating_mul(2),
        Urgency::Routine => HOUR.saturating_mul(48),
    }
}

/// How long a referral that nobody moves stays alive.
pub const fn lives_for(urgency: Urgency) -> Duration {
    match urgency {
        Urgency::Emergency => DAY,
        Urgency::Urgent => DAY.saturating_mul(7),
        Urgency::Routine => DAY.saturating_mul(30),
    }
}

/// What time itself does to a referral in `state`, if nobody acts before: one thing at most.
pub const fn what_time_does(state: State) -> Option<Action> {
    match state {
        S::Submitted | S::MoreInfo | S::Accepted | S::NoShow => Some(A::Expire),
        S::Scheduled => Some(A::NoShow),
        S::CancelRequested => Some(A::ConfirmCancel),
        S::Rejected | S::Discharged | S::ReferredBack | S::FollowUp => Some(A::AutoClose),
        S::Draft
        | S::Arrived
        | S::InTreatment
        | S::Closed
        | S::Cancelled
        | S::Expired
        | S::EnteredInError => None,
    }
}

/// What the next deadline depends on.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// How urgent it is.
    pub urgency: Urgency,
    /// When the state was entered.
    pub since: Timestamp,
    /// The time that was given to the patient.
    pub appointment: Option<Timestamp>,
    /// When the follow-up plan ends.
    pub plan_ends: Option<Timestamp>,
}

/// When time acts ([`what_time_does`]) on a referral in `state`.
pub fn deadline(state: State, facts: Facts) -> Option<Timestamp> {
    match what_time_does(state)? {
        A::Expire => Some(facts.since.plus(lives_for(facts.urgency))),
        A::NoShow => Some(facts.appointment.unwrap_or(facts.since).plus(DAY)),
        A::ConfirmCancel => Some(facts.since.plus(HOUR * 48)),
        _ if state == S::Rejected => Some(facts.since.plus(DAY * 30)),
        _ => {
            let fortnight = facts.since.plus(DAY * 14);
            Some(facts.plan_ends.filter(|_| state == S::FollowUp).map_or(fortnight, |end| end.max(fortnight)))
        }
    }
}

/// When the answer is due: the milliseconds of waiting for the sender do not count.
pub fn answer_due(submitted: Timestamp, within: Duration, paused_ms: i64) -> Timestamp {
    let due = submitted.plus(within);
    Timestamp::from_millis(due.millis().saturating_add(paused_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture() -> Value {
        let text = include_str!("../../tests/fixtures/state_machines.json");
        let whole: Value = serde_json::from_str(text).expect("the fixture is JSON");
        whole["referral"].clone()
    }

    #[test]
    fn the_table_is_the_fixture_line_by_line() {
        let (ours, theirs) = (served(), fixture());

        for part in ["transitions", "side_effect_actions"] {
            let (ours, theirs) = (ours[part].as_array(), theirs[part].as_array());
            assert_eq!(ours.map(Vec::len), theirs.map(Vec::len), "{part}");
            for (ours, theirs) in ours.into_iter().flatten().zip(theirs.into_iter().flatten()) {
                assert_eq!(ours, theirs);
            }
        }
        assert_eq!(ours, theirs);
    }

    #[test]
    fn every_state_is_reached_and_every_story_can_end() {
        let mut reached = vec![MACHINE.initial];
        let mut at = 0;
        while at < reached.len() {
            let here = reached[at];
            for rule in RULES.iter().filter(|rule| rule.from.contains(&here)) {
                if !reached.contains(&rule.to) {
                    reached.push(rule.to);
                }
            }
            at += 1;
        }
        assert_eq!(reached.len(), State::ALL.len());

        for &state in State::ALL.iter().filter(|s| !MACHINE.is_terminal(**s)) {
            let leaves =
                RULES.iter().any(|r| r.from.contains(&state) && r.to != state && r.action != A::EnterInError);
            assert!(leaves, "{state} is a dead end");
        }
    }

    #[test]
    fn no_state_has_the_same_action_twice() {
        for &state in State::ALL {
            for &action in Action::ALL {
                let lines = RULES.iter().filter(|r| r.from.contains(&state) && r.action == action).count()
                    + SIDE_EFFECTS.iter().filter(|e| e.from.contains(&state) && e.action == action).count();
                assert!(lines <= 1, "{action} twice in {state}");
            }
        }
    }

    #[test]
    fn what_time_does_is_what_the_table_lets_the_system_do() {
        for &state in State::ALL {
            if let Some(action) = what_time_does(state) {
                assert!(MACHINE.step(state, action, &[System]).is_ok(), "{action} in {state}");
            }
        }
    }

    #[test]
    fn an_emergency_lives_a_day_and_a_plan_outlives_a_fortnight() {
        let at = Timestamp::from_millis(0);
        let facts = Facts { urgency: Urgency::Emergency, since: at, appointment: None, plan_ends: None };

        assert_eq!(deadline(S::Submitted, facts), Some(at.plus(DAY)));
        assert_eq!(deadline(S::FollowUp, facts), Some(at.plus(DAY * 14)));
        let plan = Facts { plan_ends: Some(at.plus(DAY * 90)), ..facts };
        assert_eq!(deadline(S::FollowUp, plan), Some(at.plus(DAY * 90)));
        assert_eq!(deadline(S::Discharged, plan), Some(at.plus(DAY * 14)));
        assert_eq!(deadline(S::Arrived, facts), None);
        assert_eq!(answer_due(at, answer_within(Urgency::Emergency), 300_000), at.plus(MINUTE * 20));
    }
}
