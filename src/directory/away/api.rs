//! The doors to absences.

use axum::{
    extract::{FromRef, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::commands::{self, Absence, AbsenceForm, Error};
use crate::{
    auth::Principal,
    ctx::Ctx,
    http::{Door, Doors, IdempotencyKey, Json, Once, Path, Problem, Query, StoredAnswer, codes},
    kernel::{AbsenceId, Page, UserId},
};

/// The routes.
pub fn doors<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
{
    Doors::of("absences")
        .get(
            "/absences",
            list,
            Door::new(
                "list_absences",
                "When a person is away: the caller, or somebody the caller looks after.",
            )
            .people_only()
            .query::<AbsencesAsk>()
            .answers_list::<Absence>()
            .refuses(&[&codes::NOT_FOUND]),
        )
        .post(
            "/absences",
            add,
            Door::new("add_absence", "Says that a person is away: not rung and not on call meanwhile.")
                .people_only()
                .once()
                .takes::<AbsenceForm>()
                .answers::<Absence>(201)
                .refuses(&[&codes::NOT_FOUND]),
        )
        .delete(
            "/absences/{id}",
            remove,
            Door::new("remove_absence", "Takes an absence back.")
                .people_only()
                .part::<AbsenceId>("id")
                .answers_nothing(204),
        )
}

#[derive(Deserialize, ToSchema)]
struct AbsencesAsk {
    /// Whose; the caller's own if nobody is named.
    user: Option<UserId>,
}

async fn list(
    State(ctx): State<Ctx>,
    who: Principal,
    Query(ask): Query<AbsencesAsk>,
) -> Result<axum::Json<Page<Absence>>, Problem> {
    let found = commands::of(&ctx, &who, ask.user.unwrap_or(who.user)).await?;
    Ok(axum::Json(Page::whole(found)))
}

async fn add(
    State(ctx): State<Ctx>,
    who: Principal,
    IdempotencyKey(key): IdempotencyKey,
    Json { value: form, bytes }: Json<AbsenceForm>,
) -> Result<Response, Problem> {
    let once = Once::new(who.user, &key, "POST /absences", &bytes);
    let mut tx = ctx.db.write("absence.add").await?;
    if let Err(again) = once.claim(&ctx, &mut tx, ctx.clock.now()).await? {
        return Ok(again.respond()?.into_response());
    }
    let absence = commands::add(&ctx, &mut tx, &who, &form).await?;
    let body = serde_json::to_value(&absence).expect("our own nouns are JSON");
    let answer = StoredAnswer { status: 201, version: 1, body };
    once.keep(&ctx, &mut tx, &answer).await?;
    tx.commit().await?;
    Ok(answer.into_response())
}

async fn remove(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<AbsenceId>,
) -> Result<StatusCode, Problem> {
    let mut tx = ctx.db.write("absence.remove").await?;
    commands::remove(&ctx, &mut tx, &who, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found("absence"),
            Error::Field(field) => Self::fields(vec![field]),
            Error::Store(fault) => Self::our_fault(fault),
        }
    }
}
