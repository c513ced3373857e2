//! The map of addresses: every room's routes under `/api/v1`, the page everywhere else.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::http::{Door, Doors, Problem, codes};
use crate::server::layers::{self, Gate};
use crate::server::{App, assets, openapi};
use crate::{
    attachments, auth, consents, consult, directory, entry, hooks, paper, patients, referral, signal, stats,
};

/// No form of ours comes near this; files have their own, larger limit.
const FORM_LIMIT: usize = 256 * 1024;

/// Everything the listener serves.
pub fn router(app: App) -> Router {
    let gate = Arc::new(Gate {
        dice: Arc::clone(&app.ctx.dice),
        metrics: Arc::clone(&app.metrics),
        public_origin: app.config.server.public_url.as_ref().map(|url| url.trim_end_matches('/').to_owned()),
        insist_on_tls: app.config.tls.cert.is_some(),
    });
    let (rooms, paths, shapes) = rooms().open();
    let document = axum::body::Bytes::from(openapi::document(&paths, &shapes).to_string());
    let api = rooms
        .fallback(nothing_here)
        .method_not_allowed_fallback(not_this_way)
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .layer(from_fn_with_state(Arc::clone(&gate), layers::same_site));
    Router::new()
        .nest("/api/v1", api)
        .route(
            "/api/openapi.json",
            get(|| async move { ([(header::CONTENT_TYPE, "application/json")], document) }),
        )
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        // Figures have a listener of their own: a page of this name would only mislead.
        .route("/metrics", get(nothing_here))
        .route("/ca.crt", get(authority))
        .fallback(assets::serve)
        .layer(from_fn_with_state(gate, layers::outermost))
        .with_state(app)
}

/// The OpenAPI document of this build.
pub fn document() -> Value {
    let (_, paths, shapes) = rooms().open();
    openapi::document(&paths, &shapes)
}

/// Each room's own routes; their paths are listed in the room's `api.rs` and nowhere else.
fn rooms() -> Doors<App> {
    auth::doors()
        .and(directory::doors())
        .and(patients::doors())
        .and(entry::doors())
        .and(consult::doors())
        .and(attachments::doors::<App, consult::FilesGate>())
        .and(referral::doors())
        .and(consents::doors::<App, consult::ConsentGate, referral::ConsentGate>())
        .and(stats::doors())
        .and(hooks::doors())
        .and(paper::doors())
        .and(signal::doors())
        .and(attachments::doors::<App, referral::FilesGate>())
        .and(meta())
}

/// What a page must know before it shows anything.
fn meta() -> Doors<App> {
    Doors::of("meta")
        .get(
            "/meta/state-machines",
            state_machines,
            Door::new("state_machines", "The two workflows, in the words the server obeys.")
                .open()
                .answers::<Machines>(200),
        )
        .get(
            "/meta/limits",
            limits,
            Door::new("limits", "What a form should know before it lets a person choose a file.")
                .open()
                .answers::<Limits>(200),
        )
}

/// The two machines, each in the shape of the table it is tested against.
#[derive(ToSchema)]
struct Machines(#[allow(dead_code, reason = "the shape of what is served")] BTreeMap<String, Value>);

/// How large things may be.
#[derive(Serialize, ToSchema)]
struct Limits {
    /// The largest file, in bytes.
    attachment_max_bytes: u64,
    /// The largest form, in bytes.
    form_max_bytes: usize,
}

/// The two workflows, in the words the server obeys.
async fn state_machines() -> Json<Value> {
    Json(
        json!({ consult::MACHINE.name: consult::MACHINE.served(), referral::MACHINE.name: referral::served() }),
    )
}

/// What a form should know before it lets a person choose a file.
async fn limits(State(app): State<App>) -> Json<Limits> {
    Json(Limits { attachment_max_bytes: app.files.max_bytes(), form_max_bytes: FORM_LIMIT })
}

async fn nothing_here() -> Problem {
    Problem::new(&codes::NOT_FOUND)
}

async fn not_this_way() -> Problem {
    Problem::new(&codes::METHOD_NOT_ALLOWED)
}

/// Should a load balancer send people here? Not while stopping, not without the database.
async fn ready(State(app): State<App>) -> Response {
    if app.stop.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    if !app.ctx.db.is_well().await {
        return (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response();
    }
    "ready\n".into_response()
}

/// The local authority's certificate, for a person to trust once on each machine.
async fn authority(State(app): State<App>) -> Response {
    match &app.authority {
        Some(pem) => {
            ([(header::CONTENT_TYPE, "application/x-x509-ca-cert")], pem.to_string()).into_response()
        }
        None => Problem::new(&codes::NOT_FOUND).into_response(),
    }
}
