//! The directory's doors: facilities, departments, and the first set-up.

use axum::{
    extract::{FromRef, State},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    admin, away,
    commands::{self, Error, Wanted},
    model::{DepartmentView, FacilityView, Level, OnCallView},
    people,
    setup::{self, NotSetUp, SetUp},
};
use crate::{
    auth::{Principal, Token, links::password_error},
    ctx::Ctx,
    http::{Door, Doors, Json, Path, Problem, Query, codes},
    kernel::{DepartmentId, FacilityId, Line, Page},
};

/// The directory's routes.
pub fn doors<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
{
    Doors::of("directory")
        .get(
            "/facilities",
            facilities,
            Door::new("list_facilities", "The places of the alliance.").answers_list::<FacilityView>(),
        )
        .get(
            "/departments",
            departments,
            Door::new("list_departments", "Departments, and whether somebody is there.")
                .query::<DepartmentsAsk>()
                .answers_list::<DepartmentView>(),
        )
        .get(
            "/departments/{id}",
            department,
            Door::new("show_department", "One department.").answers::<DepartmentView>(200),
        )
        .get(
            "/departments/{id}/doctors",
            doctors,
            Door::new("list_doctors", "The doctors of a department, on duty or not, and who can be rung.")
                .answers_list::<OnCallView>(),
        )
        .post(
            "/setup",
            set_up,
            Door::new("set_up", "Makes the first administrator, by the link an empty installation prints.")
                .open()
                .takes::<SetUpAsk>()
                .answers_nothing(204)
                .refuses(&[&codes::SETUP_LINK_DEAD, &codes::ALREADY_THERE]),
        )
        .and(admin::doors())
        .and(people::doors())
        .and(away::doors())
}

/// `GET /api/v1/facilities`
async fn facilities(
    State(ctx): State<Ctx>,
    who: Principal,
) -> Result<axum::Json<Page<FacilityView>>, Problem> {
    Ok(axum::Json(Page::whole(commands::facilities(&ctx, &who).await?)))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Accepts {
    Consult,
    Referral,
}

#[derive(Deserialize, ToSchema)]
struct DepartmentsAsk {
    accepts: Option<Accepts>,
    facility: Option<FacilityId>,
    q: Option<String>,
}

/// `GET /api/v1/departments`
async fn departments(
    State(ctx): State<Ctx>,
    who: Principal,
    Query(ask): Query<DepartmentsAsk>,
) -> Result<axum::Json<Page<DepartmentView>>, Problem> {
    let wanted = Wanted {
        consult: matches!(ask.accepts, Some(Accepts::Consult)),
        referral: matches!(ask.accepts, Some(Accepts::Referral)),
        facility: ask.facility,
        q: ask.q,
    };
    Ok(axum::Json(Page::whole(commands::departments(&ctx, &who, &wanted).await?)))
}

/// `GET /api/v1/departments/{id}`
async fn department(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<DepartmentId>,
) -> Result<axum::Json<DepartmentView>, Problem> {
    Ok(axum::Json(commands::department_view(&ctx, &who, id).await?))
}

/// `GET /api/v1/departments/{id}/doctors`
async fn doctors(
    State(ctx): State<Ctx>,
    _who: Principal,
    Path(id): Path<DepartmentId>,
) -> Result<axum::Json<Page<OnCallView>>, Problem> {
    Ok(axum::Json(Page::whole(commands::doctors(&ctx, id).await?)))
}

#[derive(Deserialize, ToSchema)]
#[schema(as = FirstFacility)]
struct FacilityAsk {
    name: Line,
    level: Level,
    phone_24h: Line,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = SetUp)]
struct SetUpAsk {
    token: String,
    login: Line,
    password: String,
    name: Line,
    facility: FacilityAsk,
}

/// `POST /api/v1/setup`
async fn set_up(State(ctx): State<Ctx>, Json { value, .. }: Json<SetUpAsk>) -> Result<StatusCode, Problem> {
    let ask = SetUp {
        token: Token::read(&value.token).ok_or(NotSetUp::DeadLink)?,
        login: value.login,
        name: value.name,
        password: value.password,
        facility: value.facility.name,
        level: value.facility.level,
        phone_24h: value.facility.phone_24h,
    };
    setup::set_up(&ctx, ask).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NoDepartment => Self::not_found("department"),
            Error::Store(fault) => Self::our_fault(fault),
        }
    }
}

impl From<NotSetUp> for Problem {
    fn from(error: NotSetUp) -> Self {
        match error {
            NotSetUp::DeadLink => Self::new(&codes::SETUP_LINK_DEAD),
            NotSetUp::BadLogin => Self::field("login", "not_right"),
            NotSetUp::BadPassword(why) => Self::fields(vec![password_error(why)]),
            NotSetUp::Store(fault) => Self::our_fault(fault),
        }
    }
}
