//! The doors to what one has oneself: which, and out with one.

use axum::{
    extract::{FromRef, State},
    http::StatusCode,
};

use super::{Browsers, Own, Programs};
use crate::{
    auth::Principal,
    ctx::Ctx,
    http::{Door, Doors, Paged, Path, Problem, Query},
    kernel::{Page, SessionId},
};

/// One's own browsers and programs.
pub fn doors<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
{
    of::<S, Browsers>().and(of::<S, Programs>())
}

fn of<S, O>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
    O: Own,
{
    let door = |[id, says]: [&'static str; 2]| Door::new(id, says).people_only();
    Doors::of("session").get(O::PATH, list::<O>, door(O::LISTED).answers_pages::<O::Line>()).delete(
        &format!("{}/{{id}}", O::PATH),
        end::<O>,
        door(O::ENDED).answers_nothing(204),
    )
}

async fn list<O: Own>(
    State(ctx): State<Ctx>,
    who: Principal,
    Query(page): Query<Paged>,
) -> Result<axum::Json<Page<O::Line>>, Problem> {
    let ask = page.ask(&ctx, format!("{} of {}", O::PATH, who.user))?;
    Ok(axum::Json(O::page(&ctx, &who, &ask).await?))
}

async fn end<O: Own>(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, Problem> {
    if O::end(&ctx, &who, id).await? { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found(O::NOUN)) }
}
