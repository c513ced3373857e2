//! One referral as the figures need it, entry by entry. Pure.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fact::{Place, id, text};
use crate::journal::Recorded;

/// One target that was asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Leg {
    /// Of which facility.
    pub facility: String,
    /// Which department.
    pub department: String,
    /// Since when.
    pub offered: i64,
    /// Somebody there looked at it, asked or answered.
    pub seen: bool,
    /// Somebody there asked the sender something.
    pub asked: bool,
    /// What they made of it: `accepted`, `rejected` or `redirected`, when, and why.
    pub decided: Option<(String, i64, String)>,
}

/// How a letter was written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// From a consult, for a known patient, for a new one.
    pub path: String,
    /// Milliseconds somebody was at it.
    pub active_ms: i64,
    /// Keys pressed.
    pub keys: i64,
    /// Clicks.
    pub clicks: i64,
    /// Milliseconds from the first page of it to the sending, pauses and all; pages of an earlier version do not say it.
    #[serde(default)]
    pub wall_ms: Option<i64>,
    /// Fields that were filled in when the letter was opened.
    #[serde(default)]
    pub prefilled: Option<i64>,
    /// Fields that were changed.
    #[serde(default)]
    pub edited: Option<i64>,
}

/// One referral.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sent {
    /// Who sends, and whom it asks now.
    pub place: Place,
    /// Up, down or peer.
    pub direction: String,
    /// How urgent.
    pub urgency: String,
    /// Whom it is about.
    pub patient: String,
    /// The referral that it continues.
    pub parent: Option<String>,
    /// The consult that it comes from.
    pub consult: Option<String>,
    /// Where it stands.
    pub state: String,
    /// When it was first sent.
    pub sent: Option<i64>,
    /// When an answer was due.
    pub due: Option<i64>,
    /// The clock ran out before there was an answer.
    pub late: bool,
    /// First three characters of the primary diagnosis.
    pub diagnosis: Option<String>,
    /// Files it was sent with, and their bytes that a consult holds too.
    pub files: i64,
    /// Bytes that were linked instead of copied.
    pub shared: i64,
    /// Items that were asked for.
    pub asked_for: i64,
    /// Items that were left out.
    pub left_out: Vec<String>,
    /// How it was written.
    pub entry: Option<Entry>,
    /// Every target, first to last.
    pub legs: Vec<Leg>,
    /// The first answer of any kind.
    pub answered: Option<i64>,
    /// First taken.
    pub accepted: Option<i64>,
    /// When the last question was asked, while it is open.
    pub asked: Option<i64>,
    /// Questions that were answered: when asked, and for how long open.
    pub delays: Vec<(i64, i64)>,
    /// Every rejection: when, why, by which leg.
    pub rejections: Vec<(i64, String, usize)>,
    /// Every time nobody came.
    pub no_shows: Vec<i64>,
    /// The patient came at the time that was given.
    pub kept: Option<i64>,
    /// The patient came.
    pub arrived: Option<i64>,
    /// What came out of it was written down.
    pub outcome: Option<i64>,
    /// The patient died.
    pub died: bool,
    /// Somebody of the sending side read the outcome.
    pub read: Option<i64>,
    /// The first referral back down that was sent.
    pub back: Option<i64>,
    /// On the way down: when the patient was sent up again.
    pub returned: Option<i64>,
    /// Nobody acted in time.
    pub expired: Option<i64>,
    /// Closed by time with the outcome unread.
    pub unread: Option<i64>,
}

/// What one entry says about other records.
#[derive(Debug, Clone, PartialEq)]
pub enum Word {
    /// A referral back down from this one was sent.
    Back { parent: String, at: i64 },
    /// This consult led to a letter that was sent.
    FromConsult { consult: String },
    /// A letter up was sent for this patient to this department.
    Up { patient: String, department: String, at: i64 },
}

impl Sent {
    /// Takes in one entry; says what it means for other records.
    pub fn take(&mut self, entry: &Recorded) -> Vec<Word> {
        let (at, said) = (entry.at.millis(), &entry.payload);
        if !said["from_facility"].is_string() {
            // A file that was added, or something else beside the letter's own way.
            return Vec::new();
        }
        if entry.action == "referral.read" {
            self.looked_at(entry);
            return Vec::new();
        }
        self.begin(said);
        if let Some(state) = &entry.to_state {
            self.state.clone_from(state);
        }
        let mut words = Vec::new();
        match entry.action.as_str() {
            "referral.submit" => words = self.submit(at, said),
            "referral.view" => self.leg(|leg| leg.seen = true),
            "referral.request_info" => {
                self.answer(at);
                self.asked = Some(at);
                self.leg(|leg| (leg.seen, leg.asked) = (true, true));
            }
            "referral.supply_info" => self.told(at),
            "referral.accept" | "referral.accept_and_schedule" | "referral.emergency_arrive" => {
                self.decide("accepted", at, "");
                self.accepted = self.accepted.or(Some(at));
                if entry.action == "referral.emergency_arrive" {
                    self.arrived = self.arrived.or(Some(at));
                }
            }
            "referral.reject" => {
                let why = entry.reason_code.clone().unwrap_or_default();
                self.decide("rejected", at, &why);
                self.rejections.push((at, why, self.legs.len().saturating_sub(1)));
            }
            "referral.redirect" => {
                let why = entry.reason_code.clone().unwrap_or_default();
                self.decide("redirected", at, &why);
                self.next_leg(at, said);
            }
            "referral.redirect_by_sender" | "referral.redirect_after_reject" | "referral.resubmit" => {
                self.next_leg(at, said);
            }
            "referral.no_show" => self.no_shows.push(at),
            "referral.arrive" | "referral.patient_already_here" => {
                if entry.from_state.as_deref() == Some("scheduled") {
                    self.kept = Some(at);
                }
                self.arrived = self.arrived.or(Some(at));
            }
            "referral.discharge" | "referral.outcome" | "referral.refer_back" => {
                // The result of an examination says that the patient was there.
                self.arrived = self.arrived.or(Some(at));
                self.outcome = self.outcome.or(Some(at));
            }
            "referral.patient_died" => {
                self.died = true;
                if self.arrived.is_some() {
                    self.outcome = self.outcome.or(Some(at));
                }
            }
            "referral.acknowledge" | "referral.record_follow_up" | "referral.complete"
                if entry.actor != "system" =>
            {
                self.read = self.read.or(Some(at));
            }
            "referral.expire" => self.expired = Some(at),
            "referral.auto_close" if entry.from_state.as_deref() != Some("rejected") => {
                self.unread = Some(at);
            }
            "referral.overdue" => self.late = true,
            _ => {}
        }
        words
    }

    /// True while it was sent and nobody has said anything.
    pub fn waits(&self) -> bool {
        self.sent.is_some() && self.answered.is_none() && self.state == "submitted"
    }

    /// True if it counts for nothing: not sent, or marked as an error.
    pub fn is_void(&self) -> bool {
        self.sent.is_none() || self.state == "entered_in_error"
    }

    fn begin(&mut self, said: &Value) {
        self.place = Place {
            from: text(said, "from_facility"),
            by: text(said, "from_user"),
            facility: self.place.facility.clone(),
            department: self.place.department.clone(),
        };
        if self.sent.is_none() {
            // Free while it is a draft.
            self.place.facility = text(said, "to_facility");
            self.place.department = text(said, "to_department");
            self.urgency = text(said, "urgency");
            self.direction = text(said, "direction");
        }
        self.patient = text(said, "patient");
        self.parent = id(said, "parent");
        self.consult = id(said, "consult");
    }

    fn submit(&mut self, at: i64, said: &Value) -> Vec<Word> {
        self.sent = Some(at);
        self.due = moment(said, "due_at");
        self.diagnosis = id(said, "diagnosis");
        self.files = said["files"].as_i64().unwrap_or(0);
        self.shared = said["shared_bytes"].as_i64().unwrap_or(0);
        self.asked_for = said["asked_for"].as_i64().unwrap_or(0);
        self.left_out = serde_json::from_value(said["left_out"].clone()).unwrap_or_default();
        self.entry = serde_json::from_value(said["entry"].clone()).ok();
        self.next_leg(at, said);
        let mut words = Vec::new();
        if let Some(parent) = self.parent.clone().filter(|_| self.direction == "down") {
            words.push(Word::Back { parent, at });
        }
        if let Some(consult) = self.consult.clone() {
            words.push(Word::FromConsult { consult });
        }
        if self.direction == "up" {
            let (patient, department) = (self.patient.clone(), self.place.department.clone());
            words.push(Word::Up { patient, department, at });
        }
        words
    }

    fn next_leg(&mut self, at: i64, said: &Value) {
        self.told(at);
        self.place.facility = text(said, "to_facility");
        self.place.department = text(said, "to_department");
        self.legs.push(Leg {
            facility: self.place.facility.clone(),
            department: self.place.department.clone(),
            offered: at,
            ..Leg::default()
        });
    }

    fn leg(&mut self, change: impl FnOnce(&mut Leg)) {
        if let Some(leg) = self.legs.last_mut() {
            change(leg);
        }
    }

    fn answer(&mut self, at: i64) {
        self.answered = self.answered.or(Some(at));
    }

    fn decide(&mut self, what: &str, at: i64, why: &str) {
        self.answer(at);
        self.told(at);
        let decided = Some((what.to_owned(), at, why.to_owned()));
        self.leg(|leg| (leg.seen, leg.decided) = (true, decided));
    }

    /// The question that was open is not open any more.
    fn told(&mut self, at: i64) {
        if let Some(asked) = self.asked.take() {
            self.delays.push((asked, at - asked));
        }
    }

    fn looked_at(&mut self, entry: &Recorded) {
        let theirs = entry.facility.as_deref() == Some(&self.place.from);
        if theirs && self.outcome.is_some() {
            self.read = self.read.or(Some(entry.at.millis()));
        }
    }
}

fn moment(said: &Value, name: &str) -> Option<i64> {
    let at: crate::kernel::Timestamp = said[name].as_str()?.parse().ok()?;
    Some(at.millis())
}
