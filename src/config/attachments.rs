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
}

impl Default for Attachments {
    fn default() -> Self {
        Self { folder: "data/files".into(), max_bytes: 50 * 1024 * 1024 }
    }
}
