//! The `[log]` section: how much is said, and for whom.

use serde::Deserialize;

/// What is written to standard error.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// For a person or for a machine.
    pub format: LogFormat,
    /// What is let through, in the words of `tracing` ("info", "causeway=debug,info").
    pub filter: String,
}

/// For whom the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One readable line each, coloured in a terminal.
    Human,
    /// One JSON object each.
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Human, filter: "info,sqlx=warn,str0m=warn".into() }
    }
}
