//! What every request passes through on its way in and every answer on its way out.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::{FutureExt, StreamExt};
use tokio::time::timeout;
use tracing::{Instrument, debug, error, info_span};

use crate::http::{Problem, RequestId, codes};
use crate::kernel::{Dice, DiceExt};
use crate::server::metrics::Metrics;

/// The header a page of ours adds to everything that changes something: other sites cannot,
/// without a preflight that is never answered.
const OURS: &str = "x-causeway";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// No script but our own files, no frame around us, no form to anywhere else.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; \
    worker-src 'self' blob:; manifest-src 'self'; frame-src 'self' blob:; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";
/// Camera, microphone and screen for this page alone; nothing else that a browser could hand out.
const PERMISSIONS: &str = "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), \
    fullscreen=(self), geolocation=(), payment=(), usb=(), serial=(), bluetooth=(), midi=()";

/// A request body may rest this long …
const BODY_REST: Duration = Duration::from_secs(15);
/// … and after a first grace must keep this pace, or its connection is held for nothing.
const BODY_GRACE: Duration = Duration::from_secs(10);
const BODY_PACE_PER_SECOND: u64 = 1024;

/// What the layers need to know.
#[derive(Debug)]
pub struct Gate {
    /// Draws request ids.
    pub dice: Arc<dyn Dice>,
    /// Counts requests.
    pub metrics: Arc<Metrics>,
    /// `https://host[:port]` when the address people type is not the one they reach.
    pub public_origin: Option<String>,
    /// Whether browsers may be told to insist on HTTPS: not with a certificate of our own making.
    pub insist_on_tls: bool,
}

/// The outermost layer: a number for the request, a net under it, and headers on the answer.
pub async fn outermost(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    let id = hex(gate.dice.bytes::<8>());
    request.extensions_mut().insert(RequestId(id.clone()));
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let is_api = request.uri().path().starts_with("/api/");
    // The route and never the path: a path holds ids of records.
    let span = info_span!("request", id, %method, route);
    let since = Instant::now();

    let work = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone());
    let mut response = work.await.unwrap_or_else(|_| {
        span.in_scope(|| error!("A request met a bug and was given up"));
        Problem::new(&codes::INTERNAL).into_response()
    });
    if response.status().is_server_error() {
        response = with_request_id(response, &id).await;
    }

    let took = since.elapsed();
    gate.metrics.answered(&method, &route, response.status(), took);
    let (status, ms) = (response.status().as_u16(), took.as_millis() as u64);
    span.in_scope(|| debug!(status, ms, "Answered"));
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    dress(response.headers_mut(), is_api, gate.insist_on_tls);
    response
}

/// Refuses what another site makes a signed-in browser send, and hurries bodies that dawdle.
pub async fn same_site(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && !is_ours(request.headers(), request.uri(), gate.public_origin.as_deref()) {
        return Problem::new(&codes::WRONG_ORIGIN).into_response();
    }
    next.run(hurried(request)).await
}

/// Does the request come from a page of this very origin, or from no browser at all?
fn is_ours(headers: &HeaderMap, uri: &Uri, public: Option<&str>) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if headers.get(OURS).is_none() {
        return false;
    }
    if !matches!(text(HeaderName::from_static("sec-fetch-site")), None | Some("same-origin" | "none")) {
        return false;
    }
    let Some(origin) = text(header::ORIGIN) else { return true };
    if let Some(public) = public {
        return origin == public;
    }
    // HTTP/2 carries the host in the address, HTTP/1.1 in a header.
    let host = uri.authority().map(axum::http::uri::Authority::as_str).or_else(|| text(header::HOST));
    host.is_some_and(|host| origin.strip_prefix("https://") == Some(host))
}

/// The same request with a body that ends in an error when it stands still or crawls.
fn hurried(request: Request) -> Request {
    if request.body().is_end_stream() {
        return request;
    }
    request.map(|body| {
        let start = Instant::now();
        let state = Some((body.into_data_stream(), 0_u64));
        Body::from_stream(futures_util::stream::unfold(state, move |state| async move {
            let (mut body, mut seen) = state?;
            match timeout(BODY_REST, body.next()).await {
                Ok(Some(Ok(bytes))) => {
                    seen += bytes.len() as u64;
                    let late = start.elapsed().saturating_sub(BODY_GRACE);
                    if !late.is_zero() && seen < late.as_secs() * BODY_PACE_PER_SECOND {
                        return Some((Err(too_slow()), None));
                    }
                    Some((Ok::<Bytes, axum::Error>(bytes), Some((body, seen))))
                }
                Ok(Some(Err(broken))) => Some((Err(broken), None)),
                Ok(None) => None,
                Err(_) => Some((Err(too_slow()), None)),
            }
        }))
    })
}

fn too_slow() -> axum::Error {
    axum::Error::new(std::io::Error::from(std::io::ErrorKind::TimedOut))
}

/// Puts the request id into a problem that is our fault: the caller can quote it.
async fn with_request_id(response: Response, id: &str) -> Response {
    let (mut parts, body) = response.into_parts();
    let is_problem =
        parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json");
    if !is_problem {
        return Response::from_parts(parts, body);
    }
    let Ok(bytes) = to_bytes(body, 64 * 1024).await else {
        return Response::from_parts(parts, Body::empty());
    };
    let Ok(mut problem) = serde_json::from_slice::<serde_json::Map<_, _>>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    problem.insert("request_id".into(), id.into());
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(serde_json::Value::Object(problem).to_string()))
}

/// Headers that every answer wears, unless a room chose its own (files have a stricter policy).
fn dress(headers: &mut HeaderMap, is_api: bool, insist_on_tls: bool) {
    let mut wear = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    wear(header::CONTENT_SECURITY_POLICY, POLICY);
    wear(HeaderName::from_static("permissions-policy"), PERMISSIONS);
    wear(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    wear(header::REFERRER_POLICY, "no-referrer");
    wear(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    wear(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if is_api {
        wear(header::CACHE_CONTROL, "no-store");
    }
    if insist_on_tls {
        wear(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}

fn hex(bytes: [u8; 8]) -> String {
    format!("{:016x}", u64::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("gateway.example:8443"));
        for (name, value) in pairs {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        is_ours(&headers, &Uri::from_static("/api/v1/session"), None)
    }

    #[test]
    fn only_the_very_same_origin_may_change_something() {
        assert!(asked(&[("x-causeway", "1"), ("origin", "https://gateway.example:8443")]));
        for foreign in [
            "null",
            "https://gateway.example",
            "http://gateway.example:8443",
            "https://gateway.example:8444",
            "https://gateway.example:84430",
            "https://evil.gateway.example:8443",
            "https://gateway.example:8443.evil.example",
            "https://GATEWAY.example:8443",
            "https://evil.example",
            "",
        ] {
            assert!(!asked(&[("x-causeway", "1"), ("origin", foreign)]), "{foreign}");
        }
    }

    #[test]
    fn a_form_of_another_site_is_refused_even_without_an_origin() {
        assert!(!asked(&[("origin", "https://gateway.example:8443")]), "our header is missing");
        assert!(!asked(&[("x-causeway", "1"), ("sec-fetch-site", "cross-site")]));
        assert!(!asked(&[("x-causeway", "1"), ("sec-fetch-site", "same-site")]));
    }

    #[test]
    fn a_program_without_an_origin_may_say_that_it_means_it() {
        assert!(asked(&[("x-causeway", "1")]));
    }
}
