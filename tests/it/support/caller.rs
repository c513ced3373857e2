//! Calling the server as somebody, through the same router the listener serves.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use causeway::kernel::UserId;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use tower::ServiceExt;

/// The host every request names; its `https` form is the one good origin.
pub const HOST: &str = "localhost:8443";

/// Somebody who calls: signed in, or a stranger.
#[derive(Clone)]
pub struct Person {
    pub id: UserId,
    pub name: String,
    pub login: String,
    /// `__Host-sid=…`, or nothing.
    pub cookie: Option<String>,
    pub router: Router,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    asked: String,
}

impl Person {
    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    /// Creates, under a fresh idempotency key.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.post_as(path, &fresh_key(), body).await
    }

    /// Creates, under this key.
    pub async fn post_as(&self, path: &str, key: &str, body: Value) -> Answer {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        self.send(Method::POST, path, &headers, body.to_string().into()).await
    }

    /// Replaces.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, &[("content-type", "application/json")], body.to_string().into()).await
    }

    /// Edits the version that `GET` shows now.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        let seen = self.get(path).await.etag();
        let headers = [("content-type", "application/json"), ("if-match", &*seen)];
        self.send(Method::PATCH, path, &headers, body.to_string().into()).await
    }

    /// Replaces the version that `GET` shows now.
    pub async fn replaces(&self, path: &str, body: Value) -> Answer {
        let seen = self.get(path).await.etag();
        let headers = [("content-type", "application/json"), ("if-match", &*seen)];
        self.send(Method::PUT, path, &headers, body.to_string().into()).await
    }

    /// Removes the version that `GET` shows now.
    pub async fn clears(&self, path: &str) -> Answer {
        let seen = self.get(path).await.etag();
        self.send(Method::DELETE, path, &[("if-match", &*seen)], Body::empty()).await
    }

    /// Writes over version `seen`.
    pub async fn writes_over(&self, method: Method, path: &str, seen: i64, body: Value) -> Answer {
        let seen = format!("\"{seen}\"");
        let headers = [("content-type", "application/json"), ("if-match", &*seen)];
        self.send(method, path, &headers, body.to_string().into()).await
    }

    /// Removes.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], Body::empty()).await
    }

    /// Takes a step with a record, on the version that `GET` shows now.
    pub async fn does(&self, record: &str, action: &str, body: Value) -> Answer {
        let seen = self.get(record).await.etag();
        self.does_seeing(record, &seen, &fresh_key(), action, body).await
    }

    /// Takes a step on a version seen earlier, under this key.
    pub async fn does_seeing(
        &self,
        record: &str,
        seen: &str,
        key: &str,
        action: &str,
        body: Value,
    ) -> Answer {
        let headers = [("content-type", "application/json"), ("idempotency-key", key), ("if-match", seen)];
        let path = format!("{record}/actions/{action}");
        self.send(Method::POST, &path, &headers, body.to_string().into()).await
    }

    /// Adds a file to a record.
    pub async fn attaches(&self, record: &str, name: &str, kind: &str, bytes: Vec<u8>) -> Answer {
        let encoded: String = name.bytes().map(|b| format!("%{b:02X}")).collect();
        let length = bytes.len().to_string();
        let headers = [
            ("content-type", kind),
            ("content-length", &*length),
            ("content-disposition", &*format!("attachment; filename*=UTF-8''{encoded}")),
            ("idempotency-key", &*fresh_key()),
        ];
        self.send(Method::POST, &format!("{record}/attachments"), &headers, bytes.into()).await
    }

    /// Any request, with the headers a page of ours sends unless `headers` says otherwise.
    /// `path` is without the `/api/v1` in front.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Body) -> Answer {
        let asked = format!("{method} {path}");
        let mut request =
            Request::builder().method(method).uri(format!("/api/v1{path}")).header("host", HOST);
        let ours = [("x-causeway", "1".to_owned()), ("origin", format!("https://{HOST}"))];
        for (name, value) in ours {
            if !headers.iter().any(|(given, _)| *given == name) {
                request = request.header(name, value);
            }
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let mut request = request.body(body).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 40_000))));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default().to_vec();
        super::shape::hold(&self.router, &asked, &parts, &body).await;
        Answer { status: parts.status, headers: parts.headers, body, asked }
    }
}

impl Answer {
    /// The same answer, if it has this status; else the test ends here and shows it.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status.as_u16(), status, "{} answered: {text}", self.asked);
        self
    }

    /// The body.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| {
            panic!("{} answered no JSON: {}", self.asked, String::from_utf8_lossy(&self.body))
        })
    }

    /// A member of the body that is a text.
    #[track_caller]
    pub fn text(&self, member: &str) -> String {
        let body = self.json();
        body[member]
            .as_str()
            .unwrap_or_else(|| panic!("{}: no text `{member}` in {body}", self.asked))
            .to_owned()
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The record's version, as the next `If-Match` wants it.
    pub fn etag(&self) -> String {
        self.header("etag").to_owned()
    }
}

/// A key that was never used.
pub fn fresh_key() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("test-key-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
