//! Blobs in a local folder, written so that a crash leaves no half file under its name.
//!
//! `incoming/` holds what is being written; a finished file is synced, renamed into
//! `blobs/xx/` and the folder is synced, and only then is it spoken of.

use std::{
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use tokio::{
    fs::{self, File},
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
};

use super::seal::{CHUNK, FileKey, SEALED_CHUNK, last_chunk};

/// The folder of the blobs.
#[derive(Debug, Clone)]
pub struct Blobs {
    dir: PathBuf,
}

/// A file that is being written. Dropped without [`Incoming::finish`] it is taken away by
/// the sweeper; nobody can see it meanwhile.
pub struct Incoming {
    file: File,
    path: PathBuf,
    key: FileKey,
    buffer: Vec<u8>,
    index: u32,
}

impl Blobs {
    /// Opens the folder, making it if need be.
    pub async fn open(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir.join("incoming")).await?;
        fs::create_dir_all(dir.join("blobs")).await?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// Begins a file that will be called `name`.
    pub async fn begin(&self, name: &str, key: FileKey) -> io::Result<Incoming> {
        let path = self.dir.join("incoming").join(name);
        let file = File::create_new(&path).await?;
        Ok(Incoming { file, path, key, buffer: Vec::with_capacity(CHUNK), index: 0 })
    }

    /// Opens plain bytes `from..to` of a file of `size` bytes.
    pub async fn open_range(
        &self,
        name: &str,
        key: FileKey,
        size: u64,
        (from, to): (u64, u64),
    ) -> io::Result<Reader> {
        let mut file = File::open(self.path(name)).await?;
        let index = u32::try_from(from / CHUNK as u64).unwrap_or(u32::MAX);
        file.seek(io::SeekFrom::Start(u64::from(index) * SEALED_CHUNK as u64)).await?;
        Ok(Reader { file, key, index, last: last_chunk(size), from, to })
    }

    /// All plain bytes of a file.
    pub async fn read_whole(&self, name: &str, key: FileKey, size: u64) -> io::Result<Vec<u8>> {
        let mut reader = self.open_range(name, key, size, (0, size)).await?;
        let mut whole = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        while let Some(plain) = reader.next().await? {
            whole.extend_from_slice(&plain);
        }
        Ok(whole)
    }

    /// Takes a blob away; it may be gone already.
    pub async fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path(name)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Names of all finished blobs, with how many seconds ago each was finished.
    pub async fn names(&self) -> io::Result<Vec<(String, u64)>> {
        let mut names = Vec::new();
        let mut shelves = fs::read_dir(self.dir.join("blobs")).await?;
        while let Some(shelf) = shelves.next_entry().await? {
            let mut entries = fs::read_dir(shelf.path()).await?;
            while let Some(entry) = entries.next_entry().await? {
                let age = entry.metadata().await?.modified()?.elapsed().unwrap_or_default();
                names.push((entry.file_name().to_string_lossy().into_owned(), age.as_secs()));
            }
        }
        Ok(names)
    }

    /// Takes away what was being written when the process ended, or more than `seconds` ago.
    pub async fn clear_incoming(&self, seconds: u64) -> io::Result<usize> {
        let mut cleared = 0;
        let mut entries = fs::read_dir(self.dir.join("incoming")).await?;
        while let Some(entry) = entries.next_entry().await? {
            let age = entry.metadata().await?.modified()?.elapsed().unwrap_or_default();
            if age.as_secs() >= seconds {
                fs::remove_file(entry.path()).await?;
                cleared += 1;
            }
        }
        Ok(cleared)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join("blobs").join(name.get(..2).unwrap_or("00")).join(name)
    }
}

/// A file, or a range of it, that is being read chunk by chunk.
pub struct Reader {
    file: File,
    key: FileKey,
    index: u32,
    last: u32,
    from: u64,
    to: u64,
}

impl Reader {
    /// The next plain bytes; `None` at the end of the range.
    pub async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let start = u64::from(self.index) * CHUNK as u64;
        if self.index > self.last || start >= self.to {
            return Ok(None);
        }
        let mut chunk = Vec::with_capacity(SEALED_CHUNK);
        (&mut self.file).take(SEALED_CHUNK as u64).read_to_end(&mut chunk).await?;
        let plain = self
            .key
            .open(self.index, self.index == self.last, &mut chunk)
            .map_err(|tampered| io::Error::new(io::ErrorKind::InvalidData, tampered))?;
        let within =
            |at: u64| usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX).min(plain.len());
        let asked = Bytes::copy_from_slice(&plain[within(self.from)..within(self.to)]);
        self.index += 1;
        Ok(Some(asked))
    }
}

impl Incoming {
    /// Takes more plain bytes.
    pub async fn write(&mut self, mut plain: &[u8]) -> io::Result<()> {
        while !plain.is_empty() {
            // A full buffer is flushed only when more comes: the last chunk is sealed as the last.
            if self.buffer.len() == CHUNK {
                self.flush_chunk(false).await?;
            }
            let room = CHUNK - self.buffer.len();
            let (now, later) = plain.split_at(room.min(plain.len()));
            self.buffer.extend_from_slice(now);
            plain = later;
        }
        Ok(())
    }

    /// Makes the file durable under its name.
    pub async fn finish(mut self, blobs: &Blobs) -> io::Result<()> {
        self.flush_chunk(true).await?;
        self.file.flush().await?;
        self.file.sync_all().await?;
        let name = self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let target = blobs.path(&name);
        let shelf = target.parent().unwrap_or(&blobs.dir).to_owned();
        let is_new_shelf = !fs::try_exists(&shelf).await?;
        fs::create_dir_all(&shelf).await?;
        fs::rename(&self.path, &target).await?;
        File::open(&shelf).await?.sync_all().await?;
        if is_new_shelf {
            File::open(blobs.dir.join("blobs")).await?.sync_all().await?;
        }
        Ok(())
    }

    /// Gives the file up.
    pub async fn abandon(self) {
        drop(self.file);
        if let Err(error) = fs::remove_file(&self.path).await {
            tracing::warn!(%error, "An unfinished upload could not be taken away; the sweeper will");
        }
    }

    async fn flush_chunk(&mut self, last: bool) -> io::Result<()> {
        self.key.seal(self.index, last, &mut self.buffer);
        self.file.write_all(&self.buffer).await?;
        self.buffer.clear();
        self.index += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn any_range_of_a_file_reads_back_as_it_was_written() {
        let dir = std::env::temp_dir().join(format!("causeway-blobs-{}", std::process::id()));
        let blobs = Blobs::open(&dir).await.expect("a folder in /tmp");
        let plain: Vec<u8> = (0..2 * CHUNK + 1000).map(|n| (n % 251) as u8).collect();
        for size in [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1000] {
            let name = format!("aa{size}");
            let key = || FileKey::new(&[9; 32]);
            let mut incoming = blobs.begin(&name, key()).await.expect("begins");
            for piece in plain[..size].chunks(1000) {
                incoming.write(piece).await.expect("writes");
            }
            incoming.finish(&blobs).await.expect("finishes");

            assert_eq!(blobs.read_whole(&name, key(), size as u64).await.expect("reads"), plain[..size]);
            for (from, to) in [(0, 1), (size / 2, size), (size - 1, size)] {
                let range = (from as u64, to as u64);
                let mut reader = blobs.open_range(&name, key(), size as u64, range).await.expect("opens");
                let mut got = Vec::new();
                while let Some(piece) = reader.next().await.expect("reads") {
                    got.extend_from_slice(&piece);
                }
                assert_eq!(got, plain[from..to], "{from}..{to} of {size}");
            }
        }
        std::fs::remove_dir_all(&dir).expect("was made above");
    }
}
