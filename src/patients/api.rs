//! The doors to patients.

use axum::{
    Router,
    extract::{FromRef, State},
    http::StatusCode,
    response::IntoResponse,
    routing::get,
};
use serde::Deserialize;

use super::{
    commands::{self, Entered, Error},
    model::{Patient, PatientBrief, PatientView},
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    http::{IdempotencyKey, Json, Once, Path, Problem, Query, StoredAnswer, Tagged, codes},
    kernel::{Page, PatientId},
};

/// Paths of the patients' room.
pub fn routes<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
{
    Router::new()
        .route("/patients", get(find).post(create))
        .route("/patients/recent", get(recent))
        .route("/patients/{id}", get(show))
}

/// What was typed.
#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    q: String,
}

/// `GET /api/v1/patients?q=`
async fn find(
    State(ctx): State<Ctx>,
    who: Principal,
    Query(Typed { q }): Query<Typed>,
) -> Result<axum::Json<Page<PatientBrief>>, Problem> {
    let q = q.trim();
    if q.is_empty() {
        return recent(State(ctx), who).await;
    }
    Ok(axum::Json(Page::whole(commands::find(&ctx, &who, q).await?)))
}

/// `GET /api/v1/patients/recent`
async fn recent(State(ctx): State<Ctx>, who: Principal) -> Result<axum::Json<Page<PatientBrief>>, Problem> {
    Ok(axum::Json(Page::whole(commands::recent(&ctx, &who).await?)))
}

/// `GET /api/v1/patients/{id}`
async fn show(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<PatientId>,
) -> Result<Tagged<PatientView>, Problem> {
    let patient = commands::show(&ctx, &who, id).await?;
    Ok(Tagged::ok(patient.version, patient.view()))
}

/// `POST /api/v1/patients`
async fn create(
    State(ctx): State<Ctx>,
    who: Principal,
    IdempotencyKey(key): IdempotencyKey,
    Json { value, bytes }: Json<Entered>,
) -> Result<impl IntoResponse, Problem> {
    let once = Once::new(who.user, &key, "POST patients", &bytes);
    let answer = |patient: &Patient| StoredAnswer {
        status: StatusCode::CREATED.as_u16(),
        version: patient.version,
        body: serde_json::to_value(patient.view()).unwrap_or_default(),
    };
    match commands::create(&ctx, &who, value, &once, answer).await {
        Err(Error::NotAgain(again)) => again.respond(),
        done => Ok(done?),
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found("patient"),
            Error::NotAllowed => Self::new(&codes::FORBIDDEN),
            Error::Fields(errors) => Self::fields(errors),
            Error::Exists(id) => Self::new(&codes::PATIENT_EXISTS).with("patient_id", id),
            Error::NotAgain(again) => match again.respond() {
                Ok(_) => Self::new(&codes::IN_FLIGHT),
                Err(problem) => problem,
            },
            Error::Store(fault) => Self::our_fault(fault),
        }
    }
}
