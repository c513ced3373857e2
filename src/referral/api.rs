//! The referral's routes. Paths are listed here and nowhere else.

use axum::{
    extract::{FromRef, State as Shared},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    commands,
    desk::{self, Assigned, Pile, Tab, Wanted},
    error::Error,
    escalate, office, read, shapes,
    state::{Action, Refusal},
    story,
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    http::{
        Door, Doors, FieldError, IdempotencyKey, IfMatch, Json, Once, Paged, Path, Problem, Query, Tagged,
        codes,
    },
    kernel::{ConsultId, Page, PatientId, ReferralId},
};

/// The referral's routes.
pub fn doors<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
{
    Doors::of("referrals")
        .get(
            "/referrals",
            list,
            Door::new(
                "list_referrals",
                "A pile of referrals, most urgent first, with the count of each tab.",
            )
            .query::<shapes::ReferralsAsk>()
            .paged()
            .answers::<shapes::ReferralPile>(200)
            .refuses(&[&codes::INVALID_FIELD, &codes::NOT_FOUND]),
        )
        .post(
            "/referrals",
            create,
            Door::new("begin_referral", "Begins a referral: a draft of its author.")
                .once()
                .takes::<shapes::NewReferral>()
                .answers_record::<shapes::ReferralView>(201)
                .refuses(&[&codes::WRONG_STATE]),
        )
        .get(
            "/referrals/{id}",
            show,
            Door::new("show_referral", "One referral, as the caller may see it.")
                .part::<ReferralId>("id")
                .answers_record::<shapes::ReferralView>(200),
        )
        .patch(
            "/referrals/{id}",
            edit,
            Door::new("edit_referral", "Writes in a draft; what is not named stays.")
                .part::<ReferralId>("id")
                .seen()
                .takes::<shapes::ReferralPatch>()
                .answers_record::<shapes::ReferralView>(200)
                .refuses(&[&codes::WRONG_STATE]),
        )
        .get(
            "/referrals/{id}/history",
            history,
            Door::new("referral_history", "What happened to a referral, oldest first.")
                .part::<ReferralId>("id")
                .answers_pages::<shapes::ReferralHistoryItem>(),
        )
        .post(
            "/referrals/{id}/actions/{action}",
            act,
            Door::new(
                "act_on_referral",
                "Takes one step of the workflow; `open_actions` says which are open.",
            )
            .part::<ReferralId>("id")
            .part::<Action>("action")
            .seen()
            .once()
            .takes::<shapes::ReferralActionForm>()
            .answers_record::<shapes::ReferralActed>(200)
            .refuses(&[&codes::WRONG_STATE, &codes::INCOMPLETE]),
        )
        .and(beside())
        .and(office::doors())
}

/// Doors of other records that lead to referrals.
fn beside<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
{
    Doors::of("referrals")
        .get(
            "/patients/{id}/chains",
            chains,
            Door::new(
                "patient_chains",
                "Where a patient was sent, up and down: every letter of every story.",
            )
            .part::<PatientId>("id")
            .answers_list::<shapes::ChainLink>(),
        )
        // A referral comes of it, so this one step of a consult has its address here.
        .post(
            "/consults/{id}/actions/escalate",
            escalated,
            Door::new("escalate_consult", "Begins the referral that comes of a consult, files and all.")
                .part::<ConsultId>("id")
                .seen()
                .once()
                .takes::<shapes::EscalateForm>()
                .answers_record::<shapes::Escalated>(200)
                .refuses(&[&codes::WRONG_STATE]),
        )
}

/// What a list is asked for.
#[derive(Debug, Deserialize)]
struct Listed {
    r#box: Option<String>,
    tab: Option<String>,
    q: Option<String>,
    patient: Option<PatientId>,
    assigned: Option<String>,
}

/// `GET /api/v1/referrals?box=&tab=&q=&limit=&cursor=`
async fn list(
    Shared(ctx): Shared<Ctx>,
    who: Principal,
    Query(listed): Query<Listed>,
    Query(paged): Query<Paged>,
) -> Result<axum::Json<Value>, Problem> {
    let pile: Pile = match listed.r#box.as_deref() {
        None => Pile::Mine,
        Some(word) => word.parse().map_err(|_| Problem::field("box", "not_one_of_these"))?,
    };
    let tab: Option<Tab> = match listed.tab.as_deref().filter(|tab| *tab != "all") {
        None => None,
        Some(word) => Some(word.parse().map_err(|_| Problem::field("tab", "not_one_of_these"))?),
    };
    let assigned: Option<Assigned> = match listed.assigned.as_deref() {
        None => None,
        Some(word) => Some(word.parse().map_err(|_| Problem::field("assigned", "not_one_of_these"))?),
    };
    let wanted = Wanted { tab, assigned, q: listed.q, patient: listed.patient };
    let ask = paged.ask(&ctx, format!("referrals {pile} of {} {wanted:?}", who.acting))?;
    Ok(axum::Json(desk::pile(&ctx, &who, pile, &wanted, &ask).await?))
}

/// `POST /api/v1/referrals`
async fn create(
    Shared(ctx): Shared<Ctx>,
    who: Principal,
    IdempotencyKey(key): IdempotencyKey,
    Json { value, bytes }: Json<Map<String, Value>>,
) -> Result<Response, Problem> {
    let once = Once::new(who.user, &key, "POST /referrals", &bytes);
    Ok(commands::create(&ctx, &who, &value, &once).await?.into_response())
}

/// `GET /api/v1/referrals/{id}`
async fn show(
    Shared(ctx): Shared<Ctx>,
    who: Principal,
    Path(id): Path<ReferralId>,
) -> Result<Tagged<Value>, Problem> {
    let (version, body) = read::show(&ctx, &who, id).await?;
    Ok(Tagged::ok(version, body))
}

/// `PATCH /api/v1/referrals/{id}`
async fn edit(
    Shared(ctx): Shared<Ctx>,
    who: Principal,
    Path(id): Path<ReferralId>,
    IfMatch(seen): IfMatch,
    Json { value, .. }: Json<Map<String, Value>>,
) -> Result<Tagged<Value>, Problem> {
    let (version, body) = commands::write(&ctx, &who, id, seen, &value).await?;
    Ok(Tagged::ok(version, body))
}

/// `GET /api/v1/referrals/{id}/history`
async fn history(
    Shared(ctx): Shared<Ctx>,
    who: Principal,
    Path(id): Path<ReferralId>,
    Query(paged): Query<Paged>,
) -> Result<axum::Json<Page<Value>>, Problem> {
    let ask = paged.ask(&ctx, format!("history of {id}"))?;
    Ok(axum::Json(read::history(&ctx, &who, id, &ask).await?))
}

/// `POST /api/v1/referrals/{id}/actions/{action}`: the one door for every change of a
/// referral that was begun.
async fn act(
    Shared(ctx): Shared<Ctx>,
    who: Principal,
    Path((id, action)): Path<(ReferralId, String)>,
    IfMatch(seen): IfMatch,
    IdempotencyKey(key): IdempotencyKey,
    Json { value, bytes }: Json<Map<String, Value>>,
) -> Result<Response, Problem> {
    let once = Once::new(who.user, &key, &format!("POST /referrals/{id}/actions/{action}"), &bytes);
    Ok(commands::act(&ctx, &who, (id, seen), (&action, &value), &once).await?.into_response())
}

/// `GET /api/v1/patients/{id}/chains`
async fn chains(
    Shared(ctx): Shared<Ctx>,
    who: Principal,
    Path(id): Path<PatientId>,
) -> Result<axum::Json<Page<Value>>, Problem> {
    Ok(axum::Json(Page::whole(story::chains(&ctx, &who, id).await?)))
}

/// `POST /api/v1/consults/{id}/actions/escalate`
async fn escalated(
    Shared(ctx): Shared<Ctx>,
    who: Principal,
    Path(id): Path<ConsultId>,
    IfMatch(seen): IfMatch,
    IdempotencyKey(key): IdempotencyKey,
    Json { bytes, .. }: Json<Map<String, Value>>,
) -> Result<Response, Problem> {
    let once = Once::new(who.user, &key, &format!("POST /consults/{id}/actions/escalate"), &bytes);
    Ok(escalate::from_consult(&ctx, &who, id, seen, &once).await?.into_response())
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found("referral"),
            Error::Denied => Self::new(&codes::FORBIDDEN),
            Error::UnknownAction { open } => {
                Self::new(&codes::WRONG_STATE).with("why_code", "unknown_action").with("open_actions", open)
            }
            Error::Refused(Refusal::WrongState { from, action, open }) => Self::new(&codes::WRONG_STATE)
                .detail(format_args!("{action} is not open: the referral is {from}"))
                .with("state", from)
                .with("action", action)
                .with("open_actions", open),
            Error::Refused(Refusal::WrongActor { action, actors }) => {
                Self::new(&codes::FORBIDDEN).with("action", action).with("actors", actors)
            }
            Error::Shut { why, open } => {
                Self::new(&codes::WRONG_STATE).with("why_code", why).with("open_actions", open)
            }
            Error::Stale(faster) => Self::new(&codes::STALE)
                .with("version", faster.version)
                .with("state", faster.state)
                .with("action", faster.action)
                .with("by", faster.by)
                .with("at", faster.at)
                .with("open_actions", faster.open),
            Error::Behind { version } => Self::new(&codes::STALE).with("version", version),
            Error::Incomplete(missing) => Self::new(&codes::INCOMPLETE).with("missing", missing),
            Error::Form(wrong) => Self::fields(
                wrong
                    .into_iter()
                    .map(|wrong| FieldError { field: wrong.field, code: wrong.code.to_owned(), params: None })
                    .collect(),
            ),
            Error::Given(field) => Self::fields(vec![field]),
            Error::Again(_) => Self::new(&codes::IDEMPOTENCY_KEY_REUSED),
            Error::Consult(refusal) => (*refusal).into(),
            Error::Store(fault) => Self::our_fault(fault),
        }
    }
}
