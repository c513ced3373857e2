//! One consult as the figures need it, entry by entry. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fact::{Place, text};
use crate::journal::Recorded;

/// One consult.
#[allow(clippy::struct_excessive_bools, reason = "each tells whether one thing happened")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Consulted {
    /// Who asks, and whom.
    pub place: Place,
    /// How urgent.
    pub urgency: String,
    /// Whom it is about.
    pub patient: String,
    /// Where it stands.
    pub state: String,
    /// When it was first sent.
    pub sent: Option<i64>,
    /// Since when it rings, while it does.
    pub rings: Option<i64>,
    /// First answered.
    pub answered: Option<i64>,
    /// From the first ring to the answer.
    pub rang: Option<i64>,
    /// Nobody answered in time, at least once.
    pub missed: bool,
    /// Both sides first met.
    pub met: Option<i64>,
    /// Since when both are there, while they are.
    pub talks: Option<i64>,
    /// How long they talked.
    pub talked: i64,
    /// The line broke, at least once.
    pub dropped: bool,
    /// From the offer to the first media of the seat that took longest, in milliseconds.
    pub setup: Option<i64>,
    /// Seconds that seats were taken.
    pub seated: i64,
    /// Of these, with voices only because the line bore no more.
    pub voice_only: i64,
    /// First opinion.
    pub opinion: Option<i64>,
    /// What it advised last.
    pub next: String,
    /// How much of it was taken on.
    pub adopted: Option<String>,
    /// When it was confirmed.
    pub confirmed: Option<i64>,
    /// Closed.
    pub closed: Option<i64>,
    /// Closed by time with the opinion unread.
    pub unread: Option<i64>,
    /// A letter was sent from it.
    pub referred: bool,
    /// The patient was sent up to this department within 14 days of the end.
    pub sent_up: bool,
}

impl Consulted {
    /// Takes in one entry.
    pub fn take(&mut self, entry: &Recorded) {
        let (at, said) = (entry.at.millis(), &entry.payload);
        if entry.action == "consult.call_report" {
            self.report(said);
        }
        let Some(state) = &entry.to_state else { return };
        let moved = entry.from_state.as_deref() != Some(state);
        self.state.clone_from(state);
        if said["from_facility"].is_string() {
            self.place = Place {
                from: text(said, "from_facility"),
                by: text(said, "from_user"),
                facility: text(said, "to_facility"),
                department: text(said, "to_department"),
            };
            self.urgency = text(said, "urgency");
            self.patient = text(said, "patient");
        }
        if moved {
            self.clock(state, at);
        }
        match entry.action.as_str() {
            "consult.submit" => self.sent = self.sent.or(Some(at)),
            "consult.accept" | "consult.take" => self.answered = self.answered.or(Some(at)),
            "consult.timeout" | "consult.wait_over" | "consult.exhausted" => self.missed = true,
            "consult.lost" => self.dropped = true,
            "consult.give_opinion" | "consult.amend_opinion" => {
                self.opinion = self.opinion.or(Some(at));
                self.next = text(said, "next");
            }
            "consult.acknowledge" => {
                self.adopted = said["adopted"].as_str().map(str::to_owned);
                self.confirmed = self.confirmed.or(Some(at));
            }
            "consult.auto_close" if entry.reason_code.as_deref() == Some("unacknowledged") => {
                self.unread = Some(at);
            }
            _ => {}
        }
        if moved && state == "closed" {
            self.closed = self.closed.or(Some(at));
        }
    }

    /// What the relay saw of one seat. Of several seats the slowest set-up counts: the call began with it.
    fn report(&mut self, said: &Value) {
        let n = |name: &str| said[name].as_i64();
        self.setup = self.setup.max(n("setup_ms"));
        self.seated += n("seconds").unwrap_or(0);
        self.voice_only += n("voice_only_s").unwrap_or(0);
    }

    /// What begins and ends with a state.
    fn clock(&mut self, state: &str, at: i64) {
        if state == "ringing" {
            self.rings = self.rings.or(Some(at));
        } else if let Some(since) = self.rings.take().filter(|_| state == "accepted") {
            self.rang = self.rang.or(Some(at - since));
        }
        if state == "in_progress" {
            self.met = self.met.or(Some(at));
            self.talks = Some(at);
        } else if let Some(since) = self.talks.take() {
            self.talked += at - since;
        }
    }

    /// True if it counts for nothing: not sent, or marked as an error.
    pub fn is_void(&self) -> bool {
        self.sent.is_none() || self.state == "entered_in_error"
    }
}
