//! The doors of those who look after a facility's webhooks.

use axum::{
    extract::{FromRef, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    commands::{self, Error, Wanted},
    model::{DeliveryView, HookEvent, HookStanding, HookView},
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    http::{Door, Doors, IfMatch, Json, Paged, Path, Problem, Query, Tagged, codes},
    kernel::{DeliveryId, FacilityId, HookId, Page},
};

/// None of them takes an API token: programs do not decide who is told.
pub fn doors<S>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
{
    Doors::of("hooks")
        .get(
            "/admin/hooks",
            list,
            Door::new("list_hooks", "The webhooks of the facilities this person looks after.")
                .people_only()
                .answers_list::<HookView>(),
        )
        .post(
            "/admin/hooks",
            add,
            Door::new("add_hook", "Enters a webhook; its secret is in this answer and nowhere else.")
                .people_only()
                .takes::<NewHook>()
                .answers::<MadeHook>(201)
                .refuses(&[&codes::ALREADY_THERE]),
        )
        .get(
            "/admin/hooks/{id}",
            show,
            Door::new("show_hook", "One webhook.").people_only().answers_record::<HookView>(200),
        )
        .patch(
            "/admin/hooks/{id}",
            change,
            Door::new("change_hook", "Changes where a webhook is, what it is told, and whether.")
                .people_only()
                .seen()
                .takes::<HookForm>()
                .answers_record::<HookView>(200)
                .refuses(&[&codes::ALREADY_THERE]),
        )
        .delete(
            "/admin/hooks/{id}",
            remove,
            Door::new("remove_hook", "Takes a webhook away; what is on its way to it is given up.")
                .people_only()
                .answers_nothing(204)
                .refuses(&[&codes::STALE]),
        )
        .post(
            "/admin/hooks/{id}/secret",
            rotate,
            Door::new("rotate_hook_secret", "Draws a new secret; the one before signs too for a day.")
                .people_only()
                .answers::<MadeHook>(201)
                .refuses(&[&codes::STALE]),
        )
        .post(
            "/admin/hooks/{id}/test",
            test,
            Door::new("test_hook", "Sends a message about nothing, to see whether it arrives.")
                .people_only()
                .answers::<DeliveryView>(201),
        )
        .get(
            "/admin/hooks/{id}/deliveries",
            deliveries,
            Door::new("list_deliveries", "The messages to a webhook, newest first, with their tries.")
                .people_only()
                .answers_pages::<DeliveryView>(),
        )
        .post(
            "/admin/hooks/{id}/deliveries/{delivery}/replay",
            replay,
            Door::new("replay_delivery", "Sends a message once more, under the same id.")
                .people_only()
                .answers::<DeliveryView>(200)
                .refuses(&[&codes::WRONG_STATE]),
        )
}

/// An address to be told.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewHook {
    /// Of which facility.
    facility: FacilityId,
    /// Where it is; `https` only.
    #[schema(max_length = 500)]
    url: String,
    /// What it is told.
    events: Vec<HookEvent>,
}

/// What may change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HookForm {
    /// Where it is; `https` only.
    #[schema(max_length = 500)]
    url: String,
    /// What it is told.
    events: Vec<HookEvent>,
    /// Active or paused.
    standing: HookStanding,
}

/// A webhook with its secret, shown this once.
#[derive(Serialize, ToSchema)]
struct MadeHook {
    /// As it stands in the list.
    hook: HookView,
    /// What a receiver checks signatures with.
    secret: String,
}

/// `GET /api/v1/admin/hooks`
async fn list(State(ctx): State<Ctx>, who: Principal) -> Result<axum::Json<Page<HookView>>, Problem> {
    Ok(axum::Json(Page::whole(commands::list(&ctx, &who).await?)))
}

/// `POST /api/v1/admin/hooks`
async fn add(
    State(ctx): State<Ctx>,
    who: Principal,
    Json { value, .. }: Json<NewHook>,
) -> Result<Response, Problem> {
    let wanted = Wanted { url: value.url, events: value.events, standing: HookStanding::Active };
    Ok(once(commands::add(&ctx, &who, value.facility, wanted).await?))
}

/// An answer that is kept nowhere.
fn once((hook, secret): (HookView, String)) -> Response {
    let made = axum::Json(MadeHook { hook, secret });
    (StatusCode::CREATED, [("cache-control", "no-store")], made).into_response()
}

/// `GET /api/v1/admin/hooks/{id}`
async fn show(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<HookId>,
) -> Result<Tagged<HookView>, Problem> {
    let view = commands::show(&ctx, &who, id).await?;
    Ok(Tagged::ok(view.version, view))
}

/// `PATCH /api/v1/admin/hooks/{id}`
async fn change(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<HookId>,
    IfMatch(seen): IfMatch,
    Json { value, .. }: Json<HookForm>,
) -> Result<Tagged<HookView>, Problem> {
    let HookForm { url, events, standing } = value;
    let view = commands::change(&ctx, &who, id, seen, Wanted { url, events, standing }).await?;
    Ok(Tagged::ok(view.version, view))
}

/// `DELETE /api/v1/admin/hooks/{id}`
async fn remove(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<HookId>,
) -> Result<StatusCode, Problem> {
    commands::remove(&ctx, &who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/admin/hooks/{id}/secret`
async fn rotate(State(ctx): State<Ctx>, who: Principal, Path(id): Path<HookId>) -> Result<Response, Problem> {
    Ok(once(commands::rotate(&ctx, &who, id).await?))
}

/// `POST /api/v1/admin/hooks/{id}/test`
async fn test(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<HookId>,
) -> Result<(StatusCode, axum::Json<DeliveryView>), Problem> {
    Ok((StatusCode::CREATED, axum::Json(commands::test(&ctx, &who, id).await?)))
}

/// `GET /api/v1/admin/hooks/{id}/deliveries`
async fn deliveries(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<HookId>,
    Query(page): Query<Paged>,
) -> Result<axum::Json<Page<DeliveryView>>, Problem> {
    let ask = page.ask(&ctx, format!("deliveries of {id}"))?;
    Ok(axum::Json(commands::deliveries(&ctx, &who, id, &ask).await?))
}

/// `POST /api/v1/admin/hooks/{id}/deliveries/{delivery}/replay`
async fn replay(
    State(ctx): State<Ctx>,
    who: Principal,
    Path((id, delivery)): Path<(HookId, DeliveryId)>,
) -> Result<axum::Json<DeliveryView>, Problem> {
    Ok(axum::Json(commands::replay(&ctx, &who, id, delivery).await?))
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(what) => Self::not_found(what),
            Error::NotAllowed => Self::new(&codes::FORBIDDEN),
            Error::AlreadyThere => Self::new(&codes::ALREADY_THERE),
            Error::Stale { version } => Self::new(&codes::STALE).with("version", version),
            Error::OnItsWay => Self::new(&codes::WRONG_STATE),
            Error::Fields(errors) => Self::fields(errors),
            Error::Store(fault) => Self::our_fault(fault),
        }
    }
}
