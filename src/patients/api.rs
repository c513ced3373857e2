//! The doors to patients.

use axum::{
    extract::{FromRef, State},
    http::StatusCode,
    response::IntoResponse,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    commands::{self, Entered, Error},
    merge::{self, Other, Step},
    model::{Patient, PatientBrief, PatientView},
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    http::{
        Door, Doors, IdempotencyKey, IfMatch, Json, Once, Paged, Path, Problem, Query, StoredAnswer, Tagged,
        codes,
    },
    kernel::{Page, PatientId},
};

/// Paths of the patients' room.
pub fn doors<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
{
    Doors::of("patients")
        .get(
            "/patients",
            find,
            Door::new("find_patients", "Patients found by what was typed; without it, those seen last.")
                .query::<Typed>()
                .answers_pages::<PatientBrief>(),
        )
        .post(
            "/patients",
            create,
            Door::new("enter_patient", "Enters a patient.")
                .once()
                .takes::<Entered>()
                .answers_record::<PatientView>(201)
                .refuses(&[&codes::PATIENT_EXISTS]),
        )
        .get(
            "/patients/recent",
            recent,
            Door::new("recent_patients", "The patients this person saw last.").answers_list::<PatientBrief>(),
        )
        .get(
            "/patients/{id}",
            show,
            Door::new("show_patient", "One patient.").answers_record::<PatientView>(200),
        )
        .post(
            "/patients/{id}/actions/merge",
            put_together,
            step("merge_patients", "Puts another record of the same person under this one, which is kept."),
        )
        .post(
            "/patients/{id}/actions/unmerge",
            take_apart,
            step(
                "unmerge_patients",
                "Takes a record out from under this one again; nothing of it was changed.",
            ),
        )
}

fn step(id: &'static str, says: &'static str) -> Door {
    Door::new(id, says).once().seen().takes::<Other>().answers_record::<PatientView>(200)
}

/// What was typed.
#[derive(Deserialize, ToSchema)]
struct Typed {
    #[serde(default)]
    q: String,
}

/// `GET /api/v1/patients?q=&limit=&cursor=`
async fn find(
    State(ctx): State<Ctx>,
    who: Principal,
    Query(Typed { q }): Query<Typed>,
    Query(paged): Query<Paged>,
) -> Result<axum::Json<Page<PatientBrief>>, Problem> {
    let q = q.trim();
    let ask = paged.ask(&ctx, format!("patients {q}"))?;
    if q.is_empty() {
        return recent(State(ctx), who).await;
    }
    Ok(axum::Json(commands::find(&ctx, &who, q, &ask).await?))
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
    Ok(Tagged::ok(patient.version, patient))
}

/// `POST /api/v1/patients/{id}/actions/merge`
async fn put_together(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<PatientId>,
    (seen, key): (IfMatch, IdempotencyKey),
    body: Json<Other>,
) -> Result<StoredAnswer, Problem> {
    take(&ctx, &who, (id, seen, key), Step::Merge, body).await
}

/// `POST /api/v1/patients/{id}/actions/unmerge`
async fn take_apart(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<PatientId>,
    (seen, key): (IfMatch, IdempotencyKey),
    body: Json<Other>,
) -> Result<StoredAnswer, Problem> {
    take(&ctx, &who, (id, seen, key), Step::Unmerge, body).await
}

async fn take(
    ctx: &Ctx,
    who: &Principal,
    (id, IfMatch(seen), IdempotencyKey(key)): (PatientId, IfMatch, IdempotencyKey),
    step: Step,
    Json { value, bytes }: Json<Other>,
) -> Result<StoredAnswer, Problem> {
    let once = Once::new(who.user, &key, &format!("POST {id} {}", step.action()), &bytes);
    again(merge::take(ctx, who, (id, seen), step, value, &once).await)
}

/// What was done before under this key is answered as it was then.
fn again(done: Result<StoredAnswer, Error>) -> Result<StoredAnswer, Problem> {
    match done {
        Err(Error::NotAgain(again)) => again.respond(),
        done => Ok(done?),
    }
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
            Error::Stale => Self::new(&codes::STALE),
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
