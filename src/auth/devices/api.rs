//! The doors to one's own sessions.

use axum::{
    extract::{FromRef, State},
    http::StatusCode,
};

use super::SessionView;
use crate::{
    auth::Principal,
    ctx::Ctx,
    http::{Door, Doors, Paged, Path, Problem, Query},
    journal::Actor,
    kernel::{Page, SessionId},
};

/// One's own signed-in browsers.
pub fn doors<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
{
    Doors::of("session")
        .get(
            "/sessions",
            list,
            Door::new("list_sessions", "The browsers in which the caller is signed in.")
                .people_only()
                .answers_pages::<SessionView>(),
        )
        .delete(
            "/sessions/{id}",
            end,
            Door::new("end_session", "Signs the caller out in another browser.")
                .people_only()
                .answers_nothing(204),
        )
}

/// `GET /api/v1/sessions`
async fn list(
    State(ctx): State<Ctx>,
    who: Principal,
    Query(page): Query<Paged>,
) -> Result<axum::Json<Page<SessionView>>, Problem> {
    let ask = page.ask(&ctx, format!("sessions of {}", who.user))?;
    Ok(axum::Json(super::own(&ctx, &who, &ask).await?))
}

/// `DELETE /api/v1/sessions/{id}`
async fn end(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, Problem> {
    let by = (Actor::User(who.user), Some(who.acting));
    if super::end(&ctx, by, who.user, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found("session"))
    }
}
