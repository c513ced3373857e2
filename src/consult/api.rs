//! The consult's addresses under `/api/v1`. Bodies in, views out, errors to problems.

use axum::{
    extract::{FromRef, State},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    Error, around,
    commands::{self, Ask},
    form::{Body, DraftForm},
    lists::{self, Pile},
    model::Consult,
    rings,
    state::{Action, Refusal},
    talk::{self, Words},
    view,
};
use crate::{
    auth::{Principal, policy::Denied},
    ctx::Ctx,
    http::{
        Door, Doors, IdempotencyKey, IfMatch, Json, Once, Paged, Path, Problem, Query, RequestId,
        StoredAnswer, Tagged, codes,
    },
    kernel::{ConsultId, Page, PatientId, UserId},
    store::WriteTx,
};

/// The consult's routes. Paths are listed here and nowhere else; `…/actions/escalate`
/// belongs to the referral room, which makes what comes of it.
#[expect(clippy::too_many_lines, reason = "a list of doors")]
pub fn doors<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
{
    Doors::of("consults")
        .get(
            "/consults",
            list,
            Door::new("list_consults", "Consults: mine, waiting for me, of today, or of one patient.")
                .query::<ListAsk>()
                .answers_pages::<view::ConsultBrief>()
                .refuses(&[&codes::INVALID_FIELD]),
        )
        .post(
            "/consults",
            create,
            Door::new("begin_consult", "Begins a consult: a draft of its author.")
                .once()
                .takes::<DraftForm>()
                .answers_record::<view::ConsultView>(201),
        )
        .get(
            "/consults/{id}",
            show,
            Door::new("show_consult", "One consult, as the caller may see it.")
                .part::<ConsultId>("id")
                .answers_record::<view::ConsultView>(200),
        )
        .patch(
            "/consults/{id}",
            edit,
            Door::new("edit_consult", "Writes in a draft; what is not named stays.")
                .part::<ConsultId>("id")
                .seen()
                .takes::<DraftForm>()
                .answers_record::<view::ConsultView>(200)
                .refuses(&[&codes::WRONG_STATE]),
        )
        .post(
            "/consults/{id}/actions/{action}",
            act,
            Door::new(
                "act_on_consult",
                "Takes one step of the workflow; `open_actions` says which are open.",
            )
            .part::<ConsultId>("id")
            .part::<Action>("action")
            .seen()
            .once()
            .takes::<Body>()
            .answers_record::<view::ConsultView>(200)
            .refuses(&[&codes::WRONG_STATE]),
        )
        .get(
            "/consults/{id}/messages",
            messages,
            Door::new("list_messages", "The latest of what was said in a consult, oldest first; the next page is what was said before.")
                .part::<ConsultId>("id")
                .answers_pages::<view::MessageView>(),
        )
        .post(
            "/consults/{id}/messages",
            say,
            Door::new("say", "Says something in a consult.")
                .part::<ConsultId>("id")
                .once()
                .takes::<Said>()
                .answers::<view::MessageView>(201)
                .refuses(&[&codes::WRONG_STATE]),
        )
        .get(
            "/consults/{id}/history",
            history,
            Door::new("consult_history", "What happened to a consult, oldest first.")
                .part::<ConsultId>("id")
                .answers_pages::<view::HistoryView>(),
        )
        .post(
            "/consults/{id}/participants",
            ask_in,
            Door::new(
                "ask_in",
                "Asks a colleague into a call under way: the record opens to them, and they are rung.",
            )
            .part::<ConsultId>("id")
            .once()
            .takes::<Colleague>()
            .answers_record::<view::ConsultView>(201)
            .refuses(&[&codes::WRONG_STATE]),
        )
}

async fn create(
    State(ctx): State<Ctx>,
    who: Principal,
    IdempotencyKey(key): IdempotencyKey,
    Json { value: form, bytes }: Json<DraftForm>,
) -> Result<Response, Problem> {
    let now = ctx.clock.now();
    let once = Once::new(who.user, &key, "POST /consults", &bytes);
    let mut tx = ctx.db.write("consult.create").await?;
    if let Err(again) = once.claim(&ctx, &mut tx, now).await? {
        return Ok(again.respond()?.into_response());
    }
    let consult = commands::create(&ctx, &mut tx, &who, &form, now).await?;
    let answer = answer(&ctx, &mut tx, &who, &consult, 201).await?;
    once.keep(&ctx, &mut tx, &answer).await?;
    tx.commit().await?;
    tracing::info!(consult.id = %consult.id, facility.id = %consult.from_facility, "Consult begun");
    Ok(answer.into_response())
}

async fn edit(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<ConsultId>,
    IfMatch(seen): IfMatch,
    Json { value: form, .. }: Json<DraftForm>,
) -> Result<Response, Problem> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.write("consult.edit").await?;
    let consult = commands::edit(&ctx, &mut tx, &who, (id, seen), &form, now).await?;
    let answer = answer(&ctx, &mut tx, &who, &consult, 200).await?;
    tx.commit().await?;
    Ok(answer.into_response())
}

/// `POST /consults/{id}/actions/{action}`: the one door for every change of a consult.
#[allow(clippy::too_many_arguments, reason = "every one is a part of the request")]
async fn act(
    State(ctx): State<Ctx>,
    who: Principal,
    RequestId(request): RequestId,
    Path((id, action)): Path<(ConsultId, String)>,
    IfMatch(seen): IfMatch,
    IdempotencyKey(key): IdempotencyKey,
    Json { value: body, bytes }: Json<Body>,
) -> Result<Response, Problem> {
    let now = ctx.clock.now();
    let once = Once::new(who.user, &key, &format!("POST /consults/{id}/actions/{action}"), &bytes);
    let mut tx = ctx.db.write("consult.act").await?;
    if let Err(again) = once.claim(&ctx, &mut tx, now).await? {
        return Ok(again.respond()?.into_response());
    }
    let request = Some(request).filter(|request| !request.is_empty());
    let ask = Ask { id, seen: Some(seen), action: &action, body: &body, request };
    let consult = match commands::act(&ctx, &mut tx, &who, ask, now).await {
        Ok(consult) => consult,
        Err(Error::Taken { by, at, open }) => {
            let by = around::person(&mut tx, by).await?;
            return Err(Problem::new(&codes::SOMEONE_WAS_FASTER)
                .with("by", by)
                .with("at", at)
                .with("open_actions", open));
        }
        Err(error) => return Err(error.into()),
    };
    let answer = answer(&ctx, &mut tx, &who, &consult, 200).await?;
    once.keep(&ctx, &mut tx, &answer).await?;
    tx.commit().await?;
    Ok(answer.into_response())
}

/// The record as the caller now sees it, fit to be kept for a repeated request.
async fn answer(
    ctx: &Ctx,
    tx: &mut WriteTx,
    who: &Principal,
    consult: &Consult,
    status: u16,
) -> Result<StoredAnswer, Error> {
    let parts = commands::parts_of(tx, who, consult, ctx.clock.now()).await?;
    let view = view::whole(ctx, tx, consult, &parts).await?;
    let body = serde_json::to_value(view).expect("a view is JSON");
    Ok(StoredAnswer { status, version: consult.version, body })
}

async fn show(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<ConsultId>,
) -> Result<Tagged<view::ConsultView>, Problem> {
    let mut tx = ctx.db.write("consult.read").await?;
    let (consult, parts) = commands::load_for(&mut tx, &who, id, ctx.clock.now()).await?;
    let view = view::whole(&ctx, &mut tx, &consult, &parts).await?;
    commands::read_by(&mut tx, &who, &consult, ctx.clock.now()).await?;
    tx.commit().await?;
    Ok(Tagged::ok(consult.version, view))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = ConsultsAsk)]
struct ListAsk {
    /// `mine`, `waiting`, `today` or `patient`.
    r#box: Option<String>,
    /// Whose, in the box of one patient.
    patient: Option<PatientId>,
}

async fn list(
    State(ctx): State<Ctx>,
    who: Principal,
    Query(asked): Query<ListAsk>,
    Query(paged): Query<Paged>,
) -> Result<axum::Json<Page<view::ConsultBrief>>, Problem> {
    let pile: Pile = match asked.r#box.as_deref() {
        None => Pile::Mine,
        Some(word) => word.parse().map_err(|_| Problem::field("box", "not_one_of_these"))?,
    };
    let ask = paged.ask(&ctx, format!("consults {pile} of {} {:?}", who.acting, asked.patient))?;
    Ok(axum::Json(lists::page(&ctx, &who, pile, asked.patient, &ask).await?))
}

#[derive(Deserialize, ToSchema)]
struct Colleague {
    user_id: UserId,
}

/// `POST /consults/{id}/participants`: asks a colleague into a call under way.
async fn ask_in(
    State(ctx): State<Ctx>,
    who: Principal,
    IdempotencyKey(key): IdempotencyKey,
    Path(id): Path<ConsultId>,
    Json { value: whom, bytes }: Json<Colleague>,
) -> Result<Response, Problem> {
    let now = ctx.clock.now();
    let once = Once::new(who.user, &key, &format!("POST /consults/{id}/participants"), &bytes);
    let mut tx = ctx.db.write("consult.invite").await?;
    if let Err(again) = once.claim(&ctx, &mut tx, now).await? {
        return Ok(again.respond()?.into_response());
    }
    let consult = rings::invite(&ctx, &mut tx, &who, (id, whom.user_id), now).await?;
    let answer = answer(&ctx, &mut tx, &who, &consult, 201).await?;
    once.keep(&ctx, &mut tx, &answer).await?;
    tx.commit().await?;
    Ok(answer.into_response())
}

#[derive(Deserialize, ToSchema)]
#[schema(as = NewMessage)]
struct Said {
    body: String,
    client_msg_id: Option<String>,
}

async fn say(
    State(ctx): State<Ctx>,
    who: Principal,
    IdempotencyKey(key): IdempotencyKey,
    Path(id): Path<ConsultId>,
    Json { value: said, .. }: Json<Said>,
) -> Result<Response, Problem> {
    let mut tx = ctx.db.write("consult.message").await?;
    let own_key = said.client_msg_id.as_deref().unwrap_or(&key);
    let view = talk::say(&ctx, &mut tx, &who, id, Words::Text(&said.body), Some(own_key)).await?;
    tx.commit().await?;
    Ok((axum::http::StatusCode::CREATED, axum::Json(view)).into_response())
}

async fn messages(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<ConsultId>,
    Query(paged): Query<Paged>,
) -> Result<axum::Json<Page<view::MessageView>>, Problem> {
    let ask = paged.ask(&ctx, format!("messages of {id}"))?;
    Ok(axum::Json(talk::messages(&ctx, &who, id, &ask).await?))
}

async fn history(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<ConsultId>,
    Query(paged): Query<Paged>,
) -> Result<axum::Json<Page<view::HistoryView>>, Problem> {
    let ask = paged.ask(&ctx, format!("history of {id}"))?;
    let mut tx = ctx.db.read().await?;
    commands::load_for(&mut tx, &who, id, ctx.clock.now()).await?;
    Ok(axum::Json(view::history(&mut tx, id, &ask).await?))
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(_) | Error::NotAllowed(Denied::Stranger) => Self::not_found("consult"),
            Error::NotAllowed(Denied::NotClinical) => {
                Self::new(&codes::FORBIDDEN).with("why_code", "not_clinical")
            }
            Error::AuthorOnly => Self::new(&codes::FORBIDDEN).with("why_code", "author_only"),
            Error::Refused(Refusal::WrongState { from, action, open }) => Self::new(&codes::WRONG_STATE)
                .with("state", from)
                .with("action", action)
                .with("open_actions", open),
            Error::Refused(Refusal::WrongActor { action, actors }) => {
                Self::new(&codes::FORBIDDEN).with("action", action).with("actors", actors)
            }
            Error::UnknownAction { open } => {
                Self::new(&codes::WRONG_STATE).with("why_code", "unknown_action").with("open_actions", open)
            }
            Error::Hindered { action, why, open } => Self::new(&codes::WRONG_STATE)
                .with("action", action)
                .with("why_code", why)
                .with("open_actions", open),
            // The door that knows names says who.
            Error::Taken { at, open, .. } => {
                Self::new(&codes::SOMEONE_WAS_FASTER).with("at", at).with("open_actions", open)
            }
            Error::Over { open } => Self::new(&codes::WRONG_STATE).with("open_actions", open),
            Error::Stale { version } => Self::new(&codes::STALE).with("version", version),
            Error::Invalid(errors) => Self::fields(errors),
            Error::Store(fault) => Self::our_fault(fault),
        }
    }
}
