//! What may follow what in a consult: one table, obeyed, served and printed. Pure.

use crate::{
    auth::policy::Actor::{self, *},
    kernel::workflow::{self, Machine, Rule, SideEffect, Step, rule},
    words,
};

use Action::*;
use State::*;

words! {
    /// Where a consult stands.
    pub enum State {
        /// Being written; only the sending side knows of it.
        Draft = "draft",
        /// Sent; routing decides what happens next.
        Requested = "requested",
        /// Waits in the department's list.
        Queued = "queued",
        /// Somebody is being rung.
        Ringing = "ringing",
        /// A doctor took it; both sides are on their way in.
        Accepted = "accepted",
        /// Has a time.
        Scheduled = "scheduled",
        /// Both sides are there.
        InProgress = "in_progress",
        /// One side was lost.
        Interrupted = "interrupted",
        /// The opinion is signed and waits for the requester.
        OpinionGiven = "opinion_given",
        /// Over.
        Closed = "closed",
        /// Nobody answered.
        Missed = "missed",
        /// Refused by all who were asked.
        Declined = "declined",
        /// Taken back.
        Cancelled = "cancelled",
        /// Nobody did anything for too long.
        Expired = "expired",
        /// Should never have been; the rows stay.
        EnteredInError = "entered_in_error",
    }
}

words! {
    /// What can be done to a consult.
    pub enum Action {
        /// Send the request.
        Submit = "submit",
        /// Begin to ring.
        RouteRing = "route_ring",
        /// Put into the waiting list.
        RouteQueue = "route_queue",
        /// Ring after all: somebody came back.
        Offer = "offer",
        /// Turn down without having been rung.
        Refuse = "refuse",
        /// The waiting list took too long.
        WaitOver = "wait_over",
        /// Answer the ring.
        Accept = "accept",
        /// Pick from the waiting list.
        Take = "take",
        /// Turn down a ring.
        Decline = "decline",
        /// Ring the next on the rota.
        RingNext = "ring_next",
        /// Nobody is left and somebody declined.
        Exhausted = "exhausted",
        /// Nobody is left and nobody answered.
        Timeout = "timeout",
        /// Ask again; in a call, ring the absent side.
        Redial = "redial",
        /// Ask another department.
        Redirect = "redirect",
        /// Agree on a time.
        Schedule = "schedule",
        /// Leave it in writing.
        ToAsync = "to_async",
        /// Take the request back.
        Cancel = "cancel",
        /// Agree on another time.
        Reschedule = "reschedule",
        /// Begin at the agreed time.
        Start = "start",
        /// The agreed time passed.
        NoShow = "no_show",
        /// Both sides are there.
        Join = "join",
        /// Accepted, and one side never came.
        JoinTimeout = "join_timeout",
        /// Give it back to the waiting list.
        Release = "release",
        /// One side is gone.
        Lost = "lost",
        /// The lost side is back.
        Rejoin = "rejoin",
        /// Hand over to another department.
        Transfer = "transfer",
        /// Sign the opinion.
        GiveOpinion = "give_opinion",
        /// Sign a version that replaces the last.
        AmendOpinion = "amend_opinion",
        /// The requester has read the opinion.
        Acknowledge = "acknowledge",
        /// Closed by time.
        AutoClose = "auto_close",
        /// End it without an opinion.
        EndWithoutOpinion = "end_without_opinion",
        /// Nobody did anything for too long.
        Expire = "expire",
        /// Mark it as something that should never have been.
        EnterInError = "enter_in_error",
        /// Write a referral from it.
        Escalate = "escalate",
    }
}

/// Why the table does not allow a step of a consult.
pub type Refusal = workflow::Refusal<State, Action, Actor>;

/// The workflow of a consult.
pub const MACHINE: Machine<State, Action, Actor> = Machine {
    name: "consult",
    initial: Draft,
    terminal: &[Closed, Cancelled, Expired, EnteredInError],
    leg_terminal: &["transferred"],
    rules: RULES,
    side_effects: SIDE_EFFECTS,
};

/// What may follow what.
pub const RULES: &[Rule<State, Action, Actor>] = &[
    rule(
        "C1",
        &[Draft],
        (Submit, Requested),
        &[Requester],
        "patient; question>=10 chars; department; consent or emergency override; department minimum data",
    ),
    rule(
        "C2a",
        &[Requested],
        (RouteRing, Ringing),
        &[System],
        "kind=instant; someone reachable on tier 1, else tier 2, else desk; emergency rings all at once",
    ),
    rule(
        "C2b",
        &[Requested],
        (RouteQueue, Queued),
        &[System],
        "kind=async, or nobody reachable: desk telephone shown at once",
    ),
    rule("C3", &[Queued], (Offer, Ringing), &[System], "kind=instant; presence change"),
    rule(
        "C3r",
        &[Queued, Requested, Scheduled],
        (Refuse, Declined),
        &[TargetDoctor, TargetDesk],
        "coded reason",
    ),
    rule("C3t", &[Queued], (WaitOver, Missed), &[System], "instant only: emergency 3 min, urgent 15 min"),
    rule("C4", &[Ringing], (Accept, Accepted), &[TargetDoctor], "compare-and-swap, first wins, others 409"),
    rule("C4q", &[Queued], (Take, Accepted), &[TargetDoctor], "async, or picked from the waiting list"),
    rule(
        "C5",
        &[Ringing],
        (Decline, Ringing),
        &[TargetDoctor, TargetDesk],
        "coded reason; this person is not rung again",
    ),
    rule(
        "C5n",
        &[Ringing],
        (RingNext, Ringing),
        &[System],
        "ring_seconds over or declined: next on tier, tier 2, desk",
    ),
    rule("C5x", &[Ringing], (Exhausted, Declined), &[System], "nobody left and at least one declined"),
    rule("C6", &[Ringing], (Timeout, Missed), &[System], "nobody left and nobody declined"),
    rule(
        "C7a",
        &[Missed, Declined],
        (Redial, Requested),
        &[Requester, RequesterAdmin, AllianceDispatcher],
        "",
    ),
    rule(
        "C7b",
        &[Missed, Declined, Queued],
        (Redirect, Requested),
        &[Requester, RequesterAdmin, AllianceDispatcher],
        "new department; new leg",
    ),
    rule(
        "C7c",
        &[Missed, Declined, Requested, Queued, Accepted, Ringing],
        (Schedule, Scheduled),
        &[Requester, TargetDesk, TargetDoctor, AllianceDispatcher],
        "time and invitees",
    ),
    rule("C7d", &[Missed, Declined, Queued], (ToAsync, Queued), &[Requester], "kind=async"),
    rule(
        "C8",
        &[Requested, Queued, Ringing, Missed, Declined, Draft, Accepted],
        (Cancel, Cancelled),
        &[Requester, RequesterAdmin],
        "reason; ringing stops within 1 s",
    ),
    rule("C10a", &[Scheduled], (Reschedule, Scheduled), &[Requester, TargetDesk, Chair], ""),
    rule("C10b", &[Scheduled], (Cancel, Cancelled), &[Requester, TargetDesk, Chair], ""),
    rule("C11", &[Scheduled], (Start, InProgress), &[Requester, TargetDoctor, Chair], "window -15..+60 min"),
    rule("C11b", &[Scheduled], (NoShow, Missed), &[System], "window passed; record which side"),
    rule("C12", &[Accepted], (Join, InProgress), &[System], "both sides joined (media or text)"),
    rule("C12b", &[Accepted], (JoinTimeout, Missed), &[System], "120 s; not for kind=async"),
    rule("C12c", &[Accepted], (Release, Queued), &[TargetDoctor, System], "async only; system at SLA"),
    rule("C13a", &[InProgress], (Lost, Interrupted), &[System], ""),
    rule("C13b", &[Interrupted], (Rejoin, InProgress), &[System, Requester, TargetDoctor], ""),
    rule(
        "C13c",
        &[Interrupted],
        (Redial, Interrupted),
        &[Requester, TargetDoctor],
        "rings the absent side; answering is rejoin",
    ),
    rule(
        "C14",
        &[Ringing, Accepted, InProgress, Interrupted],
        (Transfer, Requested),
        &[TargetDoctor, AllianceDispatcher, TargetDesk],
        "old leg=transferred; new leg; context and attachments follow",
    ),
    rule(
        "C15",
        &[InProgress, Interrupted, Accepted],
        (GiveOpinion, OpinionGiven),
        &[TargetDoctor, Chair],
        "structured, signed; mdt: chair only; accepted: async only",
    ),
    rule(
        "C15a",
        &[OpinionGiven],
        (AmendOpinion, OpinionGiven),
        &[TargetDoctor, Chair],
        "superseding version; must be acknowledged",
    ),
    rule("C16", &[OpinionGiven], (Acknowledge, Closed), &[Requester], "adopted full|partial|no(+reason)"),
    rule("C16s", &[OpinionGiven], (AutoClose, Closed), &[System], "72 h, flagged unacknowledged"),
    rule(
        "C17",
        &[InProgress, Interrupted, Accepted],
        (EndWithoutOpinion, Closed),
        &[Requester, TargetDoctor],
        "reason",
    ),
    rule("C17s", &[Interrupted], (AutoClose, Closed), &[System], "24 h, flagged without opinion"),
    rule(
        "C19",
        &[Queued, Requested, Missed, Declined],
        (Expire, Expired),
        &[System],
        "urgent 2 h / routine 48 h; emergency: 24 h, only from missed or declined",
    ),
    rule(
        "C20",
        &[
            Draft,
            Requested,
            Queued,
            Ringing,
            Accepted,
            Scheduled,
            InProgress,
            Interrupted,
            OpinionGiven,
            Missed,
            Declined,
            Closed,
            Cancelled,
            Expired,
        ],
        (EnterInError, EnteredInError),
        &[RequesterAdmin, AllianceDispatcher],
        "reason; keeps rows",
    ),
];

/// What may be done without moving.
pub const SIDE_EFFECTS: &[SideEffect<State, Action, Actor>] = &[
    SideEffect {
        id: "C18",
        action: Escalate,
        from: &[
            Requested,
            Queued,
            Ringing,
            Accepted,
            Scheduled,
            InProgress,
            Interrupted,
            OpinionGiven,
            Missed,
            Declined,
            Expired,
            Closed,
        ],
        actors: &[Requester, TargetDoctor],
        effect: "creates referral draft owned by the requester, who alone submits; links not blobs; warns on live referral for same patient+department",
    },
    SideEffect {
        id: "C15c",
        action: AmendOpinion,
        from: &[Closed],
        actors: &[TargetDoctor, Chair],
        effect: "superseding version; requester acknowledges again; linked open referrals get it",
    },
];

/// What `who` may do next as far as the table knows, in the order a screen should offer it.
pub fn open_actions(state: State, who: &[Actor]) -> Vec<Action> {
    MACHINE.open(state, who)
}

/// The step that `action` takes, or why it is not taken.
pub fn after(state: State, action: Action, who: &[Actor]) -> Result<Step<State>, Refusal> {
    MACHINE.step(state, action, who)
}

/// What the journal calls an action.
pub const fn entry_of(action: Action) -> &'static str {
    match action {
        Submit => "consult.submit",
        RouteRing => "consult.route_ring",
        RouteQueue => "consult.route_queue",
        Offer => "consult.offer",
        Refuse => "consult.refuse",
        WaitOver => "consult.wait_over",
        Accept => "consult.accept",
        Take => "consult.take",
        Decline => "consult.decline",
        RingNext => "consult.ring_next",
        Exhausted => "consult.exhausted",
        Timeout => "consult.timeout",
        Redial => "consult.redial",
        Redirect => "consult.redirect",
        Schedule => "consult.schedule",
        ToAsync => "consult.to_async",
        Cancel => "consult.cancel",
        Reschedule => "consult.reschedule",
        Start => "consult.start",
        NoShow => "consult.no_show",
        Join => "consult.join",
        JoinTimeout => "consult.join_timeout",
        Release => "consult.release",
        Lost => "consult.lost",
        Rejoin => "consult.rejoin",
        Transfer => "consult.transfer",
        GiveOpinion => "consult.give_opinion",
        AmendOpinion => "consult.amend_opinion",
        Acknowledge => "consult.acknowledge",
        AutoClose => "consult.auto_close",
        EndWithoutOpinion => "consult.end_without_opinion",
        Expire => "consult.expire",
        EnterInError => "consult.enter_in_error",
        Escalate => "consult.escalate",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_fixture() {
        let fixture: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/fixtures/state_machines.json")).unwrap();

        assert_eq!(MACHINE.served(), fixture["consult"]);
    }

    #[test]
    fn the_journal_calls_an_action_by_its_word() {
        for action in Action::ALL {
            assert_eq!(entry_of(*action), format!("consult.{action}"));
        }
    }

    #[test]
    fn one_state_and_action_have_one_line() {
        for state in State::ALL {
            for action in Action::ALL {
                let moves = RULES.iter().filter(|r| r.action == *action && r.from.contains(state)).count();
                let stays =
                    SIDE_EFFECTS.iter().filter(|e| e.action == *action && e.from.contains(state)).count();
                assert!(moves + stays <= 1, "{state} {action}");
            }
        }
    }
}
