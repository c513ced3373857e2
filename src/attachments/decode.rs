//! Asks the decoder process: [`super::picture`], behind a wall.

use std::{path::PathBuf, process::Stdio, sync::Arc, time::Duration};

use serde::de::DeserializeOwned;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    sync::Semaphore,
};

use super::{
    model::{Kind, Picture},
    picture::Samples,
};

/// Wall-clock time one picture may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Address space of the decoder in KiB: 64 megapixels of RGBA, the file itself, and air.
const MEMORY_KIB: u32 = 1024 * 1024;
/// Decoders at once: as many as the smallest machine has cores.
const AT_ONCE: usize = 2;

/// Why a picture was not decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The decoder looked and said no (or died of it).
    #[error("the picture cannot be shown")]
    Refused,
    /// The decoder could not be started or did not answer in time.
    #[error("the decoder did not answer")]
    NoAnswer,
}

/// Starts one decoder process per picture.
#[derive(Debug, Clone)]
pub struct Decoder {
    program: PathBuf,
    seats: Arc<Semaphore>,
}

impl Decoder {
    /// A decoder that runs `program decode …`.
    pub fn new(program: PathBuf) -> Self {
        Self { program, seats: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Facts and small picture.
    pub async fn look(&self, kind: Kind, bytes: Vec<u8>) -> Result<(Picture, Option<Vec<u8>>), DecodeError> {
        let (facts, jpeg) = self.ask(&["look", kind.word()], bytes).await?;
        Ok((facts, (!jpeg.is_empty()).then_some(jpeg)))
    }

    /// The samples of one DICOM frame.
    pub async fn samples(&self, bytes: Vec<u8>, frame: u32) -> Result<Samples, DecodeError> {
        let (mut samples, bytes): (Samples, _) = self.ask(&["samples", &frame.to_string()], bytes).await?;
        samples.bytes = bytes;
        Ok(samples)
    }

    /// One question: a line of JSON comes back, then bytes.
    async fn ask<T: DeserializeOwned>(
        &self,
        what: &[&str],
        bytes: Vec<u8>,
    ) -> Result<(T, Vec<u8>), DecodeError> {
        let _seat = self.seats.acquire().await.map_err(|_| DecodeError::NoAnswer)?;
        let answer = tokio::time::timeout(PATIENCE, self.run(what, bytes)).await;
        let answer = answer.map_err(|_| DecodeError::NoAnswer)??;
        let line = answer.iter().position(|byte| *byte == b'\n').ok_or(DecodeError::Refused)?;
        let header = serde_json::from_slice(&answer[..line]).map_err(|_| DecodeError::Refused)?;
        Ok((header, answer[line + 1..].to_vec()))
    }

    async fn run(&self, what: &[&str], bytes: Vec<u8>) -> Result<Vec<u8>, DecodeError> {
        let gone = |error: std::io::Error| {
            tracing::error!(%error, "The picture decoder could not be used");
            DecodeError::NoAnswer
        };
        // The shell sets the limits: no code of ours may be unsafe, and there is one on every host we run on.
        let limits =
            format!("ulimit -v {MEMORY_KIB}; ulimit -t {}; exec \"$0\" decode \"$@\"", PATIENCE.as_secs());
        let mut child = Command::new("/bin/sh")
            .args(["-c", &limits])
            .arg(&self.program)
            .args(what)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(gone)?;
        let (Some(mut into), Some(mut from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(DecodeError::NoAnswer);
        };
        let feed = async move {
            // A decoder that has seen enough closes its ear; that is not our failure.
            into.write_all(&bytes).await.ok();
            drop(into);
        };
        let mut answer = Vec::new();
        let ((), read) = tokio::join!(feed, from.read_to_end(&mut answer));
        read.map_err(gone)?;
        let status = child.wait().await.map_err(gone)?;
        if status.success() { Ok(answer) } else { Err(DecodeError::Refused) }
    }
}
