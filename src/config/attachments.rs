//! The `[attachments]` section: where files lie and how large one may be.

use std::path::PathBuf;

use serde::Deserialize;

/// The store of files.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attachments {
    /// The folder the files are kept in, under random names.
    pub folder: PathBuf,
    /// The most one file may have, in bytes. Shown to people before they choose.
    pub max_bytes: u64,
    /// The program that decodes pictures in a process of its own; this very program when absent.
    pub decoder: Option<PathBuf>,
}

impl Attachments {
    /// The program that decodes pictures.
    pub fn decoder_program(&self) -> PathBuf {
        let own = || std::env::current_exe().unwrap_or_else(|_| PathBuf::from("causeway"));
        self.decoder.clone().unwrap_or_else(own)
    }
}

impl Default for Attachments {
    fn default() -> Self {
        Self { folder: "data/files".into(), max_bytes: 50 * 1024 * 1024, decoder: None }
    }
}
