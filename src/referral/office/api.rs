//! The office's routes.

use axum::extract::{FromRef, State as Shared};
use serde_json::Value;

use super::{
    beside, capacity, promise,
    view::{
        AssignForm, BedPoolsForm, Capacity, CapacityAsk, Free, PromiseForm, PromiseView, SlotsForm,
        TransportForm,
    },
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    directory::PersonName,
    http::{Door, Doors, IfMatch, Json, Path, Problem, Query, Tagged, codes},
    kernel::{DepartmentId, FacilityId, Page, ReferralId},
    referral::shapes::ReferralView,
};

/// The office's routes.
pub fn doors<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
{
    Doors::of("referrals")
        .get(
            "/referrals/{id}/colleagues",
            colleagues,
            Door::new("referral_colleagues", "Who at the receiving side can look after a letter.")
                .part::<ReferralId>("id")
                .answers_list::<PersonName>(),
        )
        .put(
            "/referrals/{id}/assignee",
            assign,
            Door::new("assign_referral", "Says who at the receiving side looks after a letter.")
                .part::<ReferralId>("id")
                .takes::<AssignForm>()
                .answers_record::<ReferralView>(200)
                .refuses(&[&codes::WRONG_STATE]),
        )
        .put(
            "/referrals/{id}/transport",
            transport,
            Door::new("enter_transport", "Enters how the patient travels.")
                .part::<ReferralId>("id")
                .seen()
                .takes::<TransportForm>()
                .answers_record::<ReferralView>(200)
                .refuses(&[&codes::WRONG_STATE]),
        )
        .get(
            "/capacity",
            free,
            Door::new("free_capacity", "What each department has free in the next seven days.")
                .answers_list::<Free>(),
        )
        .get(
            "/departments/{id}/capacity",
            show,
            Door::new("show_capacity", "A department's slots and beds.")
                .part::<DepartmentId>("id")
                .query::<CapacityAsk>()
                .answers::<Capacity>(200),
        )
        .put(
            "/departments/{id}/slots",
            plan,
            Door::new(
                "plan_slots",
                "Plans a department's slots of some days, in the place of what was planned.",
            )
            .part::<DepartmentId>("id")
            .people_only()
            .takes::<SlotsForm>()
            .answers::<Capacity>(200),
        )
        .put(
            "/departments/{id}/beds",
            beds,
            Door::new("count_beds", "Says how many beds a department has, and how many are free.")
                .part::<DepartmentId>("id")
                .takes::<BedPoolsForm>()
                .answers::<Capacity>(200),
        )
        .get(
            "/facilities/{id}/promise",
            promised,
            Door::new("show_promise", "How soon a house promises to answer a letter.")
                .part::<FacilityId>("id")
                .answers_record::<PromiseView>(200),
        )
        .put(
            "/facilities/{id}/promise",
            set_promise,
            Door::new("set_promise", "Sets how soon a house promises to answer a letter.")
                .part::<FacilityId>("id")
                .seen()
                .takes::<PromiseForm>()
                .answers_record::<PromiseView>(200),
        )
}

/// `GET /api/v1/referrals/{id}/colleagues`
async fn colleagues(
    Shared(ctx): Shared<Ctx>,
    who: Principal,
    Path(id): Path<ReferralId>,
) -> Result<axum::Json<Page<PersonName>>, Problem> {
    Ok(axum::Json(Page::whole(beside::colleagues(&ctx, &who, id).await?)))
}

/// `PUT /api/v1/referrals/{id}/assignee`
async fn assign(
    Shared(ctx): Shared<Ctx>,
    who: Principal,
    Path(id): Path<ReferralId>,
    Json { value, .. }: Json<AssignForm>,
) -> Result<Tagged<Value>, Problem> {
    let (version, body) = beside::assign(&ctx, &who, id, &value).await?;
    Ok(Tagged::ok(version, body))
}

/// `PUT /api/v1/referrals/{id}/transport`
async fn transport(
    Shared(ctx): Shared<Ctx>,
    who: Principal,
    Path(id): Path<ReferralId>,
    IfMatch(seen): IfMatch,
    Json { value, .. }: Json<TransportForm>,
) -> Result<Tagged<Value>, Problem> {
    let (version, body) = beside::transport(&ctx, &who, (id, seen), value).await?;
    Ok(Tagged::ok(version, body))
}

/// `GET /api/v1/capacity`
async fn free(Shared(ctx): Shared<Ctx>, _who: Principal) -> Result<axum::Json<Page<Free>>, Problem> {
    Ok(axum::Json(Page::whole(capacity::free(&ctx).await?)))
}

/// `GET /api/v1/departments/{id}/capacity`
async fn show(
    Shared(ctx): Shared<Ctx>,
    who: Principal,
    Path(id): Path<DepartmentId>,
    Query(ask): Query<CapacityAsk>,
) -> Result<axum::Json<Capacity>, Problem> {
    Ok(axum::Json(capacity::show(&ctx, &who, id, &ask).await?))
}

/// `PUT /api/v1/departments/{id}/slots`
async fn plan(
    Shared(ctx): Shared<Ctx>,
    who: Principal,
    Path(id): Path<DepartmentId>,
    Json { value, .. }: Json<SlotsForm>,
) -> Result<axum::Json<Capacity>, Problem> {
    Ok(axum::Json(capacity::plan(&ctx, &who, id, &value).await?))
}

/// `PUT /api/v1/departments/{id}/beds`
async fn beds(
    Shared(ctx): Shared<Ctx>,
    who: Principal,
    Path(id): Path<DepartmentId>,
    Json { value, .. }: Json<BedPoolsForm>,
) -> Result<axum::Json<Capacity>, Problem> {
    Ok(axum::Json(capacity::count_beds(&ctx, &who, id, &value).await?))
}

/// `GET /api/v1/facilities/{id}/promise`
async fn promised(
    Shared(ctx): Shared<Ctx>,
    _who: Principal,
    Path(id): Path<FacilityId>,
) -> Result<Tagged<PromiseView>, Problem> {
    let promise = promise::show(&ctx, id).await?;
    Ok(Tagged::ok(promise.version, promise))
}

/// `PUT /api/v1/facilities/{id}/promise`
async fn set_promise(
    Shared(ctx): Shared<Ctx>,
    who: Principal,
    Path(id): Path<FacilityId>,
    IfMatch(seen): IfMatch,
    Json { value, .. }: Json<PromiseForm>,
) -> Result<Tagged<PromiseView>, Problem> {
    let promise = promise::set(&ctx, &who, id, seen, &value).await?;
    Ok(Tagged::ok(promise.version, promise))
}
