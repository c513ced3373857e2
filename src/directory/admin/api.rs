//! The doors of those who look after the places.

use axum::{
    extract::{FromRef, State},
    response::IntoResponse,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    Error,
    import::{self, Imported, Table},
    places,
    relations::{self, RelationSet, RelationsView},
    rota,
    view::{
        DepartmentForm, DepartmentRecord, FacilityForm, FacilityRecord, NewDepartmentForm, RotaForm, RotaWeek,
    },
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    http::{
        Door, Doors, IdempotencyKey, IfMatch, Json, Once, Path, Problem, Query, StoredAnswer, Tagged, codes,
    },
    kernel::{DepartmentId, FacilityId, Page, Timestamp},
};

/// Paths of the administrators.
#[expect(clippy::too_many_lines, reason = "a list of doors")]
pub fn doors<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
{
    Doors::of("directory")
        .get(
            "/admin/facilities",
            facilities,
            Door::new("administered_facilities", "The facilities this person looks after.")
                .people_only()
                .answers_list::<FacilityRecord>(),
        )
        .post(
            "/admin/facilities",
            add_facility,
            Door::new("add_facility", "Enters a facility.")
                .people_only()
                .once()
                .takes::<FacilityForm>()
                .answers_record::<FacilityRecord>(201)
                .refuses(&[&codes::ALREADY_THERE]),
        )
        .patch(
            "/admin/facilities/{id}",
            change_facility,
            Door::new("change_facility", "Changes a facility.")
                .people_only()
                .seen()
                .takes::<FacilityForm>()
                .answers_record::<FacilityRecord>(200)
                .refuses(&[&codes::ALREADY_THERE]),
        )
        .get(
            "/admin/departments",
            departments,
            Door::new("administered_departments", "The departments this person looks after.")
                .people_only()
                .answers_list::<DepartmentRecord>(),
        )
        .post(
            "/admin/departments",
            add_department,
            Door::new("add_department", "Enters a department.")
                .people_only()
                .once()
                .takes::<NewDepartmentForm>()
                .answers_record::<DepartmentRecord>(201)
                .refuses(&[&codes::ALREADY_THERE]),
        )
        .patch(
            "/admin/departments/{id}",
            change_department,
            Door::new("change_department", "Changes a department.")
                .people_only()
                .seen()
                .takes::<DepartmentForm>()
                .answers_record::<DepartmentRecord>(200)
                .refuses(&[&codes::ALREADY_THERE]),
        )
        .get(
            "/admin/departments/{id}/rota",
            week,
            Door::new("show_rota", "Seven days of a department's rota.")
                .people_only()
                .query::<WeekAsk>()
                .answers_record::<RotaWeek>(200),
        )
        .put(
            "/admin/departments/{id}/rota",
            write_week,
            Door::new("write_rota", "Puts these duties in the place of those that began in the same week.")
                .people_only()
                .seen()
                .takes::<RotaForm>()
                .answers_record::<RotaWeek>(200),
        )
        .get(
            "/admin/facilities/{id}/relations",
            show_relations,
            Door::new("show_relations", "Where a facility may send patients, by level and by hand.")
                .people_only()
                .answers_record::<RelationsView>(200),
        )
        .put(
            "/admin/facilities/{id}/relations",
            write_relations,
            Door::new("write_relations", "Sets what a facility is to some others by hand.")
                .people_only()
                .seen()
                .takes::<RelationsForm>()
                .answers_record::<RelationsView>(200),
        )
        .delete(
            "/admin/facilities/{id}/relations",
            relations_by_level,
            Door::new("relations_by_level", "Forgets what was set by hand: the levels decide again.")
                .people_only()
                .seen()
                .answers_record::<RelationsView>(200),
        )
        .post(
            "/admin/imports",
            import_table,
            Door::new(
                "import_table",
                "Reads a table of places or people: shows what it would do, or does it.",
            )
            .people_only()
            .takes::<ImportAsk>()
            .answers::<Imported>(200),
        )
}

async fn facilities(
    State(ctx): State<Ctx>,
    who: Principal,
) -> Result<axum::Json<Page<FacilityRecord>>, Problem> {
    Ok(axum::Json(Page::whole(places::facilities(&ctx, &who).await?)))
}

async fn add_facility(
    State(ctx): State<Ctx>,
    who: Principal,
    IdempotencyKey(key): IdempotencyKey,
    Json { value, bytes }: Json<FacilityForm>,
) -> Result<impl IntoResponse, Problem> {
    let once = Once::new(who.user, &key, "POST admin/facilities", &bytes);
    again(places::add_facility(&ctx, &who, value, &once).await)
}

async fn change_facility(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<FacilityId>,
    IfMatch(seen): IfMatch,
    Json { value, .. }: Json<FacilityForm>,
) -> Result<Tagged<FacilityRecord>, Problem> {
    let record = places::change_facility(&ctx, &who, id, seen, value).await?;
    Ok(Tagged::ok(record.version, record))
}

async fn departments(
    State(ctx): State<Ctx>,
    who: Principal,
) -> Result<axum::Json<Page<DepartmentRecord>>, Problem> {
    Ok(axum::Json(Page::whole(places::departments(&ctx, &who).await?)))
}

async fn add_department(
    State(ctx): State<Ctx>,
    who: Principal,
    IdempotencyKey(key): IdempotencyKey,
    Json { value, bytes }: Json<NewDepartmentForm>,
) -> Result<impl IntoResponse, Problem> {
    let once = Once::new(who.user, &key, "POST admin/departments", &bytes);
    again(places::add_department(&ctx, &who, value, &once).await)
}

async fn change_department(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<DepartmentId>,
    IfMatch(seen): IfMatch,
    Json { value, .. }: Json<DepartmentForm>,
) -> Result<Tagged<DepartmentRecord>, Problem> {
    let record = places::change_department(&ctx, &who, id, seen, value).await?;
    Ok(Tagged::ok(record.version, record))
}

/// Which week.
#[derive(Deserialize, ToSchema)]
struct WeekAsk {
    /// The first moment of the week.
    from: Timestamp,
}

async fn week(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<DepartmentId>,
    Query(WeekAsk { from }): Query<WeekAsk>,
) -> Result<Tagged<RotaWeek>, Problem> {
    let week = rota::week(&ctx, &who, id, from).await?;
    Ok(Tagged::ok(week.version, week))
}

async fn write_week(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<DepartmentId>,
    IfMatch(seen): IfMatch,
    Json { value, .. }: Json<RotaForm>,
) -> Result<Tagged<RotaWeek>, Problem> {
    let week = rota::write_week(&ctx, &who, id, seen, &value).await?;
    Ok(Tagged::ok(week.version, week))
}

/// What is to be set by hand.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RelationsForm {
    /// The targets that change.
    #[schema(max_items = 2000)]
    items: Vec<RelationSet>,
}

async fn show_relations(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<FacilityId>,
) -> Result<Tagged<RelationsView>, Problem> {
    let view = relations::show(&ctx, &who, id).await?;
    Ok(Tagged::ok(view.version, view))
}

async fn write_relations(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<FacilityId>,
    IfMatch(seen): IfMatch,
    Json { value, .. }: Json<RelationsForm>,
) -> Result<Tagged<RelationsView>, Problem> {
    let view = relations::write(&ctx, &who, (id, seen), &value.items).await?;
    Ok(Tagged::ok(view.version, view))
}

async fn relations_by_level(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<FacilityId>,
    IfMatch(seen): IfMatch,
) -> Result<Tagged<RelationsView>, Problem> {
    let view = relations::by_level(&ctx, &who, (id, seen)).await?;
    Ok(Tagged::ok(view.version, view))
}

/// A table to be read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ImportAsk {
    /// Of what.
    table: Table,
    /// The file as it is, in base64: UTF-8 or GB18030, as spreadsheets write it.
    file: String,
    /// False: only say what it would do.
    #[serde(default)]
    confirm: bool,
}

async fn import_table(
    State(ctx): State<Ctx>,
    who: Principal,
    Json { value, .. }: Json<ImportAsk>,
) -> Result<axum::Json<Imported>, Problem> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let file = STANDARD.decode(&value.file).map_err(|_| Problem::field("file", "not_right"))?;
    Ok(axum::Json(import::import(&ctx, &who, value.table, &file, value.confirm).await?))
}

/// The answer, or the one that was given before.
fn again(done: Result<StoredAnswer, Error>) -> Result<StoredAnswer, Problem> {
    match done {
        Err(Error::NotAgain(again)) => again.respond(),
        done => Ok(done?),
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(what) => Self::not_found(what),
            Error::NotAllowed => Self::new(&codes::FORBIDDEN),
            Error::AlreadyThere => Self::new(&codes::ALREADY_THERE),
            Error::Stale { version } => Self::new(&codes::STALE).with("version", version),
            Error::Fields(errors) => Self::fields(errors),
            Error::NotAgain(again) => match again.respond() {
                Ok(_) => Self::new(&codes::IN_FLIGHT),
                Err(problem) => problem,
            },
            Error::Store(fault) => Self::our_fault(fault),
        }
    }
}
