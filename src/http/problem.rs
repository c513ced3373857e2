//! Answers that say no, in the shape of RFC 9457.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::codes::{self, Code};
use crate::{kernel::NotACursor, store::StoreError};

/// One field of a form that is not right.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, ToSchema)]
pub struct FieldError {
    /// Its name, with dots into nested objects.
    pub field: String,
    /// What is wrong, as a word: `required`, `too_long`, `too_short`, `checksum`, …
    pub code: String,
    /// Numbers for the sentence, such as `max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
}

/// An answer that says no.
///
/// `code` is our stable word for programs and the last part of `type`; `title` is fixed per
/// code; `detail` is for this case and never holds personal data.
#[derive(Debug)]
pub struct Problem {
    code: &'static Code,
    detail: Option<String>,
    more: Map<String, Value>,
}

impl Problem {
    /// A refusal of one kind.
    pub fn new(code: &'static Code) -> Self {
        Self { code, detail: None, more: Map::new() }
    }

    /// Adds a sentence about this case. Never personal data, never internal text.
    pub fn detail(mut self, detail: impl std::fmt::Display) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    /// Adds a member for programs.
    pub fn with(mut self, key: &str, value: impl Serialize) -> Self {
        self.more.insert(key.to_owned(), serde_json::to_value(value).unwrap_or(Value::Null));
        self
    }

    /// One field that is not right.
    pub fn field(field: impl Into<String>, code: impl Into<String>) -> Self {
        Self::fields(vec![FieldError { field: field.into(), code: code.into(), params: None }])
    }

    /// Fields that are not right.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        Self::new(&codes::INVALID_FIELD).with("errors", errors)
    }

    /// There is no such record, or none for this person.
    pub fn not_found(what: &'static str) -> Self {
        Self::new(&codes::NOT_FOUND).with("what", what)
    }

    /// The database said no. Logs the chain once and tells the client nothing of it.
    pub fn our_fault(fault: StoreError) -> Self {
        match fault {
            StoreError::Conflict { what } => Self::new(&codes::SOMEONE_WAS_FASTER).with("what", what),
            StoreError::AlreadyThere(_) => Self::new(&codes::ALREADY_THERE),
            StoreError::Unreachable(error) => {
                tracing::error!(%error, "The database cannot be reached");
                Self::new(&codes::UNAVAILABLE)
            }
            fault @ (StoreError::NoRow
            | StoreError::Broken { .. }
            | StoreError::Unjournaled { .. }
            | StoreError::NewerSchema { .. }
            | StoreError::Migration(_)
            | StoreError::Unsafe { .. }
            | StoreError::Refused(_)) => {
                tracing::error!(error = &fault as &dyn std::error::Error, "A request failed in the store");
                Self::new(&codes::INTERNAL)
            }
        }
    }

    /// Its kind.
    pub fn code(&self) -> &'static Code {
        self.code
    }

    /// Its HTTP status.
    pub fn status(&self) -> StatusCode {
        self.code.status
    }

    /// The body as it goes out.
    pub fn body(&self) -> Value {
        let mut body = self.more.clone();
        body.insert("type".into(), format!("urn:causeway:problem:{}", self.code.word).into());
        body.insert("code".into(), self.code.word.into());
        body.insert("title".into(), self.code.title.into());
        body.insert("status".into(), self.code.status.as_u16().into());
        if let Some(detail) = &self.detail {
            body.insert("detail".into(), detail.clone().into());
        }
        Value::Object(body)
    }
}

impl From<StoreError> for Problem {
    fn from(fault: StoreError) -> Self {
        Self::our_fault(fault)
    }
}

impl From<NotACursor> for Problem {
    fn from(_: NotACursor) -> Self {
        Self::field("cursor", "not_right")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = self.body().to_string();
        let mut response = (self.code.status, body).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if let Some(wait) = self.more.get("retry_after_s").and_then(Value::as_u64) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}
