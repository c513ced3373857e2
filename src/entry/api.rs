//! The doors to codes and phrases.

use axum::{
    extract::{FromRef, State},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    codes::Found,
    commands::{self, Error},
    model::{Phrase, Phrases},
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    http::{Door, Doors, Json, Path, Problem, Query, codes},
    kernel::{DepartmentId, Page},
};

/// Paths of the entry room.
pub fn doors<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
{
    Doors::of("entry")
        .get(
            "/codes/icd10",
            find,
            Door::new(
                "find_icd10",
                "Diagnoses by code, characters, pinyin or initials; without any, those written most.",
            )
            .people_only()
            .query::<Typed>()
            .answers_list::<Found>(),
        )
        .get(
            "/phrases",
            phrases,
            Door::new("show_phrases", "The phrases offered to whoever writes to a department.")
                .people_only()
                .query::<To>()
                .answers::<Phrases>(200)
                .refuses(&[&codes::NOT_FOUND]),
        )
        .put(
            "/phrases",
            keep_mine,
            Door::new("keep_own_phrases", "Keeps the caller's own phrases.")
                .people_only()
                .takes::<Kept>()
                .answers_nothing(204),
        )
        .put(
            "/departments/{id}/phrases",
            keep_theirs,
            Door::new("keep_department_phrases", "Keeps a department's phrases.")
                .people_only()
                .takes::<Kept>()
                .answers_nothing(204),
        )
}

/// What was typed.
#[derive(Deserialize, ToSchema)]
struct Typed {
    #[serde(default)]
    q: String,
}

/// Where the letter goes.
#[derive(Deserialize, ToSchema)]
struct To {
    department: Option<DepartmentId>,
}

/// Phrases to keep, in their order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeptPhrases)]
struct Kept {
    items: Vec<Phrase>,
}

/// `GET /api/v1/codes/icd10?q=`
async fn find(
    State(ctx): State<Ctx>,
    who: Principal,
    Query(Typed { q }): Query<Typed>,
) -> Result<axum::Json<Page<Found>>, Problem> {
    let short: String = q.chars().take(60).collect();
    let found = commands::search(&ctx, &who, &short).await.map_err(Error::Store)?;
    Ok(axum::Json(Page::whole(found)))
}

/// `GET /api/v1/phrases?department=`
async fn phrases(
    State(ctx): State<Ctx>,
    who: Principal,
    Query(To { department }): Query<To>,
) -> Result<axum::Json<Phrases>, Problem> {
    Ok(axum::Json(commands::phrases(&ctx, &who, department).await?))
}

/// `PUT /api/v1/phrases`
async fn keep_mine(
    State(ctx): State<Ctx>,
    who: Principal,
    Json { value, .. }: Json<Kept>,
) -> Result<StatusCode, Problem> {
    commands::keep_mine(&ctx, &who, &value.items).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /api/v1/departments/{id}/phrases`
async fn keep_theirs(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<DepartmentId>,
    Json { value, .. }: Json<Kept>,
) -> Result<StatusCode, Problem> {
    commands::keep_theirs(&ctx, &who, id, &value.items).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found("department"),
            Error::NotAllowed => Self::new(&codes::FORBIDDEN),
            Error::TooMany => Self::field("items", "too_many"),
            Error::Store(fault) => Self::our_fault(fault),
        }
    }
}
