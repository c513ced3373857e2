//! `causeway migrate`: brings the database up to this binary's version.

use super::{CliError, open, say};
use crate::config::Config;

/// Migrates and ends.
pub async fn run(config: &Config) -> Result<(), CliError> {
    let db = open(config).await?;
    db.migrate().await?;
    db.close().await;
    say("The database is up to date.");
    Ok(())
}
