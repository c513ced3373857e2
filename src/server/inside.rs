//! Asking the routes from inside the process, as one person or another: the demo is played
//! through the same doors that people use.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use serde_json::Value;
use tower::ServiceExt;

use super::{App, router};
use crate::auth::{COOKIE, Token};

/// More than any answer of the api has.
const LONGEST: usize = 4 * 1024 * 1024;

/// The routes, without a listener.
pub struct Inside(Router);

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, if it was JSON.
    pub body: Value,
}

impl Inside {
    /// The routes over `app`.
    pub fn new(app: App) -> Self {
        Self(router(app))
    }

    /// Asks for `path` (without the `/api/v1` in front) as the person whose token this is.
    pub async fn ask(
        &self,
        token: &Token,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("x-causeway", "1")
            .header(header::COOKIE, format!("{COOKIE}={}", token.reveal()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let Ok(request) = request.body(Body::from(body)) else {
            return Answer { status: 400, body: Value::Null };
        };
        let Ok(response) = self.0.clone().oneshot(request).await;
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), LONGEST).await.unwrap_or_default();
        Answer { status, body: serde_json::from_slice(&bytes).unwrap_or_default() }
    }
}
