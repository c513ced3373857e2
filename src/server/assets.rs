//! The web part: inside the binary when optimised, read from `web/dist` in development.
//!
//! The build puts a hash into the name of every file under `assets/`, so those may be kept for
//! ever; other files are asked for again each time and answered with 304 when unchanged. Any
//! address that is no file belongs to the page's own router.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Dist;

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";
/// The page itself: a browser that puts a page aside whole, to show it again on "back", puts the names of
/// patients aside with it; and Chromium puts it aside while it opens its database, which is then open to
/// no other page (7 of 300 pages left within 30 ms; of 300 left so with this header, none).
const KEPT_NOWHERE: &str = "no-store";

/// Answers everything that no other route took.
pub async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = uri.path().trim_start_matches('/');
    // Files that start with a dot are the build's own notes.
    let wanted = if path.is_empty() || path.starts_with('.') { "index.html" } else { path };
    if let Some(response) = file(wanted, &headers) {
        return response;
    }
    // A missing file with an ending is a mistake; an address without one is a page.
    let ending = wanted.rsplit('/').next().is_some_and(|last| last.contains('.'));
    if ending && wanted != "index.html" {
        return StatusCode::NOT_FOUND.into_response();
    }
    file("index.html", &headers).unwrap_or_else(not_built)
}

fn file(path: &str, asked: &HeaderMap) -> Option<Response> {
    let plain = Dist::get(path)?;
    let etag = etag(&plain);
    let cache = match path {
        "index.html" => KEPT_NOWHERE,
        _ if path.starts_with("assets/") => FOR_EVER,
        _ => ASK_AGAIN,
    };
    if asked.get(header::IF_NONE_MATCH).is_some_and(|seen| seen.as_bytes() == etag.as_bytes()) {
        return Some(
            (StatusCode::NOT_MODIFIED, [(header::ETAG, etag), (header::CACHE_CONTROL, cached(cache))])
                .into_response(),
        );
    }
    let zipped = takes_gzip(asked).then(|| Dist::get(&format!("{path}.gz"))).flatten();
    let is_zipped = zipped.is_some();
    let mut response = Response::new(Body::from(bytes(zipped.unwrap_or(plain))));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind(path)));
    headers.insert(header::CACHE_CONTROL, cached(cache));
    headers.insert(header::ETAG, etag);
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if is_zipped {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Some(response)
}

fn bytes(file: EmbeddedFile) -> Bytes {
    match file.data {
        std::borrow::Cow::Borrowed(inside) => Bytes::from_static(inside),
        std::borrow::Cow::Owned(read) => Bytes::from(read),
    }
}

/// Sixteen digits of the content's SHA-256: enough to tell two builds apart.
fn etag(file: &EmbeddedFile) -> HeaderValue {
    use std::fmt::Write;
    let mut text = String::from("\"");
    for byte in &file.metadata.sha256_hash()[..8] {
        let _ = write!(text, "{byte:02x}");
    }
    text.push('"');
    HeaderValue::from_str(&text).expect("quotes and hexadecimal digits are legal in a header")
}

fn cached(how: &'static str) -> HeaderValue {
    HeaderValue::from_static(how)
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|list| {
        list.split(',').any(|one| one.split(';').next().is_some_and(|name| name.trim() == "gzip"))
    })
}

/// The kinds of file our build makes; anything else is not guessed at.
fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        _ => "application/octet-stream",
    }
}

/// The server was built without the web part: the API works, and the page says what to do.
fn not_built() -> Response {
    let page = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Causeway</title>\
                <h1>The web part is not built yet</h1>\
                <p>Run <code>make web</code> and load this page again. The API under <code>/api/v1</code> works meanwhile.</p>";
    let headers = [(header::CONTENT_TYPE, kind("index.html")), (header::CACHE_CONTROL, KEPT_NOWHERE)];
    (StatusCode::SERVICE_UNAVAILABLE, headers, page).into_response()
}
