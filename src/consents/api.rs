//! The doors to a record's consents, and to what went ahead without. The record decides who
//! passes: it implements [`Gate`].

use std::future::Future;

use axum::{
    extract::{FromRef, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    commands::{self, Asked, Error},
    form::{ConsentForm, ReviewForm, WithdrawForm},
    model::{Place, Scope},
    store, texts,
    view::{self, ConsentView, OverrideView},
};
use crate::{
    attachments::Need,
    auth::Principal,
    ctx::Ctx,
    http::{Door, Doors, IdempotencyKey, Json, Once, Paged, Path, Problem, Query, StoredAnswer, codes},
    journal::{self, Actor, Entry},
    kernel::{ConsentId, Page, UserId},
    store::{Query as Ask, WriteTx},
};

/// A record whose door opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The record as a place where consent is given.
    pub place: Place,
    /// Who is told of a change.
    pub audience: Vec<UserId>,
}

/// A record that needs consent. It decides who reads and who writes, and what it does when
/// the consent is taken back.
pub trait Gate: Send + Sync + 'static {
    /// Its id, as in the address.
    type Id: DeserializeOwned + Copy + Send + Sync + 'static;
    /// Its list, such as `consults`.
    const LIST: &'static str;
    /// What the document calls listing, giving, taking back and looking at a signature.
    const OPERATIONS: [&'static str; 4];

    /// Opens the door of record `id` for `who`, or says why not.
    fn open<Q: Ask>(
        ctx: &Ctx,
        tx: &mut Q,
        who: &Principal,
        id: Self::Id,
        need: Need,
    ) -> impl Future<Output = Result<Opened, Problem>> + Send;

    /// Ends what cannot go on without the consent.
    fn withdrawn(
        ctx: &Ctx,
        tx: &mut WriteTx,
        asked: Asked<'_>,
        id: Self::Id,
    ) -> impl Future<Output = Result<(), Problem>> + Send;
}

/// Paths of the consents' room: texts, the review of overrides, and what lies under
/// `/{list}/{id}/consents` of the two records.
pub fn doors<S, C, R>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
    C: Gate,
    R: Gate,
{
    Doors::of("consents")
        .get(
            "/consent-texts/{scope}",
            text,
            Door::new("consent_text", "The newest text that is signed, or one that was signed years ago.")
                .query::<Wanted>()
                .answers::<TextView>(200),
        )
        .get(
            "/overrides",
            overrides,
            Door::new("overrides", "What went ahead without consent, for auditors and administrators.")
                .people_only()
                .answers_pages::<OverrideView>(),
        )
        .post(
            "/overrides/{id}/review",
            review,
            Door::new("review_override", "What came of looking at an override.")
                .people_only()
                .once()
                .takes::<ReviewForm>()
                .answers::<OverrideView>(200)
                .refuses(&[&codes::WRONG_STATE]),
        )
        .and(of_record::<S, C>())
        .and(of_record::<S, R>())
}

fn of_record<S, G>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
    G: Gate,
{
    let base = format!("/{}/{{id}}/consents", G::LIST);
    let [listed, given, withdrawn, looked] = G::OPERATIONS;
    Doors::of("consents")
        .get(
            &base,
            list::<G>,
            Door::new(listed, "Every consent of the record: what holds, what was replaced or taken back.")
                .answers_pages::<ConsentView>(),
        )
        .post(
            &base,
            give::<G>,
            Door::new(given, "A consent given after the record was sent.")
                .people_only()
                .once()
                .takes::<ConsentForm>()
                .answers::<ConsentView>(201)
                .refuses(&[&codes::WRONG_STATE]),
        )
        .post(
            &format!("{base}/{{consent}}/withdraw"),
            withdraw::<G>,
            Door::new(withdrawn, "Takes a consent back; what the record shares ends at once.")
                .people_only()
                .once()
                .takes::<WithdrawForm>()
                .answers_list::<ConsentView>()
                .refuses(&[&codes::WRONG_STATE]),
        )
        .get(
            &format!("{base}/{{consent}}/signature"),
            signature::<G>,
            Door::new(looked, "The strokes as a picture.").people_only().answers_bytes(
                200,
                &["image/svg+xml"],
                &[],
            ),
        )
}

/// Which text.
#[derive(Debug, Deserialize, ToSchema)]
struct Wanted {
    /// Which version; without it the newest.
    version: Option<i64>,
}

/// A text in both languages.
#[derive(Serialize, ToSchema)]
struct TextView {
    scope: Scope,
    version: i64,
    texts: Vec<TextWords>,
}

/// A text in one language.
#[derive(Serialize, ToSchema)]
struct TextWords {
    lang: texts::TextLang,
    words: &'static str,
    sha256: String,
}

/// `GET /consent-texts/{scope}?version=`: the newest text, or one that was signed years ago.
async fn text(
    _who: Principal,
    Path(scope): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<axum::Json<TextView>, Problem> {
    let scope: Scope = scope.parse().map_err(|_| Problem::not_found("consent text"))?;
    let found: Vec<_> = match wanted.version {
        None => texts::newest(scope),
        Some(version) => {
            texts::TextLang::ALL.iter().filter_map(|lang| texts::find(scope, version, *lang)).collect()
        }
    };
    let Some(first) = found.first() else { return Err(Problem::not_found("consent text")) };
    let texts =
        found.iter().map(|text| TextWords { lang: text.lang, words: text.words, sha256: text.hash() });
    Ok(axum::Json(TextView { scope, version: first.version, texts: texts.collect() }))
}

/// `GET …/consents`, newest first: what holds, what was replaced, what was taken back.
async fn list<G: Gate>(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<G::Id>,
    Query(paged): Query<Paged>,
) -> Result<axum::Json<Page<ConsentView>>, Problem> {
    let mut tx = ctx.db.read().await?;
    let opened = G::open(&ctx, &mut tx, &who, id, Need::Read).await?;
    let subject = opened.place.subject;
    let ask = paged.ask(&ctx, format!("consents of {}", subject.id()))?;
    let Page { items, next } = store::page(&ctx, &mut tx, subject, &ask).await?;
    let mut shown = Vec::with_capacity(items.len());
    for held in items {
        shown.push(view::shown(&mut tx, held).await?);
    }
    Ok(axum::Json(Page { items: shown, next }))
}

/// `POST …/consents`: a consent given after the record was sent.
async fn give<G: Gate>(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<G::Id>,
    IdempotencyKey(key): IdempotencyKey,
    Json { value: form, bytes }: Json<ConsentForm>,
) -> Result<Response, Problem> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.write("consent.give").await?;
    let opened = G::open(&ctx, &mut tx, &who, id, Need::Change).await?;
    let once = Once::new(
        who.user,
        &key,
        &format!("POST /{}/{}/consents", G::LIST, opened.place.subject.id()),
        &bytes,
    );
    if let Err(again) = once.claim(&ctx, &mut tx, at).await? {
        return Ok(again.respond()?.into_response());
    }
    let given = form.checked(opened.place.subject.scope()).map_err(Error::from)?;
    let asked = Asked { who: &who, at };
    let changed = commands::give(&ctx, &mut tx, (&opened.place, &opened.audience), &given, asked).await?;
    let held = store::live(&ctx, &mut tx, opened.place.subject).await?.ok_or(Error::NotFound)?;
    let body = serde_json::to_value(view::shown(&mut tx, held).await?)
        .map_err(|_| Problem::new(&codes::INTERNAL))?;
    let answer = StoredAnswer { status: 201, version: 1, body };
    // What holds already is shown and leaves nothing behind, not even its key.
    if changed {
        once.keep(&ctx, &mut tx, &answer).await?;
        tx.commit().await?;
    }
    Ok(answer.into_response())
}

/// `POST …/consents/{consent}/withdraw`
async fn withdraw<G: Gate>(
    State(ctx): State<Ctx>,
    who: Principal,
    Path((id, consent)): Path<(G::Id, ConsentId)>,
    IdempotencyKey(key): IdempotencyKey,
    Json { value: form, bytes }: Json<WithdrawForm>,
) -> Result<Response, Problem> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.write("consent.withdraw").await?;
    let once = Once::new(who.user, &key, &format!("POST /{}/consents/{consent}/withdraw", G::LIST), &bytes);
    if let Err(again) = once.claim(&ctx, &mut tx, at).await? {
        return Ok(again.respond()?.into_response());
    }
    let opened = G::open(&ctx, &mut tx, &who, id, Need::Change).await?;
    let asked = Asked { who: &who, at };
    commands::withdraw(&ctx, &mut tx, (&opened.place, &opened.audience), (consent, &form), asked).await?;
    G::withdrawn(&ctx, &mut tx, asked, id).await?;
    let mut items = Vec::new();
    for held in store::all(&ctx, &mut tx, opened.place.subject).await? {
        items.push(view::shown(&mut tx, held).await?);
    }
    let answer = StoredAnswer { status: 200, version: 1, body: json!({ "items": items, "next": null }) };
    once.keep(&ctx, &mut tx, &answer).await?;
    tx.commit().await?;
    Ok(answer.into_response())
}

/// `GET …/consents/{consent}/signature`: the strokes as a picture. Looking is journaled.
async fn signature<G: Gate>(
    State(ctx): State<Ctx>,
    who: Principal,
    Path((id, consent)): Path<(G::Id, ConsentId)>,
) -> Result<Response, Problem> {
    let mut tx = ctx.db.write("consent.look").await?;
    let opened = G::open(&ctx, &mut tx, &who, id, Need::Read).await?;
    let subject = opened.place.subject;
    let held = store::all(&ctx, &mut tx, subject).await?.into_iter().find(|held| held.id == consent);
    let drawn = held.and_then(|held| held.signature).ok_or(Problem::not_found("signature"))?;
    let actor = Actor::User(who.user);
    let entry = Entry::new(ctx.clock.now(), actor, Some(who.acting), subject.entity(), "consent.look")
        .with(json!({ "consent": consent }));
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    let facts = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((StatusCode::OK, facts, drawn.svg()).into_response())
}

/// `GET /overrides`: what went ahead without consent, for auditors and administrators.
async fn overrides(
    State(ctx): State<Ctx>,
    who: Principal,
    Query(paged): Query<Paged>,
) -> Result<axum::Json<Page<OverrideView>>, Problem> {
    let ask = paged.ask(&ctx, format!("overrides of {}", who.acting))?;
    let mut tx = ctx.db.read().await?;
    let Page { items, next } = commands::overrides(&ctx, &mut tx, &who, &ask).await?;
    let mut shown = Vec::with_capacity(items.len());
    for found in items {
        shown.push(view::overridden(&mut tx, found, who.user).await?);
    }
    Ok(axum::Json(Page { items: shown, next }))
}

/// `POST /overrides/{id}/review`
async fn review(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<ConsentId>,
    IdempotencyKey(key): IdempotencyKey,
    Json { value: form, bytes }: Json<ReviewForm>,
) -> Result<Response, Problem> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.write("consent.review").await?;
    let once = Once::new(who.user, &key, &format!("POST /overrides/{id}/review"), &bytes);
    if let Err(again) = once.claim(&ctx, &mut tx, at).await? {
        return Ok(again.respond()?.into_response());
    }
    let found = commands::review(&ctx, &mut tx, (id, &form), Asked { who: &who, at }).await?;
    let view = view::overridden(&mut tx, found, who.user).await?;
    let body = serde_json::to_value(view).map_err(|_| Problem::new(&codes::INTERNAL))?;
    let answer = StoredAnswer { status: 200, version: 1, body };
    once.keep(&ctx, &mut tx, &answer).await?;
    tx.commit().await?;
    Ok(answer.into_response())
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found("consent"),
            Error::NotAllowed => Self::new(&codes::FORBIDDEN),
            Error::NothingHolds => Self::new(&codes::WRONG_STATE).with("why_code", "no_consent"),
            Error::Reviewed => Self::new(&codes::WRONG_STATE).with("why_code", "reviewed"),
            Error::Invalid(field) => Self::fields(vec![field]),
            Error::Store(fault) => Self::our_fault(fault),
        }
    }
}
