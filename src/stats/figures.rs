//! The figures: each one's sum, quotient or middle, from the sums of a period. Pure.
//! `docs/statistics.md` says in words what each means; a test recomputes all of them from
//! the exported journal in another language.

use serde::Serialize;
use utoipa::ToSchema;

use super::sums::{Sums, median, ninth};

/// Under so many a middle says more about one patient than about the house.
pub const FEW: i64 = 6;

/// In what a figure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// How many.
    Count,
    /// A part of a whole, 0 to 1.
    Share,
    /// So many for each.
    Each,
    /// Minutes.
    Minutes,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Figure {
    /// Its name; the page and the definitions know it by this.
    pub key: &'static str,
    /// In what it is told.
    pub unit: Unit,
    /// What it comes to; nothing if there is nothing to count, or too little to tell.
    pub value: Option<f64>,
    /// How many it counts.
    pub n: Option<i64>,
    /// Out of how many.
    pub of: Option<i64>,
    /// Not told: between one and four, and not of one's own house.
    pub hidden: bool,
    /// Not told: fewer than six to take the middle of.
    pub few: bool,
    /// What is counted, for the rows behind it.
    pub behind: Option<&'static str>,
    /// Out of what, for the rows behind that.
    pub behind_of: Option<&'static str>,
}

impl Figure {
    fn new(key: &'static str, unit: Unit) -> Self {
        Self {
            key,
            unit,
            value: None,
            n: None,
            of: None,
            hidden: false,
            few: false,
            behind: None,
            behind_of: None,
        }
    }

    /// How many.
    pub fn count(key: &'static str, n: i64, behind: Option<&'static str>) -> Self {
        Self { value: Some(n as f64), n: Some(n), behind, ..Self::new(key, Unit::Count) }
    }

    fn share(key: &'static str, (n, behind): (i64, Part), (of, whole): (i64, Part)) -> Self {
        let value = (of > 0).then(|| n as f64 / of as f64);
        Self { value, n: Some(n), of: Some(of), behind, behind_of: whole, ..Self::new(key, Unit::Share) }
    }

    fn each(key: &'static str, n: i64, (of, whole): (i64, Part)) -> Self {
        Self { unit: Unit::Each, behind: None, ..Self::share(key, (n, None), (of, whole)) }
    }

    fn middle(key: &'static str, unit: Unit, sums: &Sums, measure: &'static str) -> Self {
        Self::of_spread(key, unit, &sums.spread(measure), measure, median)
    }

    /// The middle of tenths of a second, in seconds.
    fn tenths(key: &'static str, sums: &Sums, measure: &'static str) -> Self {
        let middle = Self::middle(key, Unit::Seconds, sums, measure);
        Self { value: middle.value.map(|tenths| tenths / 10.0), ..middle }
    }

    fn of_spread(
        key: &'static str,
        unit: Unit,
        spread: &[(i64, i64)],
        measure: &'static str,
        find: fn(&[(i64, i64)]) -> Option<f64>,
    ) -> Self {
        let n: i64 = spread.iter().map(|(_, n)| n).sum();
        let few = n > 0 && n < FEW;
        let value = if few { None } else { find(spread) };
        Self { value, n: Some(n), few, behind: Some(measure), ..Self::new(key, unit) }
    }
}

type Part = Option<&'static str>;

/// How many facilities are members, and how many of them sent or were asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Members {
    /// Members at the end of the period.
    pub all: i64,
    /// Of these, with at least one letter in the period.
    pub active: i64,
}

/// All figures, in the order of the report.
pub fn figures(s: &Sums, members: Members) -> Vec<Figure> {
    let mut all = vec![
        Figure::count("members", members.all, None),
        Figure::count("active_members", members.active, None),
    ];
    all.extend(volume(s));
    all.extend(answers(s));
    all.extend(patients(s));
    all.extend(letters(s));
    all.extend(consults(s));
    all
}

fn volume(s: &Sums) -> Vec<Figure> {
    let (up, down) = (s.going("sent", "up"), s.going("sent", "down"));
    vec![
        Figure::count("volume", s.n("sent"), Some("sent")),
        Figure::count("up", up, None),
        Figure::count("down", down, None),
        Figure::count("peer", s.going("sent", "peer"), None),
        Figure::each("up_per_down", up, (down, None)),
        Figure::share("down_share", (down, None), (up, None)),
        Figure::share(
            "home_with_letter",
            (s.n("home_with_letter"), Some("home_with_letter")),
            (s.n("home"), Some("home")),
        ),
    ]
}

fn answers(s: &Sums) -> Vec<Figure> {
    let response = s.spread("response");
    let answered: i64 = response.iter().map(|(_, n)| n).sum();
    let timely = |key, urgency: Option<&str>| {
        let n = |measure| urgency.map_or_else(|| s.n(measure), |urgency| s.as_urgent(measure, urgency));
        let (met, missed) = (n("in_time"), n("too_late"));
        let behind = urgency.is_none().then_some("in_time");
        Figure::share(key, (met, behind), (met + missed, None))
    };
    let leg = |measure, what| s.under(measure, what);
    let decided = |measure| s.n(measure);
    vec![
        Figure::of_spread("response_median", Unit::Minutes, &response, "response", median),
        Figure::of_spread("response_p90", Unit::Minutes, &response, "response", ninth),
        timely("in_time", None),
        timely("in_time_emergency", Some("emergency")),
        timely("in_time_urgent", Some("urgent")),
        timely("in_time_routine", Some("routine")),
        Figure::share("unanswered", (s.n("sent") - answered, None), (s.n("sent"), Some("sent"))),
        Figure::count("open", s.n("open"), Some("open")),
        Figure::middle("acceptance_median", Unit::Minutes, s, "acceptance"),
        Figure::share("never_accepted", (s.n("sent") - s.n("acceptance"), None), (s.n("sent"), Some("sent"))),
        Figure::share(
            "accepted",
            (leg("leg", "accepted"), Some("leg=accepted")),
            (decided("leg"), Some("leg")),
        ),
        Figure::share(
            "accepted_first",
            (leg("first_leg", "accepted"), Some("first_leg=accepted")),
            (decided("first_leg"), Some("first_leg")),
        ),
        Figure::share(
            "accepted_last",
            (leg("last_leg", "accepted"), Some("last_leg=accepted")),
            (decided("last_leg"), Some("last_leg")),
        ),
        Figure::count("rejections", s.n("rejection"), Some("rejection")),
        Figure::share(
            "accepted_later",
            (s.n("accepted_later"), Some("accepted_later")),
            (s.n("rejected"), Some("rejected")),
        ),
        Figure::share(
            "redirected",
            (leg("leg", "redirected"), Some("leg=redirected")),
            (decided("leg"), Some("leg")),
        ),
        Figure::each("legs_each", s.n("legs"), (s.n("sent"), Some("sent"))),
        Figure::share(
            "asked_back",
            (s.n("leg_asked"), Some("leg_asked")),
            (s.n("leg_seen"), Some("leg_seen")),
        ),
        Figure::middle("delay_median", Unit::Minutes, s, "delay"),
        Figure::share(
            "wrong_address",
            (s.n("wrong_address"), Some("wrong_address")),
            (decided("leg"), Some("leg")),
        ),
    ]
}

fn patients(s: &Sums) -> Vec<Figure> {
    let wait = s.spread("wait");
    let due = s.n("no_show") + s.n("kept");
    vec![
        Figure::of_spread("wait_median", Unit::Minutes, &wait, "wait", median),
        Figure::of_spread("wait_p90", Unit::Minutes, &wait, "wait", ninth),
        Figure::count("wait_left_out", s.n("wait_left_out"), Some("wait_left_out")),
        Figure::share("no_show", (s.n("no_show"), Some("no_show")), (due, None)),
        Figure::share(
            "came_later",
            (s.n("came_later"), Some("came_later")),
            (s.n("no_show_patient"), Some("no_show_patient")),
        ),
        Figure::share(
            "closed_loop",
            (s.n("loop_closed"), Some("loop_closed")),
            (s.n("arrived"), Some("arrived")),
        ),
        Figure::share("returned", (s.n("returned"), Some("returned")), (s.going("sent", "down"), None)),
        Figure::count("expired", s.n("expired"), Some("expired")),
        Figure::count("unread", s.n("unread"), Some("unread")),
    ]
}

fn letters(s: &Sums) -> Vec<Figure> {
    let (asked, missed) = (s.n("asked_for"), s.n("left_out"));
    vec![
        Figure::share("filled", (asked - missed, None), (asked, None)),
        Figure::share("complete", (s.n("complete"), Some("complete")), (s.n("weighed"), Some("weighed"))),
        Figure::each("files_each", s.n("files"), (s.n("sent"), Some("sent"))),
        Figure {
            unit: Unit::Bytes,
            behind: Some("shared_bytes"),
            ..Figure::count("shared_bytes", s.n("shared_bytes"), None)
        },
        Figure::middle("entry_from_consult", Unit::Seconds, s, "entry.from_consult"),
        Figure::middle("entry_known_patient", Unit::Seconds, s, "entry.known_patient"),
        Figure::middle("entry_new_patient", Unit::Seconds, s, "entry.new_patient"),
        Figure::middle("keys_from_consult", Unit::Count, s, "keys.from_consult"),
        Figure::middle("keys_known_patient", Unit::Count, s, "keys.known_patient"),
        Figure::middle("keys_new_patient", Unit::Count, s, "keys.new_patient"),
        Figure::middle("clicks_from_consult", Unit::Count, s, "clicks.from_consult"),
        Figure::middle("clicks_known_patient", Unit::Count, s, "clicks.known_patient"),
        Figure::middle("clicks_new_patient", Unit::Count, s, "clicks.new_patient"),
        Figure::middle("wall_from_consult", Unit::Seconds, s, "wall.from_consult"),
        Figure::middle("wall_known_patient", Unit::Seconds, s, "wall.known_patient"),
        Figure::middle("wall_new_patient", Unit::Seconds, s, "wall.new_patient"),
        Figure::middle("prefilled_from_consult", Unit::Count, s, "prefilled.from_consult"),
        Figure::middle("prefilled_known_patient", Unit::Count, s, "prefilled.known_patient"),
        Figure::middle("prefilled_new_patient", Unit::Count, s, "prefilled.new_patient"),
        Figure::middle("edited_from_consult", Unit::Count, s, "edited.from_consult"),
        Figure::middle("edited_known_patient", Unit::Count, s, "edited.known_patient"),
        Figure::middle("edited_new_patient", Unit::Count, s, "edited.new_patient"),
        Figure::middle("report_time", Unit::Seconds, s, "report"),
    ]
}

fn consults(s: &Sums) -> Vec<Figure> {
    let whole = (s.n("consult"), Some("consult"));
    let opinions = (s.n("opinion"), Some("opinion"));
    let adopted = |key, how: &'static str, behind| {
        Figure::share(key, (s.under("adopted", how), behind), (s.n("adopted"), Some("adopted")))
    };
    vec![
        Figure::count("consults", whole.0, whole.1),
        Figure::share("consult_answered", (s.n("consult_answered"), Some("consult_answered")), whole),
        Figure::share("consult_missed", (s.n("consult_missed"), Some("consult_missed")), whole),
        Figure::middle("ring_median", Unit::Seconds, s, "ring"),
        Figure::count("calls", s.n("call"), Some("call")),
        Figure::each("call_minutes_each", s.n("call_minutes"), (s.n("call"), Some("call"))),
        Figure::share(
            "call_dropped",
            (s.n("call_dropped"), Some("call_dropped")),
            (s.n("call"), Some("call")),
        ),
        Figure::tenths("first_media_median", s, "setup"),
        Figure::share("voice_only", (s.n("voice_only"), None), (s.n("seated"), None)),
        Figure::share("opinion_confirmed", (s.n("opinion_confirmed"), Some("opinion_confirmed")), opinions),
        adopted("adopted_full", "full", Some("adopted=full")),
        adopted("adopted_partial", "partial", Some("adopted=partial")),
        adopted("adopted_no", "no", Some("adopted=no")),
        Figure::count("opinion_unread", s.n("opinion_unread"), Some("opinion_unread")),
        Figure::share("consult_referred", (s.n("consult_referred"), Some("consult_referred")), whole),
        Figure::share(
            "stays",
            (s.n("stays"), Some("stays")),
            (s.n("consult_closed"), Some("consult_closed")),
        ),
        Figure::share("avoided", (s.n("avoided"), Some("avoided")), (s.n("stays"), Some("stays"))),
    ]
}

/// The classes of the histogram of answers: the class holds what is below its end, in minutes;
/// the last one holds the rest.
pub const CLASSES: [i64; 7] = [5, 15, 30, 60, 120, 480, 1440];

/// How many answers lie in each class.
pub fn histogram(spread: &[(i64, i64)]) -> Vec<i64> {
    let mut classes = vec![0; CLASSES.len() + 1];
    for (minutes, n) in spread {
        let class = CLASSES.iter().position(|end| minutes < end).unwrap_or(CLASSES.len());
        classes[class] += n;
    }
    classes
}
