//! Config: what an operator may set, one file per section, defaults that work with no file.
//!
//! What counts last wins: defaults, then the file, then the environment
//! (`CAUSEWAY_DATABASE__URL` for `url` in `[database]`), then the command line.

mod attachments;
mod database;
mod hooks;
mod log;
mod media;
mod metrics;
mod paper;
mod server;
mod tls;
mod vault;

use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use attachments::Attachments;
pub use database::Database;
pub use hooks::{Hooks, Net};
pub use log::{Log, LogFormat};
pub use media::Media;
pub use metrics::Metrics;
pub use paper::Paper;
pub use server::Server;
pub use tls::Tls;
pub use vault::Vault;

/// Every section. `causeway.sample.toml` explains each setting; a test parses it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where it listens.
    pub server: Server,
    /// Whose certificate it shows.
    pub tls: Tls,
    /// Where the records are kept.
    pub database: Database,
    /// Where the files are kept.
    pub attachments: Attachments,
    /// With which letters papers are printed.
    pub paper: Paper,
    /// How calls reach the world.
    pub media: Media,
    /// What personal data is sealed with.
    pub vault: Vault,
    /// Where messages to other systems may go.
    pub hooks: Hooks,
    /// What it says about itself.
    pub log: Log,
    /// Where its figures are read.
    pub metrics: Metrics,
}

/// Why the settings cannot be used; said before anything is started.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there or may not be read.
    #[error("{path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is not TOML, or names something there is not.
    #[error("{place}: {source}")]
    Text {
        /// The file, or "the environment".
        place: String,
        /// Line, column and reason.
        source: Box<toml::de::Error>,
    },
    /// A variable `CAUSEWAY_…` does not name a setting.
    #[error("{0}: write CAUSEWAY_SECTION__SETTING, for example CAUSEWAY_DATABASE__URL")]
    Variable(String),
}

/// Reads the file, if one is named, and the environment over it.
pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
    let mut table = toml::Table::new();
    let mut place = "the environment".to_owned();
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::File { path: path.into(), source })?;
        place = path.display().to_string();
        // Parsed alone first: only then do the line numbers in the message mean something.
        let wrong = |source| ConfigError::Text { place: place.clone(), source: Box::new(source) };
        toml::from_str::<Config>(&text).map_err(wrong)?;
        table = toml::from_str(&text).map_err(wrong)?;
    }
    for (name, value) in std::env::vars().filter(|(name, _)| name.starts_with("CAUSEWAY_")) {
        if !OURS_BUT_NO_SETTING.contains(&&*name) {
            overlay(&mut table, &name, value)?;
        }
    }
    Config::deserialize(table).map_err(|source| ConfigError::Text { place, source: Box::new(source) })
}

/// Read by the command line and by the test scripts.
const OURS_BUT_NO_SETTING: &[&str] = &["CAUSEWAY_CONFIG", "CAUSEWAY_BIN", "CAUSEWAY_PROBE_PASSWORD"];

/// Puts one variable where the file would have had it. `…_FILE` names a file with the value, as
/// service managers hand over secrets.
fn overlay(table: &mut toml::Table, name: &str, value: String) -> Result<(), ConfigError> {
    let unclear = || ConfigError::Variable(name.to_owned());
    let rest = name.strip_prefix("CAUSEWAY_").ok_or_else(unclear)?.to_ascii_lowercase();
    let (section, key) = rest.split_once("__").ok_or_else(unclear)?;
    let section = table.entry(section).or_insert_with(|| toml::Table::new().into());
    let section = section.as_table_mut().ok_or_else(unclear)?;
    let (key, text) = match key.strip_suffix("__file") {
        Some(key) => {
            let path = PathBuf::from(value);
            let text = std::fs::read_to_string(&path)
                .map_err(|source| ConfigError::File { path: path.clone(), source })?;
            (key, text.trim().to_owned())
        }
        None => (key, value),
    };
    // A number, a flag or a list reads as such; everything else is a text.
    let value = toml::from_str::<toml::Table>(&format!("it = {text}"))
        .ok()
        .and_then(|mut parsed| parsed.remove("it"))
        .unwrap_or(toml::Value::String(text));
    section.insert(key.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let mut table = toml::Table::new();
        for (name, value) in pairs {
            overlay(&mut table, name, (*value).to_owned())?;
        }
        Config::deserialize(table)
            .map_err(|source| ConfigError::Text { place: "test".into(), source: Box::new(source) })
    }

    #[test]
    fn a_variable_sets_what_the_file_would() {
        let config = with(&[
            ("CAUSEWAY_DATABASE__URL", "postgres://db/causeway"),
            ("CAUSEWAY_SERVER__LISTEN", "127.0.0.1:9000"),
            ("CAUSEWAY_SERVER__MAX_CONNECTIONS", "7"),
            ("CAUSEWAY_TLS__NAMES", "[\"gateway.alliance.example\"]"),
        ])
        .unwrap();

        assert_eq!(config.database.url, "postgres://db/causeway");
        assert_eq!(config.server.listen.port(), 9000);
        assert_eq!(config.server.max_connections, 7);
        assert_eq!(config.tls.names, ["gateway.alliance.example"]);
    }

    #[test]
    fn a_setting_that_does_not_exist_is_refused_by_name() {
        let error = with(&[("CAUSEWAY_SERVER__LISSEN", "127.0.0.1:1")]).unwrap_err();

        assert!(error.to_string().contains("lissen"), "{error}");
        assert!(with(&[("CAUSEWAY_PORT", "1")]).is_err());
    }
}
