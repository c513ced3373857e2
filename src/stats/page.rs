//! The page of figures: for whom, of which period, compared with which, and what may be told.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    answer::{AllNames, Compared, Counted, Point, Span, Statistics, Trend},
    calendar::{self, Period},
    figures::{CLASSES, Figure, Members, figures, histogram},
    hidden::{self, Heading},
    store::{self, Whose},
    sums::{Filter, Sums},
};
use crate::{
    auth::{Principal, Role},
    ctx::Ctx,
    directory,
    kernel::{DepartmentId, FacilityId},
    referral::{Direction, Urgency},
    store::{Query, StoreError},
};

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not of this house, or not for this role.
    #[error("these figures are not for this person")]
    Denied,
    /// A field of the question is not right.
    #[error("{field}: {code}")]
    Field {
        /// Which.
        field: &'static str,
        /// What is wrong.
        code: &'static str,
    },
    /// The file could not be put together.
    #[error("the workbook could not be put together")]
    File,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// With what a period is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// The period of the same length just before.
    #[default]
    Before,
    /// The same days a year earlier.
    Year,
}

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// First day and the day after the last; the present month if nothing is said.
    pub dates: Option<(Date, Date)>,
    /// With what it is compared.
    pub against: Against,
    /// One facility.
    pub facility: Option<FacilityId>,
    /// One department.
    pub department: Option<DepartmentId>,
    /// One direction.
    pub direction: Option<Direction>,
    /// One urgency.
    pub urgency: Option<Urgency>,
}

/// Whose figures a person may see.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct May {
    /// The whole alliance's.
    pub all: bool,
    /// Whole houses'; these are their own, where small numbers are told.
    pub facilities: Vec<FacilityId>,
    /// Departments'.
    pub departments: Vec<DepartmentId>,
    /// One's own.
    pub own: bool,
}

/// Whose figures `who` may see.
pub fn may(who: &Principal, lead: Option<FacilityId>) -> May {
    let mut may = May { all: false, facilities: Vec::new(), departments: Vec::new(), own: false };
    for m in &who.memberships {
        match m.role {
            Role::AllianceAdmin | Role::Auditor => may.all = true,
            Role::FacilityAdmin => may.facilities.push(m.facility),
            // The desk that sends patients on for the alliance sees the alliance.
            Role::Coordinator => {
                may.facilities.push(m.facility);
                may.all |= lead == Some(m.facility);
            }
            Role::Specialist => {
                may.own = true;
                may.departments.extend(m.department);
            }
            Role::RuralDoctor => may.own = true,
        }
    }
    may.facilities.sort_unstable();
    may.facilities.dedup();
    may
}

/// What was asked, made out.
#[derive(Debug, Clone)]
pub struct Question {
    /// Of which days.
    pub period: Period,
    /// Compared with which.
    pub past: Period,
    /// Whose.
    pub whose: Whose,
    /// Which lines.
    pub filter: Filter,
    /// True where small numbers are told.
    pub own_house: bool,
}

/// Makes out what `who` asks for.
pub async fn question(
    ctx: &Ctx,
    tx: &mut impl Query,
    who: &Principal,
    wanted: &Wanted,
) -> Result<(Question, May), Error> {
    let may = may(who, directory::lead(tx).await?);
    let (whose, own_house) = whose(tx, who, &may, wanted).await?;
    let period = period(ctx, wanted)?;
    Ok((put(period, wanted, whose, own_house), may))
}

fn put(period: Period, wanted: &Wanted, whose: Whose, own_house: bool) -> Question {
    let past = match wanted.against {
        Against::Before => period.before(),
        Against::Year => period.year_before(),
    };
    let filter = Filter {
        direction: wanted.direction.map(|word| word.word().to_owned()),
        urgency: wanted.urgency.map(|word| word.word().to_owned()),
    };
    Question { period, past, whose, filter, own_house }
}

/// The longest period that can be asked for, in days: ten years.
const LONGEST: i64 = 3_660;

fn period(ctx: &Ctx, wanted: &Wanted) -> Result<Period, Error> {
    let Some((from, to)) = wanted.dates else { return Ok(Period::month_at(ctx.clock.now())) };
    let period = Period::between(from, to).ok_or(Error::Field { field: "to", code: "before_start" })?;
    if period.to - period.from > LONGEST {
        return Err(Error::Field { field: "to", code: "too_far" });
    }
    Ok(period)
}

async fn whose(
    tx: &mut impl Query,
    who: &Principal,
    may: &May,
    wanted: &Wanted,
) -> Result<(Whose, bool), Error> {
    if let Some(department) = wanted.department {
        let found = directory::department(tx, department).await?;
        let facility = found.ok_or(Error::Field { field: "department", code: "unknown" })?.facility.id;
        if wanted.facility.is_some_and(|wanted| wanted != facility) {
            return Err(Error::Field { field: "department", code: "other_house" });
        }
        let own = may.facilities.contains(&facility) || may.departments.contains(&department);
        return if own || may.all {
            Ok((Whose::Department(department.to_string()), own))
        } else {
            Err(Error::Denied)
        };
    }
    if let Some(facility) = wanted.facility {
        let own = may.facilities.contains(&facility);
        return if own || may.all {
            Ok((Whose::Facility(facility.to_string()), own))
        } else {
            Err(Error::Denied)
        };
    }
    if may.all {
        return Ok((Whose::All, false));
    }
    // The house one acts for comes first, then any other.
    let here = may.facilities.iter().find(|facility| **facility == who.acting);
    if let Some(facility) = here.or(may.facilities.first()) {
        return Ok((Whose::Facility(facility.to_string()), true));
    }
    if let Some(department) = may.departments.first() {
        return Ok((Whose::Department(department.to_string()), true));
    }
    if may.own { Ok((Whose::User(who.user.to_string()), true)) } else { Err(Error::Denied) }
}

/// What the figures of one period come to.
#[derive(Debug, Clone)]
pub struct Told {
    /// The figures.
    pub figures: Vec<Figure>,
    /// Counts under headings, by what they are the headings of.
    pub headings: BTreeMap<&'static str, Vec<Heading>>,
}

/// What is broken down, and under which name it is shown.
const BROKEN_DOWN: &[(&str, &str)] = &[
    ("reasons", "rejection"),
    ("rejecting_departments", "rejecting"),
    ("diagnoses", "diagnosis"),
    ("departments", "department"),
    ("senders", "sender"),
    ("flow", "flow"),
    ("missed_items", "missed_item"),
];

/// The figures of some days.
async fn told(
    tx: &mut impl Query,
    question: &Question,
    period: Period,
    places: &Places,
) -> Result<Told, StoreError> {
    let scope = question.whose.scope();
    let mut sums = Sums::default();
    for row in store::sums(tx, &scope, period.pieces()).await? {
        sums.take(&row, &question.filter);
    }
    let all = store::members(tx, calendar::begins(period.to)).await?;
    let members = Members { all, active: active(question, &sums, places) };
    let mut all = figures(&sums, members);
    if !question.own_house {
        all = all
            .into_iter()
            // How many houses there are is no secret.
            .map(|f| if f.key.ends_with("members") { f } else { hidden::figure(f) })
            .collect();
    }
    let open = |all: Vec<(String, i64)>| {
        if question.own_house { hidden::open(all) } else { hidden::headings(all) }
    };
    let mut headings: BTreeMap<&'static str, Vec<Heading>> =
        BROKEN_DOWN.iter().map(|(name, measure)| (*name, open(sums.headings(measure)))).collect();
    let classes = histogram(&sums.spread("response"));
    let class = |n: usize| CLASSES.get(n).map_or_else(|| "more".to_owned(), ToString::to_string);
    headings.insert("response", open(classes.into_iter().enumerate().map(|(n, c)| (class(n), c)).collect()));
    Ok(Told { figures: all, headings })
}

/// How many houses sent a letter or were asked.
fn active(question: &Question, sums: &Sums, places: &Places) -> i64 {
    let mut active: Vec<String> = Vec::new();
    for (way, _) in sums.headings("flow") {
        let Some((from, to)) = way.split_once('>') else { continue };
        active.push(from.to_owned());
        active.extend(places.houses.get(to).cloned());
    }
    active.sort_unstable();
    active.dedup();
    if let Whose::Facility(id) = &question.whose {
        active.retain(|facility| facility == id);
    }
    active.len() as i64
}

/// Letters by month, or by day where the period is short: up, down and peer.
async fn trend(tx: &mut impl Query, question: &Question) -> Result<Trend, StoreError> {
    let Period { from, to } = question.period;
    let by_day = to - from <= 62;
    let (by, first, last) = if by_day {
        ("day", from, to)
    } else {
        ("month", calendar::month_of(from), calendar::month_of(to - 1) + 1)
    };
    let scope = question.whose.scope();
    let rows: BTreeMap<i64, String> = store::rows(tx, &scope, by, first, last).await?.into_iter().collect();
    let mut points = Vec::new();
    for bucket in first..last {
        let mut sums = Sums::default();
        if let Some(row) = rows.get(&bucket) {
            let sent: Vec<&str> = row.lines().filter(|line| line.starts_with("sent\t")).collect();
            sums.take(&sent.join("\n"), &question.filter);
        }
        let day = if by_day { bucket } else { calendar::first_day(bucket) };
        let told = |direction| {
            let n = sums.going("sent", direction);
            (question.own_house || n == 0 || n >= hidden::TOLD).then_some(n)
        };
        points.push(Point {
            from: calendar::date(day).to_string(),
            up: told("up"),
            down: told("down"),
            peer: told("peer"),
        });
    }
    Ok(Trend { by, points })
}

/// Everything that a heading may name.
pub struct Places {
    /// What it is called.
    pub names: AllNames,
    /// The facility of each department.
    houses: BTreeMap<String, String>,
}

impl Places {
    /// Reads the directory.
    pub async fn read(tx: &mut impl Query) -> Result<Self, StoreError> {
        let facilities = directory::all_facilities(tx).await?;
        let departments = directory::all_departments(tx).await?;
        let house = |d: &directory::Department| (d.id.to_string(), d.facility.id.to_string());
        let houses = departments.iter().map(house).collect();
        let names = AllNames {
            facilities: facilities.into_iter().map(|f| (f.id.to_string(), f.name)).collect(),
            departments: departments
                .into_iter()
                .map(|d| (d.id.to_string(), format!("{} {}", d.facility.name, d.name)))
                .collect(),
        };
        Ok(Self { names, houses })
    }
}

/// The page as `who` may see it.
///
/// # Errors
/// `Denied` for figures of a house that is not theirs; `Field` for a period that is none.
pub async fn shown(ctx: &Ctx, who: &Principal, wanted: &Wanted) -> Result<Statistics, Error> {
    let mut tx = ctx.db.read().await?;
    let (question, may) = question(ctx, &mut tx, who, wanted).await?;
    answer(ctx, &mut tx, &question, wanted, may).await
}

/// The page as nobody sees it on a screen: the whole alliance with every small number. For
/// whoever runs the machine, and for the test that works it out again.
///
/// # Errors
/// As [`shown`].
pub async fn everything(ctx: &Ctx, wanted: &Wanted) -> Result<Statistics, Error> {
    let mut tx = ctx.db.read().await?;
    let whose = match (wanted.facility, wanted.department) {
        (_, Some(department)) => Whose::Department(department.to_string()),
        (Some(facility), None) => Whose::Facility(facility.to_string()),
        (None, None) => Whose::All,
    };
    let question = put(period(ctx, wanted)?, wanted, whose, true);
    let may = May { all: true, facilities: Vec::new(), departments: Vec::new(), own: false };
    answer(ctx, &mut tx, &question, wanted, may).await
}

async fn answer(
    ctx: &Ctx,
    tx: &mut impl Query,
    question: &Question,
    wanted: &Wanted,
    may: May,
) -> Result<Statistics, Error> {
    let places = Places::read(tx).await?;
    let now = told(tx, question, question.period, &places).await?;
    let past = told(tx, question, question.past, &places).await?;
    let before: BTreeMap<&str, &Figure> = past.figures.iter().map(|f| (f.key, f)).collect();
    let figures = now
        .figures
        .into_iter()
        .map(|figure| Compared { before: before.get(figure.key).map(|f| (*f).into()), figure })
        .collect();
    let (seq, at) = store::upto(tx).await?;
    let oldest = store::oldest_waiting(tx, &question.whose, &question.filter).await?;
    let now_at = ctx.clock.now();
    let span = |period: Period| Span {
        from: calendar::date(period.from).to_string(),
        to: calendar::date(period.to).to_string(),
    };
    Ok(Statistics {
        period: span(question.period),
        against: wanted.against,
        past: span(question.past),
        scope: question.whose.scope(),
        own_house: question.own_house,
        counted: Counted { seq, at },
        oldest_waiting_minutes: oldest.map(|at| now_at.since(at).as_millis() as i64 / 60_000),
        figures,
        headings: now.headings,
        trend: trend(tx, question).await?,
        names: places.names,
        may,
    })
}
