//! The doors of administration: people, their links and their sessions.

use axum::{
    extract::{FromRef, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    commands::{self, By, Error, Step, Wanted},
    model::{FirstSteps, NewStaff, StaffChange, StaffView, Standing},
    tokens,
};
use crate::{
    auth::{Principal, devices::SessionView},
    ctx::Ctx,
    http::{
        Door, Doors, IdempotencyKey, IfMatch, Json, Once, Paged, Path, Problem, Query, StoredAnswer, Tagged,
        codes,
    },
    kernel::{FacilityId, Page, SessionId, Timestamp, UserId},
};

/// None of them takes an API token: programs do not look after people.
pub fn doors<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
{
    Doors::of("people")
        .get(
            "/admin/first-steps",
            first_steps,
            Door::new("first_steps", "How far a fresh alliance has come.")
                .people_only()
                .answers::<FirstSteps>(200),
        )
        .get(
            "/admin/people",
            list,
            Door::new("list_people", "The people the caller looks after.")
                .people_only()
                .query::<Asked>()
                .answers_pages::<StaffView>(),
        )
        .post(
            "/admin/people",
            enter,
            Door::new("enter_person", "Enters a person, who sets a password by link.")
                .people_only()
                .once()
                .takes::<NewStaff>()
                .answers_record::<StaffView>(201),
        )
        .get(
            "/admin/people/{id}",
            show,
            Door::new("show_person", "One person.").people_only().answers_record::<StaffView>(200),
        )
        .patch(
            "/admin/people/{id}",
            edit,
            Door::new("edit_person", "Changes what a person is called and what they are where.")
                .people_only()
                .seen()
                .takes::<StaffChange>()
                .answers_record::<StaffView>(200)
                .refuses(&[&codes::LAST_ADMINISTRATOR, &codes::WRONG_STATE]),
        )
        .post(
            "/admin/people/{id}/password-link",
            hand_over,
            Door::new(
                "make_password_link",
                "Makes a one-time link for a person's password; the ones before are void.",
            )
            .people_only()
            .answers::<LinkView>(201)
            .refuses(&[&codes::WRONG_STATE]),
        )
        .post(
            "/admin/people/{id}/actions/suspend",
            suspend,
            step("suspend_person", "Closes an account; sessions, sockets and seats are over at once.")
                .refuses(&[&codes::LAST_ADMINISTRATOR]),
        )
        .post(
            "/admin/people/{id}/actions/reinstate",
            reinstate,
            step("reinstate_person", "Opens an account again."),
        )
        .get(
            "/admin/people/{id}/sessions",
            sessions,
            Door::new("list_sessions_of", "The browsers in which a person is signed in.")
                .people_only()
                .answers_pages::<SessionView>()
                .refuses(&[&codes::WRONG_STATE]),
        )
        .delete(
            "/admin/people/{id}/sessions/{session}",
            end_session,
            Door::new("end_session_of", "Signs a person out in one browser.")
                .people_only()
                .answers_nothing(204)
                .refuses(&[&codes::WRONG_STATE]),
        )
        .and(tokens::doors())
}

fn step(id: &'static str, says: &'static str) -> Door {
    Door::new(id, says)
        .people_only()
        .once()
        .seen()
        .answers_record::<StaffView>(200)
        .refuses(&[&codes::WRONG_STATE])
}

/// `GET /api/v1/admin/first-steps`
async fn first_steps(State(ctx): State<Ctx>, who: Principal) -> Result<axum::Json<FirstSteps>, Problem> {
    Ok(axum::Json(commands::first_steps(&ctx, &who).await?))
}

#[derive(Deserialize, ToSchema)]
struct Asked {
    q: Option<String>,
    facility: Option<FacilityId>,
    standing: Option<Standing>,
}

/// `GET /api/v1/admin/people`
async fn list(
    State(ctx): State<Ctx>,
    who: Principal,
    Query(asked): Query<Asked>,
    Query(page): Query<Paged>,
) -> Result<axum::Json<Page<StaffView>>, Problem> {
    let wanted = Wanted { q: asked.q, facility: asked.facility, standing: asked.standing };
    let ask = page.ask(&ctx, format!("people {wanted:?}"))?;
    Ok(axum::Json(commands::list(&ctx, &who, &wanted, &ask).await?))
}

/// `POST /api/v1/admin/people`
async fn enter(
    State(ctx): State<Ctx>,
    who: Principal,
    IdempotencyKey(key): IdempotencyKey,
    Json { value, bytes }: Json<NewStaff>,
) -> Result<StoredAnswer, Problem> {
    let once = Once::new(who.user, &key, "POST admin/people", &bytes);
    once_more(commands::enter(&ctx, &who, value, &once).await)
}

/// What was done before is answered as it was then.
fn once_more(done: Result<StoredAnswer, Error>) -> Result<StoredAnswer, Problem> {
    match done {
        Err(Error::NotAgain(again)) => again.respond(),
        done => Ok(done?),
    }
}

/// `GET /api/v1/admin/people/{id}`
async fn show(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<UserId>,
) -> Result<Tagged<StaffView>, Problem> {
    let view = commands::show(&ctx, &who, id).await?;
    Ok(Tagged::ok(view.version, view))
}

/// `PATCH /api/v1/admin/people/{id}`
async fn edit(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<UserId>,
    IfMatch(seen): IfMatch,
    Json { value, .. }: Json<StaffChange>,
) -> Result<Tagged<StaffView>, Problem> {
    let view = commands::edit(&ctx, &who, id, seen, value).await?;
    Ok(Tagged::ok(view.version, view))
}

/// A one-time link, shown this once. The page puts its own address in front.
#[derive(Serialize, ToSchema)]
struct LinkView {
    /// What stands behind the `#` of `/welcome#…`.
    token: String,
    /// Of no use from then on.
    expires_at: Timestamp,
}

/// `POST /api/v1/admin/people/{id}/password-link`
async fn hand_over(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<UserId>,
) -> Result<Response, Problem> {
    let link = commands::reset(&ctx, By::Person(&who), id).await?;
    let view = LinkView { token: link.token.reveal().to_owned(), expires_at: link.expires_at };
    Ok((StatusCode::CREATED, [("cache-control", "no-store")], axum::Json(view)).into_response())
}

/// `POST /api/v1/admin/people/{id}/actions/suspend`
async fn suspend(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<UserId>,
    IdempotencyKey(key): IdempotencyKey,
    IfMatch(seen): IfMatch,
) -> Result<StoredAnswer, Problem> {
    let once = Once::new(who.user, &key, &format!("POST admin/people/{id}/suspend"), b"");
    let step = Step { seen: Some(seen), once: Some(&once) };
    once_more(commands::suspend(&ctx, By::Person(&who), id, step).await)
}

/// `POST /api/v1/admin/people/{id}/actions/reinstate`
async fn reinstate(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<UserId>,
    IdempotencyKey(key): IdempotencyKey,
    IfMatch(seen): IfMatch,
) -> Result<StoredAnswer, Problem> {
    let once = Once::new(who.user, &key, &format!("POST admin/people/{id}/reinstate"), b"");
    let step = Step { seen: Some(seen), once: Some(&once) };
    once_more(commands::reinstate(&ctx, By::Person(&who), id, step).await)
}

/// `GET /api/v1/admin/people/{id}/sessions`
async fn sessions(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<UserId>,
    Query(page): Query<Paged>,
) -> Result<axum::Json<Page<SessionView>>, Problem> {
    let ask = page.ask(&ctx, format!("sessions of {id}"))?;
    Ok(axum::Json(commands::sessions(&ctx, &who, id, &ask).await?))
}

/// `DELETE /api/v1/admin/people/{id}/sessions/{session}`
async fn end_session(
    State(ctx): State<Ctx>,
    who: Principal,
    Path((id, session)): Path<(UserId, SessionId)>,
) -> Result<StatusCode, Problem> {
    commands::end_session(&ctx, &who, id, session).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found("person"),
            Error::NotAllowed => Self::new(&codes::FORBIDDEN),
            Error::LastAdministrator => Self::new(&codes::LAST_ADMINISTRATOR),
            Error::WrongState(standing) => Self::new(&codes::WRONG_STATE).with("state", standing),
            Error::Stale => Self::new(&codes::STALE),
            Error::Fields(errors) => Self::fields(errors),
            Error::NotAgain(again) => match again.respond() {
                Ok(_) => Self::new(&codes::IN_FLIGHT),
                Err(problem) => problem,
            },
            Error::Store(fault) => Self::our_fault(fault),
        }
    }
}
