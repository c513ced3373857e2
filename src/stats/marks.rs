//! What a fact counts for, on which day. Pure: the sums are the marks of all facts, and
//! nothing else writes them. `docs/statistics.md` says the same in words.

use super::{
    calendar::day_of,
    consulted::Consulted,
    fact::{Export, Fact, Place},
    sent::{Leg, Sent},
};

/// One thing that counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark<'a> {
    /// On which day.
    pub day: i64,
    /// Whose.
    pub place: Place,
    /// What is counted.
    pub measure: &'static str,
    /// Under which heading: a code, an id, or a number of minutes.
    pub value: String,
    /// How many.
    pub n: i64,
    /// Up, down or peer; nothing for a consult.
    pub direction: &'a str,
    /// How urgent.
    pub urgency: &'a str,
}

const MINUTE: i64 = 60 * 1000;
/// The outcome counts as read in time within so long.
const READ_IN: i64 = 14 * 24 * 60 * MINUTE;
/// The way back counts as one within so long.
const BACK_IN: i64 = 30 * 24 * 60 * MINUTE;

/// Whole minutes as they are counted: one by one up to two hours, by tens up to a day, then by the
/// hour. A row of sums has a line for each length that occurs; without steps the lines of a busy
/// month would go on growing with it, and nobody tells 2,881 minutes from 2,885.
fn length(millis: i64) -> i64 {
    let minutes = millis / MINUTE;
    let step = match minutes {
        ..120 => 1,
        120..1440 => 10,
        1440.. => 60,
    };
    minutes / step * step
}

/// Gathers marks of one fact.
struct Marks<'a> {
    found: Vec<Mark<'a>>,
    place: Place,
    direction: &'a str,
    urgency: &'a str,
}

impl Marks<'_> {
    fn put(&mut self, at: i64, measure: &'static str, value: impl ToString, n: i64) {
        self.at(self.place.clone(), at, measure, value, n);
    }

    fn one(&mut self, at: i64, measure: &'static str) {
        self.put(at, measure, "", 1);
    }

    /// Counted for the target of one leg.
    fn of_leg(&mut self, leg: &Leg, at: i64, measure: &'static str, value: impl ToString) {
        let place = Place {
            facility: leg.facility.clone(),
            department: leg.department.clone(),
            ..self.place.clone()
        };
        self.at(place, at, measure, value, 1);
    }

    fn at(&mut self, place: Place, at: i64, measure: &'static str, value: impl ToString, n: i64) {
        if n != 0 {
            let (direction, urgency) = (self.direction, self.urgency);
            let value = value.to_string();
            self.found.push(Mark { day: day_of(at), place, measure, value, n, direction, urgency });
        }
    }
}

/// Everything a fact counts for.
pub fn marks(fact: &Fact) -> Vec<Mark<'_>> {
    match fact {
        Fact::Referral(sent) => of_referral(sent),
        Fact::Consult(consulted) => of_consult(consulted),
        Fact::Export(export) => of_export(export),
    }
}

fn of_referral(r: &Sent) -> Vec<Mark<'_>> {
    let (Some(sent), false) = (r.sent, r.is_void()) else { return Vec::new() };
    // A letter counts for whom it asked first; what a target did counts for that target.
    let first = r.legs.first().map_or_else(
        || r.place.clone(),
        |leg| Place { facility: leg.facility.clone(), department: leg.department.clone(), ..r.place.clone() },
    );
    let mut marks = Marks { found: Vec::new(), place: first, direction: &r.direction, urgency: &r.urgency };
    at_sending(&mut marks, r, sent);
    answers(&mut marks, r, sent);
    legs(&mut marks, r);
    patients(&mut marks, r, sent);
    marks.found
}

/// The letter itself.
fn at_sending(marks: &mut Marks<'_>, r: &Sent, sent: i64) {
    marks.one(sent, "sent");
    marks.put(sent, "legs", "", r.legs.len() as i64);
    marks.put(sent, "sender", r.place.from.as_str(), 1);
    marks.put(sent, "department", marks.place.department.clone(), 1);
    marks.put(sent, "flow", format!("{}>{}", r.place.from, marks.place.department), 1);
    marks.put(sent, "files", "", r.files);
    marks.put(sent, "shared_bytes", "", r.shared);
    if let Some(code) = &r.diagnosis {
        marks.put(sent, "diagnosis", code, 1);
    }
    if r.asked_for > 0 {
        marks.put(sent, "asked_for", "", r.asked_for);
        marks.put(sent, "left_out", "", r.left_out.len() as i64);
        marks.put(sent, "complete", "", i64::from(r.left_out.is_empty()));
        marks.one(sent, "weighed");
        for item in &r.left_out {
            marks.put(sent, "missed_item", item, 1);
        }
    }
    if let Some(entry) = &r.entry {
        let measures = match entry.path.as_str() {
            "from_consult" => FROM_CONSULT,
            "known_patient" => KNOWN_PATIENT,
            _ => NEW_PATIENT,
        };
        let counted = [
            Some(entry.active_ms / 1000),
            Some(entry.keys),
            Some(entry.clicks),
            entry.wall_ms.map(|wall| wall / 1000),
            entry.prefilled,
            entry.edited,
        ];
        for (measure, n) in measures.into_iter().zip(counted) {
            if let Some(n) = n {
                marks.put(sent, measure, n, 1);
            }
        }
    }
}

/// What is measured of the writing, for each way a letter comes to be written.
const FROM_CONSULT: [&str; 6] = [
    "entry.from_consult",
    "keys.from_consult",
    "clicks.from_consult",
    "wall.from_consult",
    "prefilled.from_consult",
    "edited.from_consult",
];
const KNOWN_PATIENT: [&str; 6] = [
    "entry.known_patient",
    "keys.known_patient",
    "clicks.known_patient",
    "wall.known_patient",
    "prefilled.known_patient",
    "edited.known_patient",
];
const NEW_PATIENT: [&str; 6] = [
    "entry.new_patient",
    "keys.new_patient",
    "clicks.new_patient",
    "wall.new_patient",
    "prefilled.new_patient",
    "edited.new_patient",
];

/// How soon it was answered; counted on the day it was sent, so that those without an answer
/// stand beside those with one.
fn answers(marks: &mut Marks<'_>, r: &Sent, sent: i64) {
    if let Some(answered) = r.answered {
        marks.put(sent, "response", length(answered - sent), 1);
    }
    match (r.answered, r.due) {
        (Some(answered), Some(due)) if answered <= due => marks.one(sent, "in_time"),
        (Some(_), Some(_)) => marks.one(sent, "too_late"),
        (None, _) if r.late => marks.one(sent, "too_late"),
        (Some(_), None) | (None, _) => {}
    }
    if let Some(accepted) = r.accepted {
        marks.put(sent, "acceptance", length(accepted - sent), 1);
    }
    if r.waits() {
        marks.one(sent, "open");
    }
    for (asked, delay) in &r.delays {
        marks.put(*asked, "delay", length(*delay), 1);
    }
}

/// What each target did.
fn legs(marks: &mut Marks<'_>, r: &Sent) {
    for (n, leg) in r.legs.iter().enumerate() {
        if leg.seen {
            marks.of_leg(leg, leg.offered, "leg_seen", "");
        }
        if leg.asked {
            marks.of_leg(leg, leg.offered, "leg_asked", "");
        }
        let Some((what, at, why)) = &leg.decided else { continue };
        marks.of_leg(leg, *at, "leg", what);
        if n == 0 {
            marks.of_leg(leg, *at, "first_leg", what);
        }
        if matches!(
            (what.as_str(), why.as_str()),
            ("redirected", "wrong_field") | ("rejected", "not_my_field")
        ) {
            marks.of_leg(leg, *at, "wrong_address", "");
        }
    }
    if let Some((leg, (what, at, _))) =
        r.legs.iter().rev().find_map(|leg| leg.decided.as_ref().map(|decided| (leg, decided)))
    {
        marks.of_leg(leg, *at, "last_leg", what);
    }
    for (at, why, n) in &r.rejections {
        if let Some(leg) = r.legs.get(*n) {
            marks.of_leg(leg, *at, "rejection", why);
            marks.of_leg(leg, *at, "rejecting", &leg.department);
        }
    }
    if let Some((at, ..)) = r.rejections.first() {
        marks.one(*at, "rejected");
        let later = r
            .legs
            .iter()
            .any(|leg| leg.decided.as_ref().is_some_and(|(what, when, _)| what == "accepted" && when > at));
        if later {
            marks.one(*at, "accepted_later");
        }
    }
}

/// What became of the patient.
fn patients(marks: &mut Marks<'_>, r: &Sent, sent: i64) {
    if let Some(arrived) = r.arrived {
        marks.one(arrived, "arrived");
        if r.no_shows.iter().any(|at| *at <= arrived) {
            marks.one(arrived, "wait_left_out");
        } else {
            marks.put(arrived, "wait", length(arrived - sent), 1);
        }
        let closed = r.outcome.zip(r.read).is_some_and(|(outcome, read)| read - outcome <= READ_IN);
        if closed {
            marks.one(arrived, "loop_closed");
        }
    }
    for at in &r.no_shows {
        marks.one(*at, "no_show");
    }
    if let Some(first) = r.no_shows.first() {
        marks.one(*first, "no_show_patient");
        if r.arrived.is_some_and(|arrived| arrived > *first) {
            marks.one(*first, "came_later");
        }
    }
    if let Some(kept) = r.kept {
        marks.one(kept, "kept");
    }
    if let Some(outcome) = r.outcome.filter(|_| r.direction == "up" && !r.died) {
        marks.one(outcome, "home");
        if r.back.is_some_and(|back| back - outcome <= BACK_IN) {
            marks.one(outcome, "home_with_letter");
        }
    }
    if r.direction == "down" && r.returned.is_some() {
        marks.one(sent, "returned");
    }
    if let Some(expired) = r.expired {
        marks.one(expired, "expired");
    }
    if let Some(unread) = r.unread {
        marks.one(unread, "unread");
    }
}

fn of_consult(c: &Consulted) -> Vec<Mark<'_>> {
    let (Some(sent), false) = (c.sent, c.is_void()) else { return Vec::new() };
    let mut marks = Marks { found: Vec::new(), place: c.place.clone(), direction: "", urgency: &c.urgency };
    marks.one(sent, "consult");
    if c.answered.is_some() {
        marks.one(sent, "consult_answered");
    }
    if c.missed {
        marks.one(sent, "consult_missed");
    }
    if c.referred {
        marks.one(sent, "consult_referred");
    }
    if let Some(rang) = c.rang {
        marks.put(sent, "ring", rang / 1000, 1);
    }
    if let Some(met) = c.met {
        marks.one(met, "call");
        marks.put(met, "call_minutes", "", c.talked / MINUTE);
        if c.dropped {
            marks.one(met, "call_dropped");
        }
        if let Some(setup) = c.setup {
            // To a tenth of a second: nobody waits for less.
            marks.put(met, "setup", setup / 100, 1);
        }
        marks.put(met, "seated", "", c.seated);
        marks.put(met, "voice_only", "", c.voice_only);
    }
    if let Some(opinion) = c.opinion {
        marks.one(opinion, "opinion");
        if c.confirmed.is_some() {
            marks.one(opinion, "opinion_confirmed");
        }
        if let Some(adopted) = &c.adopted {
            marks.put(opinion, "adopted", adopted, 1);
        }
    }
    if let Some(closed) = c.closed.filter(|_| c.opinion.is_some()) {
        marks.one(closed, "consult_closed");
        if c.next == "treat_here" {
            marks.one(closed, "stays");
            if !c.sent_up {
                marks.one(closed, "avoided");
            }
        }
    }
    if let Some(unread) = c.unread {
        marks.one(unread, "opinion_unread");
    }
    marks.found
}

fn of_export(export: &Export) -> Vec<Mark<'_>> {
    let mut marks = Marks { found: Vec::new(), place: export.place.clone(), direction: "", urgency: "" };
    if let Some(seconds) = export.seconds {
        marks.put(export.at, "report", seconds, 1);
    }
    marks.found
}
