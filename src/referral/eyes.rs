//! How one person stands to one referral: the parts they play, what is open to them, and
//! how much of the letter is theirs to read. Pure once it is put together.

use serde::Serialize;

use super::{
    model::{Direction, Referral, Service, Urgency},
    state::{Action, MACHINE},
};
use crate::{
    auth::{
        Principal,
        policy::{Actor, Denied},
    },
    kernel::{Timestamp, workflow::Closed},
};

/// How one person stands to one referral.
#[derive(Debug, Clone)]
pub struct Eyes {
    /// Whose they are.
    pub who: Principal,
    /// The parts they play, or how they are turned away.
    pub admitted: Result<(), Denied>,
    /// The parts they play.
    pub actors: Vec<Actor>,
    /// Their house held a leg until then, and holds none now.
    pub held_until: Option<Timestamp>,
    /// The consent was taken back before the patient came: the receiving side learns of it, and reads no more.
    pub withdrawn: bool,
}

impl Eyes {
    /// Lets the person in, or turns him away.
    pub fn admit(&self) -> Result<(), Denied> {
        self.admitted
    }

    /// What the person may do now, in the order a screen should offer it.
    pub fn open(&self, referral: &Referral) -> Vec<Action> {
        let mut open = MACHINE.open(referral.state, &self.actors);
        open.retain(|action| self.why_shut(referral, *action).is_none());
        open
    }

    /// What the table opens to the person and the facts keep shut.
    pub fn closed(&self, referral: &Referral) -> Vec<Closed<impl Serialize + use<>>> {
        MACHINE
            .open(referral.state, &self.actors)
            .into_iter()
            .filter_map(|action| Some(Closed { action, why_code: self.why_shut(referral, action)? }))
            .collect()
    }

    /// Why `action` is shut though the table opens it.
    #[allow(clippy::unused_self, reason = "asked of the eyes that look")]
    pub fn why_shut(&self, referral: &Referral, action: Action) -> Option<&'static str> {
        match action {
            Action::EmergencyArrive if referral.urgency != Urgency::Emergency => Some("not_an_emergency"),
            Action::Outcome if !is_a_visit(referral) => Some("needs_arrival"),
            // Who was sent a patient back writes the next letter up, he does not send him back again.
            Action::ReferBack if referral.direction == Direction::Down => Some("is_the_way_back"),
            _ => None,
        }
    }

    /// True for the sending side, which also knows of the draft.
    pub fn is_sender(&self) -> bool {
        self.actors.iter().any(|actor| matches!(actor, Actor::Requester | Actor::RequesterAdmin))
    }

    /// True for those who direct patients without treating them: they see where, not what.
    pub fn sees_head_only(&self) -> bool {
        (self.withdrawn && !self.is_sender()) || self.actors == [Actor::AllianceDispatcher]
    }

    /// True if what happened at `at` is theirs to read.
    pub fn reaches(&self, at: Timestamp) -> bool {
        self.held_until.is_none_or(|until| at <= until)
    }
}

/// An examination or a visit ends with its result: nobody is admitted.
fn is_a_visit(referral: &Referral) -> bool {
    matches!(referral.letter.requested_service, Some(Service::Exam | Service::Outpatient))
}
