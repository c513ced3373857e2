//! The doors for whoever holds a link: who it is for, and the password.

use axum::{
    extract::{FromRef, State},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Invited, NotSet};
use crate::{
    auth::{BadPassword, Token},
    ctx::Ctx,
    http::{Door, Doors, FieldError, Json, Problem, codes},
};

/// Both are open: the link is what lets one in. The token is in the body, never in an address.
pub fn doors<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
{
    Doors::of("session")
        .post(
            "/password-link/look",
            look,
            Door::new("look_at_password_link", "Whom a password link is for.")
                .open()
                .takes::<Held>()
                .answers::<Invited>(200)
                .refuses(&[&codes::PASSWORD_LINK_DEAD]),
        )
        .post(
            "/password-link",
            set,
            Door::new("set_password", "Sets the password of the person a link is for, and uses the link up.")
                .open()
                .takes::<NewPassword>()
                .answers_nothing(204)
                .refuses(&[&codes::PASSWORD_LINK_DEAD]),
        )
}

#[derive(Deserialize, ToSchema)]
struct Held {
    token: String,
}

#[derive(Deserialize, ToSchema)]
struct NewPassword {
    token: String,
    password: String,
}

/// `POST /api/v1/password-link/look`
async fn look(
    State(ctx): State<Ctx>,
    Json { value, .. }: Json<Held>,
) -> Result<axum::Json<Invited>, Problem> {
    let token = Token::read(&value.token).ok_or(NotSet::DeadLink)?;
    Ok(axum::Json(super::look(&ctx, &token).await?))
}

/// `POST /api/v1/password-link`
async fn set(State(ctx): State<Ctx>, Json { value, .. }: Json<NewPassword>) -> Result<StatusCode, Problem> {
    let token = Token::read(&value.token).ok_or(NotSet::DeadLink)?;
    super::set_password(&ctx, &token, &value.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<NotSet> for Problem {
    fn from(error: NotSet) -> Self {
        match error {
            NotSet::DeadLink => Self::new(&codes::PASSWORD_LINK_DEAD),
            NotSet::BadPassword(why) => Self::fields(vec![password_error(why)]),
            NotSet::Store(fault) => Self::our_fault(fault),
        }
    }
}

/// What is wrong with a password, as a form says it.
pub fn password_error(why: BadPassword) -> FieldError {
    let (code, params) = match why {
        BadPassword::TooShort => ("too_short", Some(serde_json::json!({ "min": 15 }))),
        BadPassword::TooLong => ("too_long", Some(serde_json::json!({ "max": 256 }))),
        BadPassword::TooEasy => ("too_easy", None),
    };
    FieldError { field: "password".into(), code: code.into(), params }
}
