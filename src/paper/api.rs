//! The papers' routes. Paths are listed here and nowhere else.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::{
    Extension,
    extract::{ConnectInfo, FromRef, State as Shared},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Press,
    commands::{self, Kind, MOST, Order, PaperStanding, Printed, Told, Wanted},
    error::Error,
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    http::{Door, Doors, Json, Path, Problem, Query, codes},
    kernel::{ConsultId, Lang, ReferralId, Timestamp},
    stats,
};

const PDF: &str = "application/pdf";
/// As much as the browser's own viewer needs, as for files.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'";

/// The papers' routes.
pub fn doors<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
    Arc<Press>: FromRef<S>,
{
    let letters = Doors::of("referrals")
        .get(
            "/referrals/{id}/letter",
            letter,
            Door::new(
                "print_letter",
                "The letter out (转出单) or back (回转单) as PDF, to be shown; the reading is journaled.",
            )
            .part::<ReferralId>("id")
            .query::<Asking>()
            .query::<Ready>()
            .answers_nothing(204)
            .answers_bytes(200, &[PDF], &["Content-Disposition"])
            .refuses(&[&codes::WRONG_STATE, &codes::NO_GLYPH]),
        )
        .get(
            "/referrals/letters",
            letters,
            Door::new(
                "print_letters",
                "Several letters as one PDF, each beginning with page 1, in the order of `ids`; all or none.",
            )
            .query::<AskingMany>()
            .query::<Ready>()
            .answers_nothing(204)
            .answers_bytes(200, &[PDF], &["Content-Disposition"])
            .refuses(&[&codes::NOT_FOUND, &codes::WRONG_STATE, &codes::NO_GLYPH]),
        );
    let check = Doors::of("papers").post(
        "/papers/check",
        check,
        Door::new("check_paper", "What a printed paper is worth today, by the code on it.")
            .open()
            .takes::<CodeForm>()
            .answers::<PaperCheck>(200)
            .refuses(&[&codes::NOT_FOUND, &codes::SLOW_DOWN]),
    );
    let opinion = Doors::of("consults").get(
        "/consults/{id}/opinion/paper",
        opinion,
        Door::new(
            "print_opinion",
            "The signed opinion of a consult as PDF, to be shown; the reading is journaled.",
        )
        .part::<ConsultId>("id")
        .query::<AskingOpinion>()
        .query::<Ready>()
        .answers_nothing(204)
        .answers_bytes(200, &[PDF], &["Content-Disposition"])
        .refuses(&[&codes::WRONG_STATE, &codes::NO_GLYPH]),
    );
    let report = Doors::of("statistics").get(
        "/statistics/paper",
        report,
        Door::new("print_statistics", "The report of a period as PDF; who took it is in the journal.")
            .query::<stats::Asking>()
            .query::<Ready>()
            .answers_nothing(204)
            .answers_bytes(200, &[PDF], &["Content-Disposition"])
            .refuses(&[&codes::NO_GLYPH]),
    );
    letters.and(opinion).and(report).and(check)
}

/// How a letter is wanted.
#[derive(Debug, Deserialize, ToSchema)]
struct Asking {
    /// `out` or `back`; `out` if nothing is said.
    kind: Option<String>,
    /// `zh` or `en`: the language of the labels; `zh` if nothing is said.
    lang: Option<String>,
}

/// Which letters are wanted.
#[derive(Debug, Deserialize, ToSchema)]
struct AskingMany {
    /// Up to 60 referrals, parted by commas.
    ids: String,
    /// `out` or `back`; `out` if nothing is said.
    kind: Option<String>,
    /// `zh` or `en`: the language of the labels; `zh` if nothing is said.
    lang: Option<String>,
}

/// How an opinion is wanted.
#[derive(Debug, Deserialize, ToSchema)]
struct AskingOpinion {
    /// Which version; the one that holds now if nothing is said.
    version: Option<i64>,
    /// `zh` or `en`: the language of the labels; `zh` if nothing is said.
    lang: Option<String>,
}

/// Asked by a page before it opens a tab: a refusal is said there, not in an empty tab.
#[derive(Debug, Deserialize, ToSchema)]
struct Ready {
    /// `true`: only whether it can be printed. Nothing is printed and nothing kept of the question.
    ready: Option<bool>,
}

impl Ready {
    fn is_asked(&self) -> bool {
        self.ready == Some(true)
    }
}

/// The code on a paper.
#[derive(Debug, Deserialize, ToSchema)]
struct CodeForm {
    /// Sixteen signs, with or without dashes.
    code: String,
}

/// What a stranger is told of a paper. No word of it, and of the patient the initials only.
#[derive(Debug, Serialize, ToSchema)]
struct PaperCheck {
    /// How it stands.
    standing: PaperStanding,
    /// Which form it is.
    kind: Kind,
    /// Its number.
    no: String,
    /// When it was sent or signed.
    date: Option<Timestamp>,
    /// From which house.
    from: String,
    /// To which house.
    to: String,
    /// The patient's initials.
    initials: String,
    /// When this content was printed first.
    printed_at: Timestamp,
}

fn kind(said: Option<&str>) -> Result<Kind, Problem> {
    match said {
        None | Some("out") => Ok(Kind::Out),
        Some("back") => Ok(Kind::Back),
        Some(_) => Err(Problem::field("kind", "not_one_of_these")),
    }
}

fn lang(said: Option<&str>) -> Result<Lang, Problem> {
    match said {
        None | Some("zh") => Ok(Lang::Zh),
        Some("en") => Ok(Lang::En),
        Some(_) => Err(Problem::field("lang", "not_one_of_these")),
    }
}

/// Where the person who prints reaches this server: what the settings say, else what his browser says.
fn origin(press: &Press, headers: &HeaderMap, uri: &Uri) -> String {
    if let Some(origin) = &press.origin {
        return origin.clone();
    }
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = uri.authority().map(axum::http::uri::Authority::as_str).or(named).unwrap_or("localhost");
    let plain = |c: char| c.is_ascii_alphanumeric() || ".:-[]".contains(c);
    let host = if host.len() <= 255 && host.chars().all(plain) { host } else { "localhost" };
    format!("https://{host}")
}

/// `GET /api/v1/referrals/{id}/letter?kind&lang`
async fn letter(
    (Shared(ctx), Shared(press)): (Shared<Ctx>, Shared<Arc<Press>>),
    who: Principal,
    Path(id): Path<ReferralId>,
    (Query(asking), Query(ready)): (Query<Asking>, Query<Ready>),
    (uri, headers): (Uri, HeaderMap),
) -> Result<Response, Problem> {
    let kind = kind(asking.kind.as_deref())?;
    let order = Order { lang: lang(asking.lang.as_deref())?, origin: origin(&press, &headers, &uri) };
    papers((&ctx, &press, &who), Wanted::Letters(&[id], kind), &order, &ready).await
}

/// The papers, or whether they would be printed.
async fn papers(
    (ctx, press, who): (&Ctx, &Arc<Press>, &Principal),
    wanted: Wanted<'_>,
    order: &Order,
    ready: &Ready,
) -> Result<Response, Problem> {
    if ready.is_asked() {
        commands::ready(ctx, press, who, wanted, order).await?;
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(shown(commands::papers(ctx, press, who, wanted, order).await?))
}

/// `GET /api/v1/referrals/letters?ids&kind&lang`
async fn letters(
    (Shared(ctx), Shared(press)): (Shared<Ctx>, Shared<Arc<Press>>),
    who: Principal,
    (Query(asking), Query(ready)): (Query<AskingMany>, Query<Ready>),
    (uri, headers): (Uri, HeaderMap),
) -> Result<Response, Problem> {
    let kind = kind(asking.kind.as_deref())?;
    let order = Order { lang: lang(asking.lang.as_deref())?, origin: origin(&press, &headers, &uri) };
    let ids: Result<Vec<ReferralId>, _> =
        asking.ids.split(',').filter(|id| !id.is_empty()).take(MOST + 1).map(str::parse).collect();
    let ids = ids.map_err(|_| Problem::field("ids", "not_right"))?;
    if ids.is_empty() {
        return Err(Problem::field("ids", "required"));
    }
    papers((&ctx, &press, &who), Wanted::Letters(&ids, kind), &order, &ready).await
}

/// `GET /api/v1/consults/{id}/opinion/paper?version&lang`
async fn opinion(
    (Shared(ctx), Shared(press)): (Shared<Ctx>, Shared<Arc<Press>>),
    who: Principal,
    Path(id): Path<ConsultId>,
    (Query(asking), Query(ready)): (Query<AskingOpinion>, Query<Ready>),
    (uri, headers): (Uri, HeaderMap),
) -> Result<Response, Problem> {
    let order = Order { lang: lang(asking.lang.as_deref())?, origin: origin(&press, &headers, &uri) };
    papers((&ctx, &press, &who), Wanted::Opinion(id, asking.version), &order, &ready).await
}

/// `GET /api/v1/statistics/paper?from&to&…&lang`
async fn report(
    (Shared(ctx), Shared(press)): (Shared<Ctx>, Shared<Arc<Press>>),
    who: Principal,
    (Query(asking), Query(ready)): (Query<stats::Asking>, Query<Ready>),
) -> Result<Response, Problem> {
    let (wanted, how) = (asking.wanted()?, (asking.lang(), asking.seconds));
    if ready.is_asked() {
        // Whose figures these are is asked of the statistics; names of places have common letters.
        stats::shown(&ctx, &who, &wanted).await?;
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(shown(commands::report(&ctx, &press, &who, &wanted, how).await?))
}

/// A file for the browser's own viewer.
fn shown(printed: Printed) -> Response {
    let headers = [
        (header::CONTENT_TYPE, PDF.to_owned()),
        (header::CONTENT_DISPOSITION, format!("inline; filename=\"{}\"", printed.name)),
        (header::CONTENT_SECURITY_POLICY, POLICY.to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, printed.bytes).into_response()
}

/// `POST /api/v1/papers/check`: for whoever holds a paper, signed in or not. The code travels in
/// the body: an address would be kept in the logs of whoever stands between.
async fn check(
    (Shared(ctx), Shared(press)): (Shared<Ctx>, Shared<Arc<Press>>),
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    Json { value, .. }: Json<CodeForm>,
) -> Result<axum::Json<PaperCheck>, Problem> {
    let address = peer.map(|Extension(ConnectInfo(peer))| peer.ip());
    if let Err(wait) = press.tries.one_more(address, ctx.clock.now()) {
        return Err(Problem::new(&codes::SLOW_DOWN).with("retry_after_s", wait.as_secs()));
    }
    let told = commands::check(&ctx, &value.code).await?.ok_or_else(|| Problem::not_found("paper"))?;
    Ok(axum::Json(told.into()))
}

impl From<Told> for PaperCheck {
    fn from(told: Told) -> Self {
        let Told { standing, kind, no, date, from, to, initials, printed_at } = told;
        Self { standing, kind, no, date, from, to, initials, printed_at }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found("paper"),
            Error::Denied => Self::new(&codes::FORBIDDEN),
            Error::NotYet(why) => Self::new(&codes::WRONG_STATE).with("why_code", why),
            Error::Missing(letters) => {
                let each: Vec<_> =
                    letters.iter().map(|letter| format!("{letter} (U+{:04X})", u32::from(*letter))).collect();
                Self::new(&codes::NO_GLYPH).with("letters", each)
            }
            Error::TooMany(most) => Self::field("ids", "too_many").with("max", most),
            Error::Broken(why) => {
                tracing::error!(%why, "A paper could not be put together");
                Self::new(&codes::INTERNAL)
            }
            Error::Referral(refusal) => refusal.into(),
            Error::Consult(refusal) => refusal.into(),
            Error::Stats(refusal) => refusal.into(),
            Error::Store(fault) => Self::our_fault(fault),
        }
    }
}
