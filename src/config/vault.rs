//! The `[vault]` section: where the key lies that personal data is sealed with.

use std::path::PathBuf;

use serde::Deserialize;

/// The master key of this installation.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Vault {
    /// 64 hexadecimal digits, readable by the server's user alone. Made on the first start.
    /// Keep a copy elsewhere: without it, names and numbers in the database are unreadable.
    pub key_file: PathBuf,
}

impl Default for Vault {
    fn default() -> Self {
        Self { key_file: "data/master.key".into() }
    }
}
