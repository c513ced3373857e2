//! The doors to API tokens, for those who look after people.

use axum::{
    extract::{FromRef, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Error, Wanted};
use crate::{
    auth::{Principal, SCOPES, TokenLine},
    ctx::Ctx,
    http::{Door, Doors, Json, Paged, Path, Problem, Query, codes},
    kernel::{Line, Page, SessionId, UserId},
};

/// None of them takes a token: programs do not make tokens.
pub fn doors<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
{
    Doors::of("people")
        .get(
            "/admin/tokens",
            list,
            Door::new("list_tokens", "The API tokens of the people the caller looks after, dead ones too.")
                .people_only()
                .paged()
                .answers::<Tokens>(200),
        )
        .post(
            "/admin/tokens",
            make,
            Door::new(
                "make_token",
                "Makes an API token for a person; its text is in this answer and nowhere else.",
            )
            .people_only()
            .takes::<NewTokenForm>()
            .answers::<MadeToken>(201)
            .refuses(&[&codes::ALREADY_THERE, &codes::WRONG_STATE, &codes::NOT_FOUND]),
        )
        .delete(
            "/admin/tokens/{id}",
            revoke,
            Door::new("revoke_token", "Revokes an API token.").people_only().answers_nothing(204),
        )
}

/// The tokens, and what one can be allowed.
#[derive(Serialize, ToSchema)]
struct Tokens {
    /// Newest first.
    items: Vec<TokenLine>,
    /// The cursor of the next page, if there is one.
    next: Option<String>,
    /// Every scope there is.
    scopes: Vec<String>,
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTokenForm {
    /// What the journal calls it, such as "HIS of Luwan".
    name: Line,
    /// As whom it acts.
    user: UserId,
    /// What it may do.
    scopes: Vec<String>,
    /// For how many days.
    #[schema(minimum = 1, maximum = 366)]
    days: i64,
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
struct MadeToken {
    /// As it stands in the list.
    line: TokenLine,
    /// What a program sends as `Authorization: Bearer …`; shown this once.
    token: String,
}

/// `GET /api/v1/admin/tokens`
async fn list(
    State(ctx): State<Ctx>,
    who: Principal,
    Query(page): Query<Paged>,
) -> Result<axum::Json<Tokens>, Problem> {
    let ask = page.ask(&ctx, format!("tokens seen by {}", who.user))?;
    let Page { items, next } = super::list(&ctx, &who, &ask).await?;
    let scopes = SCOPES.iter().map(|scope| (*scope).to_owned()).collect();
    Ok(axum::Json(Tokens { items, next, scopes }))
}

/// `POST /api/v1/admin/tokens`
async fn make(
    State(ctx): State<Ctx>,
    who: Principal,
    Json { value, .. }: Json<NewTokenForm>,
) -> Result<Response, Problem> {
    let NewTokenForm { name, user, scopes, days } = value;
    let (line, token) = super::make(&ctx, &who, Wanted { name, user, scopes, days }).await?;
    let made = MadeToken { line, token };
    Ok((StatusCode::CREATED, [("cache-control", "no-store")], axum::Json(made)).into_response())
}

/// `DELETE /api/v1/admin/tokens/{id}`
async fn revoke(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, Problem> {
    super::revoke(&ctx, &who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found("token"),
            Error::Person(why) => why.into(),
            Error::NameTaken => Self::new(&codes::ALREADY_THERE),
            Error::Fields(errors) => Self::fields(errors),
            Error::Store(fault) => Self::our_fault(fault),
        }
    }
}
