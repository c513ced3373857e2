//! The doors to a record's files. The record decides who passes: it implements [`Gate`].

use std::{future::Future, io, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::{FromRef, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::Stream;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

use super::{
    commands::{self, Error, Files, Said},
    local::Reader,
    model::{Attachment, DicomFacts, FileName, Kind, Owner},
    range::{Asked, one_range},
    store,
};
use crate::{
    auth::Principal,
    ctx::Ctx,
    directory,
    http::{Door, Doors, IdempotencyKey, Once, Path, Problem, Query, StoredAnswer, codes},
    journal::{self, Actor, Entity, Entry},
    kernel::{AttachmentId, LinkId, PatientId, Timestamp, UserId},
    store::{Query as Ask, StoreError},
};

/// What someone wants of a record's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// To see them.
    Read,
    /// To add or take out.
    Change,
}

/// A record whose door opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The record as an owner of files.
    pub owner: Owner,
    /// Whose files they are.
    pub patient: PatientId,
    /// Who is told of a new file.
    pub audience: Vec<UserId>,
}

/// A record that shows files. It decides; files have no rights of their own.
pub trait Gate: Send + Sync + 'static {
    /// Its id, as in the address.
    type Id: DeserializeOwned + Copy + Send + Sync + 'static;
    /// Its list, such as `consults`.
    const LIST: &'static str;

    /// Opens the door of record `id` for `who`, or says why not.
    fn open<Q: Ask>(
        ctx: &Ctx,
        tx: &mut Q,
        who: &Principal,
        id: Self::Id,
        need: Need,
    ) -> impl Future<Output = Result<Opened, Problem>> + Send;
}

/// The routes under `/{list}/{id}/attachments`.
pub fn doors<S, G>() -> Doors<S>
where
    S: Clone + Send + Sync + 'static,
    Ctx: FromRef<S>,
    Arc<Files>: FromRef<S>,
    G: Gate,
{
    let list = G::LIST;
    let (base, id) = (format!("/{list}/{{id}}/attachments"), |verb: &str| format!("{verb}_{list}"));
    let file = format!("{base}/{{file}}");
    let door = |verb: &str, says: &str| Door::new(id(verb), says).part::<AttachmentId>("file");
    let kinds = Kind::ALL.map(|kind| kind.mime());
    Doors::of(list)
        .get(
            &base,
            self::list::<G>,
            Door::new(id("files_of"), "The files of a record.").answers_list::<View>(),
        )
        .post(
            &base,
            add::<G>,
            Door::new(id("add_file_to"), "Adds a file; the body is the file.")
                .once()
                .header("Content-Disposition", "The file's name: `attachment; filename*=UTF-8''…`", false)
                .takes_bytes(&kinds)
                .answers_record::<View>(201)
                .refuses(&[
                    &codes::NOT_ACCEPTED,
                    &codes::CONTENT_MISMATCH,
                    &codes::INVALID_FIELD,
                    &codes::DISK_FULL,
                    &codes::WRONG_STATE,
                ]),
        )
        .get(
            &file,
            download::<G>,
            door("download_from", "A file, to be saved; ranges are served.")
                .header("Range", "One range of bytes.", false)
                .answers_bytes(200, &kinds, &["ETag", "Content-Disposition", "Accept-Ranges"])
                .answers_bytes(206, &kinds, &["Content-Range"])
                .answers_nothing(304)
                .answers_nothing(416),
        )
        .delete(
            &file,
            remove::<G>,
            door("take_file_from", "Takes a file out of a record; it stays where else it is linked.")
                .answers_nothing(204)
                .refuses(&[&codes::WRONG_STATE]),
        )
        .get(
            &format!("{file}/view"),
            view::<G>,
            door("view_file_of", "A picture or PDF, to be shown in the page.")
                .answers_bytes(200, &kinds, &["ETag", "Content-Disposition"])
                .answers_bytes(206, &kinds, &["Content-Range"])
                .answers_nothing(304)
                .answers_nothing(416),
        )
        .get(
            &format!("{file}/thumbnail"),
            thumbnail::<G>,
            door("thumbnail_of", "A small JPEG of a picture.").answers_bytes(200, &["image/jpeg"], &[]),
        )
        .get(
            &format!("{file}/pixels"),
            pixels::<G>,
            door("pixels_of", "The samples of one DICOM frame, 16 bits each, little endian.")
                .query::<Frame>()
                .answers_bytes(200, &["application/octet-stream"], PIXEL_FACTS)
                .refuses(&[&codes::CONTENT_MISMATCH]),
        )
}

/// How the samples are to be shown.
const PIXEL_FACTS: &[&str] = &[
    "X-Rows",
    "X-Cols",
    "X-Photometric",
    "X-Signed",
    "X-Rescale-Slope",
    "X-Rescale-Intercept",
    "X-Window-Center",
    "X-Window-Width",
];

/// A person beside a file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LinkedBy)]
struct By {
    id: UserId,
    name: String,
}

/// A file as it goes out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attachment)]
struct View {
    id: AttachmentId,
    link_id: LinkId,
    name: String,
    mime: &'static str,
    size: u64,
    sha256: String,
    width: Option<u32>,
    height: Option<u32>,
    dicom: Option<DicomFacts>,
    has_thumbnail: bool,
    linked_by: By,
    linked_at: Timestamp,
}

impl View {
    async fn of(tx: &mut impl Ask, file: &Attachment) -> Result<Self, StoreError> {
        let name = directory::name_of(tx, file.linked_by).await?;
        Ok(Self {
            id: file.id,
            link_id: file.link,
            name: file.name.as_str().to_owned(),
            mime: file.kind.mime(),
            size: file.size,
            sha256: file.sha256.clone(),
            width: file.picture.width,
            height: file.picture.height,
            dicom: file.picture.dicom.clone(),
            has_thumbnail: file.thumbnail > 0,
            linked_by: By { id: file.linked_by, name },
            linked_at: file.linked_at,
        })
    }
}

/// `GET …/attachments`
async fn list<G: Gate>(
    State(ctx): State<Ctx>,
    who: Principal,
    Path(id): Path<G::Id>,
) -> Result<Response, Problem> {
    let mut tx = ctx.db.read().await?;
    let opened = G::open(&ctx, &mut tx, &who, id, Need::Read).await?;
    let mut items = Vec::new();
    for file in store::of(&ctx, &mut tx, opened.owner).await? {
        items.push(View::of(&mut tx, &file).await?);
    }
    Ok(axum::Json(crate::kernel::Page::whole(items)).into_response())
}

/// `POST …/attachments`: the body is the file.
async fn add<G: Gate>(
    (State(ctx), State(files)): (State<Ctx>, State<Arc<Files>>),
    who: Principal,
    Path(id): Path<G::Id>,
    IdempotencyKey(key): IdempotencyKey,
    headers: HeaderMap,
    body: Body,
) -> Result<StoredAnswer, Problem> {
    let opened = {
        let mut tx = ctx.db.read().await?;
        G::open(&ctx, &mut tx, &who, id, Need::Change).await?
    };
    let stored = files.take_in(&ctx, who.user, &said(&headers), body.into_data_stream()).await?;
    let file = &stored.file;
    let what = format!("POST {}/{}/attachments", G::LIST, opened.owner.id());
    let once = Once::new(who.user, &key, &what, format!("{} {}", file.sha256, file.name.as_str()).as_bytes());
    let kept = async {
        let mut tx = ctx.db.write("attachment.add").await?;
        if let Err(again) = once.claim(&ctx, &mut tx, file.linked_at).await? {
            return again.respond().map(|answer| (answer, false));
        }
        // Asked again: the record may have been closed while the file was on its way.
        let opened = G::open(&ctx, &mut tx, &who, id, Need::Change).await?;
        commands::attach(&ctx, &mut tx, &stored, opened.owner, opened.patient).await?;
        let view = View::of(&mut tx, file).await?;
        let body = serde_json::to_value(view).map_err(|_| Problem::new(&codes::INTERNAL))?;
        let answer = StoredAnswer { status: StatusCode::CREATED.as_u16(), version: 1, body };
        once.keep(&ctx, &mut tx, &answer).await?;
        let entry = entry(&who, opened.owner, file.linked_at, "attachment.add", file);
        journal::append(&mut tx, entry, &opened.audience).await?;
        tx.commit().await?;
        Ok::<_, Problem>((answer, true))
    }
    .await;
    match kept {
        Ok((answer, true)) => {
            tracing::info!(attachment.id = %file.id, size = file.size, "Attachment taken in");
            Ok(answer)
        }
        Ok((answer, false)) => {
            files.give_up(&stored).await;
            Ok(answer)
        }
        Err(problem) => {
            files.give_up(&stored).await;
            Err(problem)
        }
    }
}

/// `GET …/attachments/{file}`: the bytes, to be saved. Ranges are served.
async fn download<G: Gate>(
    (State(ctx), State(files)): (State<Ctx>, State<Arc<Files>>),
    who: Principal,
    Path((id, file)): Path<(G::Id, AttachmentId)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let file = opened_file::<G>(&ctx, &who, id, file, "attachment.read").await?;
    serve((&ctx, &files), &file, &headers, ("attachment", "sandbox; default-src 'none'")).await
}

/// `GET …/attachments/{file}/view`: the bytes, to be shown in the page.
async fn view<G: Gate>(
    (State(ctx), State(files)): (State<Ctx>, State<Arc<Files>>),
    who: Principal,
    Path((id, file)): Path<(G::Id, AttachmentId)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let file = opened_file::<G>(&ctx, &who, id, file, "attachment.view").await?;
    if !file.kind.is_shown_inline() {
        return Err(Problem::not_found("view"));
    }
    // The browser's own PDF viewer does not run in a sandbox; it runs no script of the page either.
    let policy = match file.kind {
        Kind::Pdf => {
            "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"
        }
        _ => "sandbox; default-src 'none'",
    };
    serve((&ctx, &files), &file, &headers, ("inline", policy)).await
}

/// `GET …/attachments/{file}/thumbnail`: a JPEG of at most 480 pixels.
async fn thumbnail<G: Gate>(
    (State(ctx), State(files)): (State<Ctx>, State<Arc<Files>>),
    who: Principal,
    Path((id, file)): Path<(G::Id, AttachmentId)>,
) -> Result<Response, Problem> {
    let file = {
        let mut tx = ctx.db.read().await?;
        let opened = G::open(&ctx, &mut tx, &who, id, Need::Read).await?;
        store::one(&ctx, &mut tx, opened.owner, file).await?.ok_or(Problem::not_found("attachment"))?
    };
    let jpeg = files.thumbnail(&ctx, &file).await?;
    Ok((
        [
            (header::CONTENT_TYPE, "image/jpeg"),
            (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
        ],
        jpeg,
    )
        .into_response())
}

/// Which frame.
#[derive(Debug, Deserialize, ToSchema)]
struct Frame {
    #[serde(default)]
    frame: u32,
}

/// `GET …/attachments/{file}/pixels?frame=`: samples of a DICOM frame, and how to show them.
async fn pixels<G: Gate>(
    (State(ctx), State(files)): (State<Ctx>, State<Arc<Files>>),
    who: Principal,
    Path((id, file)): Path<(G::Id, AttachmentId)>,
    Query(Frame { frame }): Query<Frame>,
) -> Result<Response, Problem> {
    let file = opened_file::<G>(&ctx, &who, id, file, "attachment.view").await?;
    let samples = files.samples(&ctx, &file, frame).await?;
    let facts = [
        ("x-rows", samples.rows.to_string()),
        ("x-cols", samples.cols.to_string()),
        ("x-photometric", samples.photometric),
        ("x-signed", u8::from(samples.signed).to_string()),
        ("x-rescale-slope", samples.slope.to_string()),
        ("x-rescale-intercept", samples.intercept.to_string()),
        ("x-window-center", samples.center.to_string()),
        ("x-window-width", samples.width.to_string()),
    ];
    let mut response = samples.bytes.into_response();
    for (name, value) in facts {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    Ok(response)
}

/// `DELETE …/attachments/{file}`: ends this record's link; the file stays where else it is linked.
async fn remove<G: Gate>(
    State(ctx): State<Ctx>,
    who: Principal,
    Path((id, file)): Path<(G::Id, AttachmentId)>,
) -> Result<StatusCode, Problem> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.write("attachment.remove").await?;
    let opened = G::open(&ctx, &mut tx, &who, id, Need::Change).await?;
    let shown =
        store::one(&ctx, &mut tx, opened.owner, file).await?.ok_or(Problem::not_found("attachment"))?;
    store::unlink(&mut tx, opened.owner, file, at).await?;
    let entry = entry(&who, opened.owner, at, "attachment.remove", &shown);
    journal::append(&mut tx, entry, &opened.audience).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A file of a record that opened, with the reading journaled.
async fn opened_file<G: Gate>(
    ctx: &Ctx,
    who: &Principal,
    id: G::Id,
    file: AttachmentId,
    action: &'static str,
) -> Result<Attachment, Problem> {
    let mut tx = ctx.db.write("attachment.read").await?;
    let opened = G::open(ctx, &mut tx, who, id, Need::Read).await?;
    let shown =
        store::one(ctx, &mut tx, opened.owner, file).await?.ok_or(Problem::not_found("attachment"))?;
    let entry = entry(who, opened.owner, ctx.clock.now(), action, &shown);
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    Ok(shown)
}

fn entry(who: &Principal, owner: Owner, at: Timestamp, action: &'static str, file: &Attachment) -> Entry {
    let entity = match owner {
        Owner::Consult(id) => Entity::Consult(id),
        Owner::Referral(id) => Entity::Referral(id),
    };
    Entry::new(at, Actor::User(who.user), Some(who.acting), entity, action)
        .with(serde_json::json!({ "attachment": file.id, "kind": file.kind.word() }))
}

fn said(headers: &HeaderMap) -> Said {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    Said {
        name: text(header::CONTENT_DISPOSITION)
            .and_then(FileName::from_disposition)
            .unwrap_or_else(|| FileName::clean("")),
        kind: text(header::CONTENT_TYPE).and_then(Kind::declared),
        length: text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok()),
    }
}

/// Streams a file, or the one range that was asked for.
async fn serve(
    (ctx, files): (&Ctx, &Files),
    file: &Attachment,
    headers: &HeaderMap,
    (how, policy): (&str, &'static str),
) -> Result<Response, Problem> {
    let tag = format!("\"{}\"", file.sha256);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|seen| seen.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let (status, (from, to)) = match asked.map(|range| one_range(range, file.size)) {
        None | Some(Asked::Ignored) => (StatusCode::OK, (0, file.size)),
        Some(Asked::Part(from, to)) => (StatusCode::PARTIAL_CONTENT, (from, to)),
        Some(Asked::Outside) => {
            let whole = format!("bytes */{}", file.size);
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, whole)]).into_response());
        }
    };
    let mut facts = vec![
        (header::CONTENT_TYPE, file.kind.mime().to_owned()),
        (header::CONTENT_LENGTH, (to - from).to_string()),
        (header::CONTENT_DISPOSITION, file.name.disposition(how)),
        (header::CONTENT_SECURITY_POLICY, policy.to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::ETAG, tag),
    ];
    if status == StatusCode::PARTIAL_CONTENT {
        facts.push((header::CONTENT_RANGE, format!("bytes {from}-{}/{}", to - 1, file.size)));
    }
    let reader = files.open_range(ctx, file, (from, to)).await?;
    let mut response = (status, Body::from_stream(stream(reader))).into_response();
    for (name, value) in facts {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// Opens chunk after chunk as the browser takes them.
fn stream(reader: Reader) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    futures_util::stream::try_unfold(reader, |mut reader| async move {
        Ok(reader.next().await?.map(|chunk| (chunk, reader)))
    })
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::TooLarge { limit } => Self::new(&codes::TOO_LARGE).with("limit", limit),
            Error::Empty => Self::field("body", "required"),
            Error::NotAccepted => Self::new(&codes::NOT_ACCEPTED)
                .with("accepted", Kind::ALL.map(|kind| kind.mime().split(';').next().unwrap_or_default())),
            Error::Mismatch => Self::new(&codes::CONTENT_MISMATCH),
            Error::Cut => Self::new(&codes::BAD_REQUEST).detail("The file did not arrive whole."),
            Error::DiskFull => Self::new(&codes::DISK_FULL),
            Error::NotFound => Self::not_found("attachment"),
            Error::NoDecoder => Self::new(&codes::UNAVAILABLE),
            Error::Io(error) => {
                tracing::error!(%error, "The file store failed");
                Self::new(&codes::INTERNAL)
            }
            Error::Store(fault) => Self::our_fault(fault),
        }
    }
}
