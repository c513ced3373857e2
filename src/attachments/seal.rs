//! How the bytes of a file lie on disk: sealed in chunks, each readable by itself.
//!
//! Every file has a key of its own, used for nothing else. Chunk *i* holds 64 KiB of plain
//! bytes under AES-256-GCM with the nonce `i ‖ last?` (the STREAM construction of Hoang,
//! Reyhanitabar, Rogaway and Vizár, 2015): chunks cannot be dropped, swapped or cut off at
//! the end without being noticed.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, MAX_TAG_LEN, Nonce, UnboundKey};

/// Plain bytes in a chunk.
pub const CHUNK: usize = 64 * 1024;
/// Bytes of a full chunk on disk.
pub const SEALED_CHUNK: usize = CHUNK + MAX_TAG_LEN;

/// A chunk that is not what was written.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a chunk of the file does not open")]
pub struct Tampered;

/// The key of one file.
pub struct FileKey(LessSafeKey);

impl FileKey {
    /// From 32 random bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes).expect("the key has 32 bytes")))
    }

    /// Seals chunk `index` in place; a full chunk unless it is the last.
    pub fn seal(&self, index: u32, last: bool, chunk: &mut Vec<u8>) {
        self.0
            .seal_in_place_append_tag(nonce(index, last), Aad::empty(), chunk)
            .expect("a chunk is far shorter than the limit of AES-GCM");
    }

    /// Opens chunk `index` in place.
    pub fn open<'a>(&self, index: u32, last: bool, chunk: &'a mut [u8]) -> Result<&'a [u8], Tampered> {
        self.0
            .open_in_place(nonce(index, last), Aad::empty(), chunk)
            .map(|plain| &*plain)
            .map_err(|_| Tampered)
    }
}

/// Counted, not random: a key seals each index once.
fn nonce(index: u32, last: bool) -> Nonce {
    let mut bytes = [0; 12];
    bytes[..4].copy_from_slice(&index.to_be_bytes());
    bytes[11] = u8::from(last);
    Nonce::assume_unique_for_key(bytes)
}

/// Index of the last chunk of a file of `size` plain bytes.
pub fn last_chunk(size: u64) -> u32 {
    let chunks = size.div_ceil(CHUNK as u64).max(1);
    u32::try_from(chunks - 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_opens_only_at_its_place() {
        let key = FileKey::new(&[3; 32]);
        let mut chunk = b"ecg".to_vec();
        key.seal(4, false, &mut chunk);

        assert_eq!(key.open(4, false, &mut chunk.clone()), Ok(&b"ecg"[..]));
        assert_eq!(key.open(5, false, &mut chunk.clone()), Err(Tampered));
        assert_eq!(key.open(4, true, &mut chunk.clone()), Err(Tampered));
    }

    #[test]
    fn the_last_chunk_is_found_from_the_size() {
        assert_eq!(last_chunk(1), 0);
        assert_eq!(last_chunk(CHUNK as u64), 0);
        assert_eq!(last_chunk(CHUNK as u64 + 1), 1);
    }
}
