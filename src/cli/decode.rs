//! `causeway decode`: looks into one picture from standard input and exits. The server
//! starts it with limits on memory and time; it opens no file and no connection.

use std::{
    io::{Read, Write},
    process::ExitCode,
};

use crate::attachments::{Kind, picture};

/// What is asked of the decoder.
#[derive(Debug, clap::Subcommand)]
pub enum Decode {
    /// Facts as a line of JSON, then a small picture as JPEG.
    Look {
        /// `jpeg`, `png`, `webp` or `dicom`.
        kind: String,
    },
    /// Facts of one DICOM frame as a line of JSON, then its samples.
    Samples {
        /// Counted from 0.
        frame: u32,
    },
}

/// Answers on standard output.
pub fn run(what: &Decode) -> ExitCode {
    let mut bytes = Vec::new();
    if std::io::stdin().lock().read_to_end(&mut bytes).is_err() {
        return ExitCode::FAILURE;
    }
    let answer = match what {
        Decode::Look { kind } => kind.parse::<Kind>().ok().and_then(|kind| {
            let (facts, jpeg) = picture::look(kind, &bytes).ok()?;
            Some((serde_json::to_string(&facts).ok()?, jpeg.unwrap_or_default()))
        }),
        Decode::Samples { frame } => picture::samples(&bytes, *frame)
            .ok()
            .and_then(|samples| Some((serde_json::to_string(&samples).ok()?, samples.bytes))),
    };
    let Some((header, body)) = answer else { return ExitCode::FAILURE };
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{header}").and_then(|()| out.write_all(&body)).and_then(|()| out.flush());
    if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
