//! What can be done with files: take in, show, link, take out, sweep.

use std::{io, path::Path};

use aws_lc_rs::digest::{Context as Sha, SHA256};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use super::{
    decode::{DecodeError, Decoder},
    local::{Blobs, Incoming, Reader},
    model::{Attachment, FileName, Kind, Owner, Picture},
    picture::Samples,
    seal::FileKey,
    sniff::{HEAD, TAIL, TextWatch, sniff},
    store,
};
use crate::{
    config,
    ctx::Ctx,
    kernel::{AttachmentId, DiceExt, LinkId, Timestamp, UserId},
    store::{Query, StoreError, WriteTx},
};

/// Why a file was not taken or not shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Larger than the limit.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Nothing was sent.
    #[error("the file is empty")]
    Empty,
    /// A kind of file we do not take.
    #[error("this kind of file is not taken")]
    NotAccepted,
    /// Not what it was said to be, or damaged.
    #[error("the file is not what its name says")]
    Mismatch,
    /// The line broke before all of it had come.
    #[error("the file did not arrive whole")]
    Cut,
    /// No room on the disk.
    #[error("no room on the disk")]
    DiskFull,
    /// The record does not show such a file, or the file has no such view.
    #[error("no such file")]
    NotFound,
    /// The decoder did not answer.
    #[error("the decoder did not answer")]
    NoDecoder,
    /// The blob could not be read or written.
    #[error("the file store failed")]
    Io(#[source] io::Error),
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io(error),
        }
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Refused => Self::Mismatch,
            DecodeError::NoAnswer => Self::NoDecoder,
        }
    }
}

/// The shelf of files: blobs, decoder and limit.
#[derive(Debug, Clone)]
pub struct Files {
    blobs: Blobs,
    decoder: Decoder,
    max_bytes: u64,
}

/// A file whose bytes are durable and that no record speaks of yet.
#[derive(Debug)]
pub struct Stored {
    /// Everything about it but the link.
    pub file: Attachment,
}

/// What a sender says about a file.
#[derive(Debug, Clone)]
pub struct Said {
    /// Its name.
    pub name: FileName,
    /// Its kind, if the browser knew.
    pub kind: Option<Kind>,
    /// Its length, if it was announced.
    pub length: Option<u64>,
}

impl Files {
    /// Opens the shelf and clears what a crash left half written.
    ///
    /// # Errors
    /// If the folder cannot be made or read.
    pub async fn open(settings: &config::Attachments) -> io::Result<Self> {
        let blobs = Blobs::open(Path::new(&settings.folder)).await?;
        blobs.clear_incoming(0).await?;
        let decoder = Decoder::new(settings.decoder_program());
        Ok(Self { blobs, decoder, max_bytes: settings.max_bytes })
    }

    /// The largest file taken, in bytes.
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Takes bytes in until they are durable, and looks at them. No record is touched.
    pub async fn take_in<E>(
        &self,
        ctx: &Ctx,
        by: UserId,
        said: &Said,
        body: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<Stored, Error> {
        if said.length.is_some_and(|length| length > self.max_bytes) {
            return Err(Error::TooLarge { limit: self.max_bytes });
        }
        let at = ctx.clock.now();
        let id = AttachmentId::draw(at, &*ctx.dice);
        let storage_key: String = ctx.dice.bytes::<20>().iter().map(|byte| format!("{byte:02x}")).collect();
        let key = ctx.dice.bytes::<32>();
        let mut incoming = self.blobs.begin(&storage_key, FileKey::new(&key)).await?;
        let (kind, size, sha256) = match self.receive(said, body, &mut incoming).await {
            Ok(known) => known,
            Err(error) => {
                incoming.abandon().await;
                return Err(error);
            }
        };
        incoming.finish(&self.blobs).await?;
        let mut file = Attachment {
            id,
            link: LinkId::draw(at, &*ctx.dice),
            storage_key,
            file_key: ctx.vault.seal(&store::place("file_key", id), &key, &*ctx.dice),
            sha256,
            size,
            kind,
            name: said.name.clone(),
            picture: Picture::default(),
            thumbnail: 0,
            linked_by: by,
            linked_at: at,
        };
        if let Err(error) = self.look_at(&mut file, &key).await {
            self.give_up(&Stored { file }).await;
            return Err(error);
        }
        Ok(Stored { file })
    }

    /// Writes the stream down, hashing and counting; says what it was.
    async fn receive<E>(
        &self,
        said: &Said,
        body: impl Stream<Item = Result<Bytes, E>> + Send,
        into: &mut Incoming,
    ) -> Result<(Kind, u64, String), Error> {
        let (mut size, mut sha, mut text) = (0_u64, Sha::new(&SHA256), TextWatch::default());
        let (mut head, mut tail) = (Vec::with_capacity(HEAD), Vec::with_capacity(2 * TAIL));
        let mut body = std::pin::pin!(body);
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|_| Error::Cut)?;
            size += chunk.len() as u64;
            if size > self.max_bytes {
                return Err(Error::TooLarge { limit: self.max_bytes });
            }
            sha.update(&chunk);
            text.take(&chunk);
            head.extend_from_slice(&chunk[..chunk.len().min(HEAD - head.len())]);
            tail.extend_from_slice(&chunk[chunk.len().saturating_sub(TAIL)..]);
            tail.drain(..tail.len().saturating_sub(TAIL));
            into.write(&chunk).await?;
        }
        if size == 0 {
            return Err(Error::Empty);
        }
        if said.length.is_some_and(|length| length != size) {
            return Err(Error::Cut);
        }
        let kind = match (sniff(&head, &tail, text.is_text()), said.kind) {
            (Some(found), None) => found,
            (Some(found), Some(declared)) if found == declared => found,
            (_, Some(_)) => return Err(Error::Mismatch),
            (None, None) => return Err(Error::NotAccepted),
        };
        Ok((kind, size, hex(sha.finish().as_ref())))
    }

    /// Fills in what the decoder sees, and stores the small picture beside the file.
    async fn look_at(&self, file: &mut Attachment, key: &[u8; 32]) -> Result<(), Error> {
        match file.kind {
            Kind::Pdf | Kind::Text => return Ok(()),
            Kind::Jpeg | Kind::Png | Kind::Webp | Kind::Dicom => {}
        }
        let bytes = self.blobs.read_whole(&file.storage_key, FileKey::new(key), file.size).await?;
        let (picture, small) = self.decoder.look(file.kind, bytes).await?;
        file.picture = picture;
        if let Some(jpeg) = small {
            let mut incoming = self.blobs.begin(&small_name(file), FileKey::new(&small_key(key))).await?;
            incoming.write(&jpeg).await?;
            incoming.finish(&self.blobs).await?;
            file.thumbnail = jpeg.len() as u64;
        }
        Ok(())
    }

    /// Takes back bytes that no record will speak of.
    pub async fn give_up(&self, stored: &Stored) {
        for name in [stored.file.storage_key.clone(), small_name(&stored.file)] {
            if let Err(error) = self.blobs.remove(&name).await {
                tracing::warn!(%error, "A blob without a record could not be taken away; the sweeper will");
            }
        }
    }

    /// Opens plain bytes `from..to` of a file.
    pub(super) async fn open_range(
        &self,
        ctx: &Ctx,
        file: &Attachment,
        range: (u64, u64),
    ) -> Result<Reader, Error> {
        let key = FileKey::new(&open_key(ctx, file)?);
        Ok(self.blobs.open_range(&file.storage_key, key, file.size, range).await?)
    }

    /// The small picture as JPEG.
    pub async fn thumbnail(&self, ctx: &Ctx, file: &Attachment) -> Result<Vec<u8>, Error> {
        if file.thumbnail == 0 {
            return Err(Error::NotFound);
        }
        let key = FileKey::new(&small_key(&open_key(ctx, file)?));
        Ok(self.blobs.read_whole(&small_name(file), key, file.thumbnail).await?)
    }

    /// The samples of one frame of a DICOM file.
    pub async fn samples(&self, ctx: &Ctx, file: &Attachment, frame: u32) -> Result<Samples, Error> {
        let frames = file.picture.dicom.as_ref().map_or(0, |dicom| dicom.frames);
        if frame >= frames {
            return Err(Error::NotFound);
        }
        let key = FileKey::new(&open_key(ctx, file)?);
        let bytes = self.blobs.read_whole(&file.storage_key, key, file.size).await?;
        Ok(self.decoder.samples(bytes, frame).await?)
    }
}

/// Writes the rows of a stored file and links it to `owner`. The caller journals and commits.
pub async fn attach(
    ctx: &Ctx,
    tx: &mut WriteTx,
    stored: &Stored,
    owner: Owner,
    patient: crate::kernel::PatientId,
) -> Result<(), Error> {
    let file = &stored.file;
    let when = (file.linked_by, file.linked_at);
    store::insert(ctx, tx, file, patient, when).await?;
    store::link(tx, file.link, file.id, owner, when).await?;
    Ok(())
}

/// What `owner` shows.
pub async fn list(ctx: &Ctx, tx: &mut impl Query, owner: Owner) -> Result<Vec<Attachment>, StoreError> {
    store::of(ctx, tx, owner).await
}

/// Links everything `from` shows to `to` as well, unless it is there: no file is copied.
/// Says how many links were made.
pub async fn link_all(
    ctx: &Ctx,
    tx: &mut WriteTx,
    (from, to): (Owner, Owner),
    (by, at): (UserId, Timestamp),
) -> Result<usize, StoreError> {
    let there: Vec<_> = store::of(ctx, tx, to).await?.iter().map(|file| file.id).collect();
    let missing: Vec<_> =
        store::of(ctx, tx, from).await?.into_iter().filter(|f| !there.contains(&f.id)).collect();
    for file in &missing {
        store::link(tx, LinkId::draw(at, &*ctx.dice), file.id, to, (by, at)).await?;
    }
    Ok(missing.len())
}

/// Takes away blobs that no row speaks of and that are older than `grace` seconds: what a
/// crash between the file and its row left behind. Says how many.
pub async fn sweep(ctx: &Ctx, files: &Files, grace: u64) -> Result<usize, Error> {
    let mut swept = files.blobs.clear_incoming(grace).await?;
    let names = files.blobs.names().await?;
    let mut tx = ctx.db.read().await?;
    for (name, age) in names {
        let storage_key = name.strip_suffix(SMALL).unwrap_or(&name);
        if age >= grace && !store::knows_blob(&mut tx, storage_key).await? {
            files.blobs.remove(&name).await?;
            swept += 1;
        }
    }
    Ok(swept)
}

const SMALL: &str = ".small";

fn small_name(file: &Attachment) -> String {
    format!("{}{SMALL}", file.storage_key)
}

/// The small picture has a key of its own, since a key may seal each chunk number once.
fn small_key(key: &[u8; 32]) -> [u8; 32] {
    let mut small = [0; 32];
    small
        .copy_from_slice(aws_lc_rs::digest::digest(&SHA256, &[&key[..], SMALL.as_bytes()].concat()).as_ref());
    small
}

fn open_key(ctx: &Ctx, file: &Attachment) -> Result<[u8; 32], Error> {
    let opened = ctx.vault.open(&store::place("file_key", file.id), &file.file_key).ok();
    opened
        .and_then(|key| key.try_into().ok())
        .ok_or_else(|| StoreError::Broken { column: "file_key".into(), why: "does not open".into() }.into())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
