//! The doors to the programs that act as oneself: which, and out with one.

use axum::{
    extract::{FromRef, State},
    http::StatusCode,
};

use super::TokenLine;
use crate::{
    auth::Principal,
    ctx::Ctx,
    http::{Door, Doors, Paged, Path, Problem, Query},
    kernel::{Page, SessionId},
};

/// One's own: whoever looks after accounts makes them, the person sees them and may end them.
pub fn doors<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
{
    Doors::of("session")
        .get(
            "/session/tokens",
            list,
            Door::new("list_own_tokens", "The living API tokens that act as the caller.")
                .people_only()
                .answers_pages::<TokenLine>(),
        )
        .delete(
            "/session/tokens/{id}",
            revoke,
            Door::new("revoke_own_token", "Revokes an API token that acts as the caller.")
                .people_only()
                .answers_nothing(204),
        )
}

/// `GET /api/v1/session/tokens`
async fn list(
    State(ctx): State<Ctx>,
    who: Principal,
    Query(page): Query<Paged>,
) -> Result<axum::Json<Page<TokenLine>>, Problem> {
    let ask = page.ask(&ctx, format!("tokens as {}", who.user))?;
    Ok(axum::Json(super::own(&ctx, &who, &ask).await?))
}

/// `DELETE /api/v1/session/tokens/{id}`
async fn revoke(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, Problem> {
    match super::revoke_own(&ctx, &who, id).await {
        Ok(true) => Ok(StatusCode::NO_CONTENT),
        Ok(false) => Err(Problem::not_found("token")),
        Err(fault) => Err(Problem::our_fault(fault)),
    }
}
