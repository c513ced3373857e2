//! The statistics' routes. Paths are listed here and nowhere else.

use axum::{
    extract::{FromRef, State as Shared},
    http::header,
    response::{IntoResponse, Response},
};
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    answer::{Row, Statistics},
    behind::{self, Asked},
    commands,
    meaning::{MEANINGS, Meaning},
    page::{self, Against, Error, Wanted},
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    http::{Door, Doors, Paged, Problem, Query, codes},
    kernel::{DepartmentId, FacilityId, Lang, Page},
};

/// The statistics' routes.
pub fn doors<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
{
    Doors::of("statistics")
        .get(
            "/statistics",
            show,
            Door::new("show_statistics", "Every figure of a period, beside what it was before.")
                .query::<Asking>()
                .answers::<Statistics>(200),
        )
        .get(
            "/statistics/rows",
            rows,
            Door::new("rows_behind_a_figure", "The records that a figure counts, without patients.")
                .query::<Asking>()
                .answers_pages::<Row>(),
        )
        .get(
            "/statistics/export",
            export,
            Door::new("export_statistics", "The figures as a file; who took it is in the journal.")
                .query::<Asking>()
                .answers_bytes(200, &["text/csv", XLSX], &["Content-Disposition"]),
        )
        .get(
            "/statistics/definitions",
            definitions,
            Door::new("statistics_definitions", "What each figure means, in both languages.")
                .answers_list::<Meaning>(),
        )
}

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// What figures are asked for.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct Asking {
    /// First day, such as 2026-03-01; without it, the present month.
    from: Option<String>,
    /// The day after the last.
    to: Option<String>,
    /// `before` or `year`.
    against: Option<String>,
    /// One facility.
    facility: Option<FacilityId>,
    /// One department.
    department: Option<DepartmentId>,
    /// `up`, `down` or `peer`.
    direction: Option<String>,
    /// `emergency`, `urgent` or `routine`.
    urgency: Option<String>,
    /// Rows: what is counted, with `=value` for one heading.
    measure: Option<String>,
    /// Export: `csv` or `xlsx`.
    format: Option<String>,
    /// Export: `zh` or `en`.
    lang: Option<String>,
    /// Export: seconds since the statistics were opened.
    pub seconds: Option<i64>,
}

impl Asking {
    /// The question in our own terms.
    ///
    /// # Errors
    /// The field that is not right.
    pub fn wanted(&self) -> Result<Wanted, Problem> {
        let dates = match (self.from.as_deref(), self.to.as_deref()) {
            (None, None) => None,
            (from, to) => Some((date("from", from)?, date("to", to)?)),
        };
        let against = match self.against.as_deref() {
            None | Some("before") => Against::Before,
            Some("year") => Against::Year,
            Some(_) => return Err(Problem::field("against", "not_one_of_these")),
        };
        Ok(Wanted {
            dates,
            against,
            facility: self.facility,
            department: self.department,
            direction: word("direction", self.direction.as_deref())?,
            urgency: word("urgency", self.urgency.as_deref())?,
        })
    }

    /// The language of a file; Chinese if nothing is said.
    pub fn lang(&self) -> Lang {
        if self.lang.as_deref() == Some("en") { Lang::En } else { Lang::Zh }
    }
}

fn date(field: &'static str, said: Option<&str>) -> Result<Date, Problem> {
    let said = said.ok_or_else(|| Problem::field(field, "required"))?;
    let date: Date = said.parse().map_err(|_| Problem::field(field, "not_right"))?;
    // Nothing of ours is older than the year 2000 or younger than 2200.
    if (2000..2200).contains(&date.year()) { Ok(date) } else { Err(Problem::field(field, "not_right")) }
}

fn word<T: std::str::FromStr>(field: &'static str, said: Option<&str>) -> Result<Option<T>, Problem> {
    let said = said.filter(|said| !said.is_empty());
    said.map(|said| said.parse().map_err(|_| Problem::field(field, "not_one_of_these"))).transpose()
}

/// `GET /api/v1/statistics?from&to&against&facility&department&direction&urgency`
async fn show(
    Shared(ctx): Shared<Ctx>,
    who: Principal,
    Query(asking): Query<Asking>,
) -> Result<axum::Json<Statistics>, Problem> {
    Ok(axum::Json(page::shown(&ctx, &who, &asking.wanted()?).await?))
}

/// `GET /api/v1/statistics/rows?measure&…`: the records behind a figure.
async fn rows(
    Shared(ctx): Shared<Ctx>,
    who: Principal,
    Query(asking): Query<Asking>,
    Query(paged): Query<Paged>,
) -> Result<axum::Json<Page<Row>>, Problem> {
    let wanted = asking.wanted()?;
    let measure = asking.measure.ok_or_else(|| Problem::field("measure", "required"))?;
    let page = paged.ask(&ctx, format!("rows of {measure} {wanted:?} for {}", who.user))?;
    let asked = Asked { measure, page };
    Ok(axum::Json(behind::rows(&ctx, &who, &wanted, &asked).await?))
}

/// `GET /api/v1/statistics/export?format=csv|xlsx&lang&…`
async fn export(
    Shared(ctx): Shared<Ctx>,
    who: Principal,
    Query(asking): Query<Asking>,
) -> Result<Response, Problem> {
    let wanted = asking.wanted()?;
    let format = word("format", asking.format.as_deref())?.unwrap_or(commands::Format::Xlsx);
    let how = commands::How { format, lang: asking.lang(), seconds: asking.seconds };
    let (name, file) = commands::export(&ctx, &who, &wanted, how).await?;
    let headers = [
        (header::CONTENT_TYPE, file.mime.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, file.bytes).into_response())
}

/// `GET /api/v1/statistics/definitions`: what each figure means, in both languages.
async fn definitions(_who: Principal) -> axum::Json<Page<Meaning>> {
    axum::Json(Page::whole(MEANINGS.to_vec()))
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied => Self::new(&codes::FORBIDDEN),
            Error::Field { field, code } => Self::field(field, code),
            Error::File => Self::new(&codes::INTERNAL),
            Error::Store(fault) => Self::our_fault(fault),
        }
    }
}
