//! Extractors that already speak `problem+json`.

use axum::{
    RequestPartsExt,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Problem, codes};
use crate::{ctx::Ctx, kernel::PageAsk};

/// A JSON body, or what is wrong with it, by field.
#[derive(Debug)]
pub struct Json<T> {
    /// What was sent, as our type.
    pub value: T,
    /// What was sent, as bytes: the idempotency check compares it.
    pub bytes: Bytes,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state).await.map_err(|refusal| {
            if refusal.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Problem::new(&codes::TOO_LARGE)
            } else {
                Problem::new(&codes::BAD_REQUEST)
            }
        })?;
        // A step without a form may come without a body.
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let mut reader = serde_json::Deserializer::from_slice(text);
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            let inner = error.into_inner();
            if inner.is_data() { wrong_field(&path, &inner) } else { Problem::new(&codes::BAD_JSON) }
        })?;
        reader.end().map_err(|_| Problem::new(&codes::BAD_JSON))?;
        Ok(Self { value, bytes })
    }
}

/// Names the field that serde stumbled over. Its own words stay here: they quote the input.
fn wrong_field(path: &str, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let unknown = text.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
    let at = |name: &str| if path == "." { name.to_owned() } else { format!("{path}.{name}") };
    match (missing, unknown) {
        (Some(name), _) => Problem::field(at(name), "required"),
        (None, Some(name)) => Problem::field(at(name), "unknown"),
        (None, None) => Problem::field(path, what_is_wrong(error)),
    }
}

/// What is wrong with one value, as the word of a field error. The words of serde and of our
/// own types stay here: they may quote what was typed.
pub fn what_is_wrong(error: &serde_json::Error) -> &'static str {
    let text = error.to_string();
    match () {
        () if text.starts_with("must not be empty") || text.starts_with("missing field") => "required",
        () if text.starts_with("at most ") => "too_long",
        () if text.starts_with("unknown variant") => "not_one_of_these",
        () => "not_right",
    }
}

/// The parts of the address. An id that is not one is simply not found.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send + 'static> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.extract::<axum::extract::Path<T>>().await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::new(&codes::NOT_FOUND)),
        }
    }
}

/// What stands behind the question mark.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send + 'static> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.extract::<axum::extract::Query<T>>().await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::new(&codes::BAD_REQUEST)),
        }
    }
}

/// Which page of a list is asked for: `limit` and `cursor` behind the question mark.
#[derive(Debug, Deserialize)]
pub struct Paged {
    limit: Option<i64>,
    cursor: Option<String>,
}

impl Paged {
    /// The page that is asked for of `list`, which names the list and what it is narrowed by.
    ///
    /// # Errors
    /// `invalid_field` for a cursor that was not made for this list.
    pub fn ask<K: Serialize + DeserializeOwned>(
        &self,
        ctx: &Ctx,
        list: impl Into<String>,
    ) -> Result<PageAsk<K>, Problem> {
        Ok(PageAsk::read(&ctx.vault, list, self.limit, self.cursor.as_deref())?)
    }
}

/// The version the caller saw, from `If-Match: "7"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub i64);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let value = parts.headers.get(header::IF_MATCH).ok_or(Problem::new(&codes::IF_MATCH_MISSING))?;
        let version = value.to_str().ok().and_then(|text| text.trim().trim_matches('"').parse().ok());
        version.map(Self).ok_or(Problem::new(&codes::STALE))
    }
}

/// The caller's own key for one request, from `Idempotency-Key`: 8 to 100 visible characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(pub String);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let value = parts.headers.get("idempotency-key").and_then(|value| value.to_str().ok());
        match value {
            Some(key) if (8..=100).contains(&key.len()) => Ok(Self(key.to_owned())),
            _ => Err(Problem::new(&codes::IDEMPOTENCY_KEY_MISSING)),
        }
    }
}

/// The number a request has in the log, given by the server's outermost layer.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self(String::new())))
    }
}

/// A record on its way out, with its version as `ETag`.
#[derive(Debug)]
pub struct Tagged<T> {
    /// 200 or 201.
    pub status: StatusCode,
    /// The record's version.
    pub version: i64,
    /// The record.
    pub body: T,
}

impl<T> Tagged<T> {
    /// A record that was there.
    pub fn ok(version: i64, body: T) -> Self {
        Self { status: StatusCode::OK, version, body }
    }

    /// A record that was just made.
    pub fn created(version: i64, body: T) -> Self {
        Self { status: StatusCode::CREATED, version, body }
    }
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(self.body)).into_response();
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", self.version)) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}
