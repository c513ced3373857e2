//! The doors of signing in, and the extractor that tells every other door who is calling.

use axum::{
    extract::{FromRef, FromRequestParts, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    commands::{self, Error, Look},
    devices, links,
    model::{Me, Principal, Status},
    own, presence,
    session::{self, Token},
    tokens,
};
use crate::{
    ctx::Ctx,
    http::{Door, Doors, Json, Problem, Scope, codes},
};

/// The routes of one's own session.
pub fn doors<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
{
    Doors::of("session")
        .get(
            "/session",
            show,
            Door::new("who_am_i", "The caller as they see themselves.").people_only().answers::<Me>(200),
        )
        .post(
            "/session",
            sign_in,
            Door::new("sign_in", "Signs a person in; the session is in the cookie that comes back.")
                .open()
                .takes::<SignIn>()
                .answers::<Me>(200)
                .refuses(&[&codes::SIGN_IN_REFUSED, &codes::SLOW_DOWN]),
        )
        .delete(
            "/session",
            sign_out,
            Door::new("sign_out", "Ends the session.").people_only().answers_nothing(204),
        )
        .get(
            "/session/draft-key",
            draft_key,
            Door::new("draft_key", "The key under which this person's drafts lie on their machine.")
                .people_only()
                .answers::<DraftKey>(200),
        )
        .put(
            "/session/presence",
            say_presence,
            Door::new("say_presence", "Says whether one may be rung.")
                .people_only()
                .takes::<SayPresence>()
                .answers_nothing(204),
        )
        .put(
            "/session/password",
            change_password,
            Door::new("change_password", "Changes the caller's own password; other sessions are over.")
                .people_only()
                .takes::<ChangePassword>()
                .answers_nothing(204)
                .refuses(&[&codes::SLOW_DOWN]),
        )
        .and(own::doors())
        .and(links::doors())
}

impl<S> FromRequestParts<S> for Principal
where
    S: Send + Sync,
    Ctx: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(caller(parts, &Ctx::from_ref(state)).await?.who)
    }
}

/// The caller as they see themselves; only this door shows it.
struct Myself(Me);

impl<S> FromRequestParts<S> for Myself
where
    S: Send + Sync,
    Ctx: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(caller(parts, &Ctx::from_ref(state)).await?.me))
    }
}

async fn caller(parts: &Parts, ctx: &Ctx) -> Result<Look, Problem> {
    let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(text) = authorization.and_then(|text| text.strip_prefix("Bearer ")) {
        let scope = parts.extensions.get::<Scope>().and_then(|scope| scope.0.as_deref());
        return Ok(tokens::by_token(ctx, text, scope).await?);
    }
    let mut cookies = parts.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let token = cookies.find_map(Token::in_cookies).ok_or(Problem::new(&codes::NOT_SIGNED_IN))?;
    Ok(commands::look_at(ctx, &token).await?)
}

#[derive(Deserialize, ToSchema)]
struct SignIn {
    login: String,
    password: String,
}

/// `POST /api/v1/session`
async fn sign_in(
    State(ctx): State<Ctx>,
    headers: HeaderMap,
    Json { value, .. }: Json<SignIn>,
) -> Result<Response, Problem> {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let device = devices::named(agent);
    let signed_in = commands::sign_in(&ctx, &value.login, &value.password, &device).await?;
    Ok(with_cookie(axum::Json(signed_in.me).into_response(), &signed_in.token.set_cookie()))
}

/// `GET /api/v1/session`
async fn show(Myself(me): Myself) -> axum::Json<Me> {
    axum::Json(me)
}

/// `DELETE /api/v1/session`
async fn sign_out(State(ctx): State<Ctx>, who: Principal) -> Result<Response, Problem> {
    commands::sign_out(&ctx, &who).await?;
    Ok(with_cookie(StatusCode::NO_CONTENT.into_response(), &session::clear_cookie()))
}

/// A key for what a person writes while the line is gone.
#[derive(Serialize, ToSchema)]
struct DraftKey {
    /// 256 bits in hex.
    key: String,
}

/// `GET /api/v1/session/draft-key`: the browser keeps drafts sealed under it and forgets it
/// with the page; whoever is not signed in as this person cannot read them. It belongs to
/// the person and not to the session, so that a draft outlives a shift.
async fn draft_key(State(ctx): State<Ctx>, who: Principal) -> Response {
    let half = |n: &str| ctx.vault.term(n, &who.user.to_string());
    let key = format!("{}{}", half("draft key, first half"), half("draft key, second half"));
    let mut response = axum::Json(DraftKey { key }).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[derive(Deserialize, ToSchema)]
struct SayPresence {
    status: Status,
}

/// `PUT /api/v1/session/presence`
async fn say_presence(
    State(ctx): State<Ctx>,
    who: Principal,
    Json { value, .. }: Json<SayPresence>,
) -> Result<StatusCode, Problem> {
    presence::set(&ctx, who.user, value.status).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
struct ChangePassword {
    /// The one there is.
    old: String,
    /// The one there shall be.
    password: String,
}

/// `PUT /api/v1/session/password`
async fn change_password(
    State(ctx): State<Ctx>,
    who: Principal,
    Json { value, .. }: Json<ChangePassword>,
) -> Result<StatusCode, Problem> {
    commands::change_password(&ctx, &who, &value.old, &value.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<commands::NotChanged> for Problem {
    fn from(error: commands::NotChanged) -> Self {
        use commands::NotChanged;
        match error {
            NotChanged::WrongOld => Self::field("old", "wrong_password"),
            NotChanged::SlowDown { retry_after_s } => {
                Self::new(&codes::SLOW_DOWN).with("retry_after_s", retry_after_s)
            }
            NotChanged::BadPassword(why) => Self::fields(vec![links::password_error(why)]),
            NotChanged::Store(fault) => Self::our_fault(fault),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused => Self::new(&codes::SIGN_IN_REFUSED),
            Error::SlowDown { retry_after_s } => {
                Self::new(&codes::SLOW_DOWN).with("retry_after_s", retry_after_s)
            }
            Error::NotSignedIn => Self::new(&codes::NOT_SIGNED_IN),
            Error::NoScope => Self::new(&codes::NO_SCOPE),
            Error::Store(fault) => Self::our_fault(fault),
        }
    }
}
