//! `[database]`: where the records are kept.

use serde::Deserialize;

/// Where the records are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite://data/causeway.db?mode=rwc`, or `postgres://user:password@host/name`.
    pub url: String,
    /// Connections for reading.
    pub connections: u32,
    /// PostgreSQL only: the schema to live in; the server's default when absent.
    pub schema: Option<String>,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: "sqlite://data/causeway.db?mode=rwc".to_owned(), connections: 8, schema: None }
    }
}
