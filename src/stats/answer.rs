//! What the page of figures is sent.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    figures::Figure,
    hidden::Heading,
    page::{Against, May},
};
use crate::kernel::Timestamp;

/// Names of what is counted, for headings that are ids.
pub type Names = BTreeMap<String, String>;

/// All figures of a period.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Statistics {
    /// Of which days.
    pub period: Span,
    /// With what it is compared.
    pub against: Against,
    /// Those days.
    pub past: Span,
    /// Whose: `all`, `f:` and a facility, `d:` and a department, `u:` and a person.
    pub scope: String,
    /// True where small numbers are told.
    pub own_house: bool,
    /// How much of the journal is in it.
    pub counted: Counted,
    /// How long the oldest letter has waited for an answer, whenever it was sent.
    pub oldest_waiting_minutes: Option<i64>,
    /// The figures, in the order of the report.
    pub figures: Vec<Compared>,
    /// Counts under headings, the largest first.
    #[schema(value_type = BTreeMap<String, Vec<Heading>>)]
    pub headings: BTreeMap<&'static str, Vec<Heading>>,
    /// Letters over time.
    pub trend: Trend,
    /// What the ids of headings are called.
    pub names: AllNames,
    /// What else this person may see.
    pub may: May,
}

/// Some days, half open.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Span {
    /// The first day.
    pub from: String,
    /// The day after the last.
    pub to: String,
}

/// How much of the journal was counted.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Counted {
    /// The last entry.
    pub seq: i64,
    /// When it was written.
    pub at: Option<Timestamp>,
}

/// A figure beside what it was.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Compared {
    /// The figure.
    #[serde(flatten)]
    pub figure: Figure,
    /// What it was in the period it is compared with.
    pub before: Option<Past>,
}

/// What a figure was.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Past {
    /// What it came to.
    pub value: Option<f64>,
    /// How many it counted.
    pub n: Option<i64>,
    /// Out of how many.
    pub of: Option<i64>,
    /// Not told: too small a number of another house.
    pub hidden: bool,
    /// Not told: too few to take the middle of.
    pub few: bool,
}

impl From<&Figure> for Past {
    fn from(figure: &Figure) -> Self {
        Self { value: figure.value, n: figure.n, of: figure.of, hidden: figure.hidden, few: figure.few }
    }
}

/// Letters over time.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Trend {
    /// `day` or `month`.
    pub by: &'static str,
    /// One after the other, those without any among them.
    pub points: Vec<Point>,
}

/// Letters of one day or month; a number that is not told is missing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Point {
    /// Its first day.
    pub from: String,
    /// Up.
    pub up: Option<i64>,
    /// Down.
    pub down: Option<i64>,
    /// Between equals.
    pub peer: Option<i64>,
}

/// What ids are called.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AllNames {
    /// Facilities.
    pub facilities: Names,
    /// Departments, each with its facility in front.
    pub departments: Names,
}

/// One record behind a figure; no patient stands in it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Row {
    /// Which.
    pub id: String,
    /// What people call it.
    pub no: Option<String>,
    /// `referral`, `consult` or `export`.
    pub kind: &'static str,
    /// Who asks.
    pub from: Option<String>,
    /// Who is asked now.
    pub to: Option<String>,
    /// Up, down or peer.
    pub direction: String,
    /// How urgent.
    pub urgency: String,
    /// Where it stands.
    pub state: String,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// On which day it counts.
    pub day: String,
    /// Under which heading: a code, an id or a number.
    pub value: String,
    /// How much.
    pub n: i64,
}
