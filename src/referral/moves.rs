//! What each step changes besides the state. Pure: the referral before, the form, the
//! moment; out come the referral after, the leg that was left behind and what was said.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    ask::{Ask, Booking, Onward, Return},
    model::{
        AnswerClock, Held, Last, Leg, LegState, Move, Note, NoteKind, Outcome, OutcomeCode, Referral,
        TransportState, Urgency,
    },
    state::{Action, MACHINE, State, answer_due, answer_within},
};
use crate::kernel::{DepartmentId, FacilityId, LegId, Timestamp, UserId};

/// Who takes the step, and when.
#[derive(Debug, Clone, Copy)]
pub struct By {
    /// The person; `None` is time itself, or another referral of the chain.
    pub user: Option<UserId>,
    /// When.
    pub at: Timestamp,
}

/// The leg to open, for the steps that open one.
#[derive(Debug, Clone, Copy)]
pub struct Fresh {
    /// Its id.
    pub leg: LegId,
    /// Whom it asks.
    pub to: (FacilityId, DepartmentId),
}

/// What a step comes to.
#[derive(Debug, Clone)]
pub struct Moved {
    /// The referral afterwards, with its current leg.
    pub after: Referral,
    /// The leg that was current before, if the referral goes on elsewhere.
    pub left: Option<Leg>,
    /// What was said.
    pub notes: Vec<(NoteKind, Note)>,
    /// Why, as a code, for the journal.
    pub because: Option<String>,
    /// Ids and codes for the journal.
    pub payload: Value,
}

/// Takes one step that the table allowed and the guards let pass.
pub fn take(before: &Referral, action: Action, to: State, ask: Ask, by: By, fresh: Option<Fresh>) -> Moved {
    let mut moved =
        Moved { after: before.clone(), left: None, notes: Vec::new(), because: None, payload: json!({}) };
    if to != before.state {
        moved.after.state_since = by.at;
    }
    moved.after.state = to;
    moved.after.leg.state = LegState::At(to);
    if action != Action::View {
        moved.after.last = Last { action: Some(action), by: by.user, at: by.at };
    }
    moved.step(before, action, by);
    moved.said(action, ask, by);
    if let Some(fresh) = fresh {
        moved.go_on(before, action, by, fresh);
    }
    moved.after.lets_go();
    moved.after.deadline_at = moved.after.next_deadline();
    if MACHINE.is_terminal(to) {
        moved.after.answer.stop();
    }
    moved
}

impl Moved {
    /// What follows from the action alone.
    fn step(&mut self, before: &Referral, action: Action, by: By) {
        use Action as A;
        let after = &mut self.after;
        match action {
            A::Submit => {
                after.submitted_at = Some(by.at);
                after.leg.offered_at = Some(by.at);
                after.answer = AnswerClock::start(by.at, before);
            }
            A::RequestInfo => after.answer.pause(by.at),
            A::SupplyInfo => after.answer.resume(by.at, before),
            A::Accept | A::AcceptAndSchedule => after.taken(by),
            A::EmergencyArrive => {
                after.taken(by);
                after.auto_accepted = true;
                after.is_here(by.at);
            }
            A::Reject => {
                after.decided(by);
                after.accepted_at = None;
            }
            A::AppointmentCancel | A::WithdrawCancel => after.leg.no_appointment(),
            A::Arrive | A::PatientAlreadyHere => after.is_here(by.at),
            A::Treat => after.leg.admitted_at = Some(by.at),
            A::Discharge | A::Outcome => after.leg.discharged_at = Some(by.at),
            A::ReferBack => after.leg.discharged_at = after.leg.discharged_at.or(Some(by.at)),
            A::AutoClose => after.unacknowledged = before.state != State::Rejected,
            A::View if after.leg.first_viewed_at.is_none() => {
                after.leg.first_viewed_at = Some(by.at);
                after.leg.first_viewed_by = by.user;
            }
            A::Discard
            | A::Resubmit
            | A::RedirectAfterReject
            | A::Close
            | A::Redirect
            | A::RedirectBySender
            | A::Schedule
            | A::Reschedule
            | A::NoShow
            | A::MoveDepartment
            | A::InterimNote
            | A::DownAccepted
            | A::DownEnded
            | A::RecordFollowUp
            | A::Complete
            | A::Acknowledge
            | A::Cancel
            | A::RequestCancel
            | A::ConfirmCancel
            | A::Expire
            | A::PatientDied
            | A::EnterInError
            | A::View
            | A::ReferOn => {}
        }
        if MACHINE.is_terminal(after.state) {
            after.end_reason = Some(action.word().to_owned());
        }
    }

    /// What follows from the form.
    fn said(&mut self, action: Action, ask: Ask, by: By) {
        match ask {
            Ask::Plain | Ask::Continue { .. } => {}
            Ask::Submit(reason) => {
                self.after.letter.duplicate_reason = reason.or(self.after.letter.duplicate_reason.take());
            }
            Ask::Question(text) => self.notes.push((NoteKind::Question, text)),
            Ask::Answer(text) => self.notes.extend(text.map(|text| (NoteKind::Answer, text))),
            Ask::Accept { contact, note } => {
                self.after.leg.words.contact = contact;
                self.after.leg.words.reason = note;
            }
            Ask::Book(booking) => self.after.leg.book(*booking),
            Ask::Reject(code, text) => {
                self.after.leg.decision_code = Some(code.word().to_owned());
                self.after.leg.words.reason = Some(text);
                self.because = Some(code.word().to_owned());
            }
            Ask::Onward(onward) => self.onward(action, *onward, by),
            Ask::Treat(number) => self.after.leg.words.inpatient_no = number,
            Ask::Note(text) => {
                let kind = match action {
                    Action::InterimNote => NoteKind::Interim,
                    Action::RecordFollowUp => NoteKind::FollowUp,
                    Action::EnterInError => NoteKind::Error,
                    _ => NoteKind::Cancel,
                };
                self.notes.push((kind, text));
            }
            Ask::Maybe(text) if action == Action::PatientDied => {
                self.came_to(OutcomeCode::Died, text.unwrap_or_else(died), by);
            }
            Ask::Maybe(text) => self.after.leg.words.reason = text,
            Ask::Outcome(code, summary) => self.came_to(code, summary, by),
            Ask::Return(way) => self.way_back(*way, by),
        }
    }

    fn onward(&mut self, action: Action, onward: Onward, by: By) {
        self.because = onward.code.map(|code| code.word().to_owned());
        self.notes.extend(onward.text.clone().map(|text| (NoteKind::Redirect, text)));
        if action == Action::MoveDepartment {
            let leg = &mut self.after.leg;
            self.payload =
                json!({ "from_department": leg.to_department, "to_department": onward.to_department });
            if let Some(user) = by.user {
                leg.moves.push(Move { at: by.at, by: user, from: leg.to_department });
            }
            leg.to_department = onward.to_department;
        } else {
            self.after.leg.decision_code = self.because.clone().or(self.after.leg.decision_code.take());
            self.after.leg.words.reason = onward.text.or(self.after.leg.words.reason.take());
            self.payload = json!({ "sender_agreed": onward.sender_agreed });
        }
    }

    fn way_back(&mut self, way: Return, by: By) {
        if let Some((code, summary)) = way.outcome {
            self.came_to(code, summary, by);
        }
        self.after.plan_ends_at = way.follow_up_due;
    }

    fn came_to(&mut self, code: OutcomeCode, summary: Note, by: By) {
        let by_user = by.user.unwrap_or(self.after.from_user);
        self.because = Some(code.word().to_owned());
        self.after.outcome = Some(Outcome { code, summary, by: by_user, at: by.at });
    }

    /// Closes the current leg and opens the next one.
    fn go_on(&mut self, before: &Referral, action: Action, by: By, fresh: Fresh) {
        let mut left = std::mem::replace(
            &mut self.after.leg,
            Leg::towards(fresh.leg, before.leg.seq + 1, fresh.to, State::Submitted),
        );
        left.ended_at = Some(by.at);
        left.held = None;
        if before.state == State::Rejected {
            left.state = LegState::At(State::Rejected);
        } else {
            left.state = LegState::Redirected;
            if action == Action::Redirect {
                left.decided_at = left.decided_at.or(Some(by.at));
                left.decided_by = left.decided_by.or(by.user);
            }
        }
        let after = &mut self.after;
        after.leg.offered_at = Some(by.at);
        after.state_since = by.at;
        after.accepted_at = None;
        after.assigned_to = None;
        // Asked elsewhere before it was answered, the patient has waited all the same: the clock runs on.
        if matches!(before.state, State::Submitted | State::MoreInfo) {
            after.answer.resume(by.at, before);
        } else {
            after.answer = AnswerClock::start(by.at, before);
        }
        self.payload["leg"] = json!(left.seq);
        self.payload["from_department"] = json!(left.to_department);
        self.payload["to_facility"] = json!(fresh.to.0);
        self.payload["to_department"] = json!(fresh.to.1);
        self.left = Some(left);
    }
}

fn died() -> Note {
    Note::new("died").expect("a word is a note")
}

impl Referral {
    fn decided(&mut self, by: By) {
        self.answer.stop();
        self.leg.decided_at = Some(by.at);
        self.leg.decided_by = by.user;
    }

    fn taken(&mut self, by: By) {
        self.decided(by);
        self.accepted_at = Some(by.at);
    }

    /// Gives the place back once nobody is expected there: a bed also when its patient left, a slot
    /// that was used stays used.
    fn lets_go(&mut self) {
        let waits = matches!(self.state, State::Scheduled | State::CancelRequested);
        let here = matches!(self.state, State::Arrived | State::InTreatment);
        let came = self.leg.arrived_at.is_some();
        self.leg.held = self.leg.held.filter(|held| waits || here || (came && matches!(held, Held::Slot(_))));
    }

    fn is_here(&mut self, at: Timestamp) {
        self.arrived_at = Some(at);
        self.leg.arrived_at = Some(at);
        if self.transport_state != TransportState::None {
            self.transport_state = TransportState::HandedOver;
        }
    }
}

impl Leg {
    fn book(&mut self, booking: Booking) {
        self.appointment_at = Some(booking.start);
        self.words.location = Some(booking.location);
        self.words.bed = booking.bed;
        self.held = booking.held;
        self.words.received_by = booking.received_by;
        self.words.instructions = booking.instructions;
        self.words.contact = booking.contact.or(self.words.contact.take());
    }

    fn no_appointment(&mut self) {
        self.appointment_at = None;
        self.held = None;
        self.words.location = None;
        self.words.bed = None;
    }
}

impl AnswerClock {
    fn start(at: Timestamp, of: &Referral) -> Self {
        Self { from: Some(at), due_at: Some(answer_due(at, answer_within(of.urgency), 0)), ..Self::default() }
    }

    fn pause(&mut self, at: Timestamp) {
        self.paused_at = Some(at);
        self.due_at = None;
    }

    fn resume(&mut self, at: Timestamp, of: &Referral) {
        if let Some(since) = self.paused_at.take() {
            self.paused_ms += i64::try_from(at.since(since).as_millis()).unwrap_or(0);
        }
        self.due_at = self.from.map(|from| answer_due(from, self.within(of.urgency), self.paused_ms));
    }

    /// How long the receiving side may take.
    pub fn within(&self, urgency: Urgency) -> Duration {
        match u64::try_from(self.within_ms) {
            Ok(promised) if promised > 0 => Duration::from_millis(promised),
            _ => answer_within(urgency),
        }
    }

    /// Runs for as long as the asked house promises.
    pub fn promised(&mut self, within: Duration) {
        self.within_ms = i64::try_from(within.as_millis()).unwrap_or(0);
        if self.due_at.is_some() {
            self.due_at = self.from.map(|from| answer_due(from, within, self.paused_ms));
        }
    }

    /// When four fifths of the time are gone.
    pub fn warn_at(&self, urgency: Urgency) -> Option<Timestamp> {
        self.due_at.map(|due| due.minus(self.within(urgency) / 5))
    }

    fn stop(&mut self) {
        self.paused_at = None;
        self.due_at = None;
    }
}
