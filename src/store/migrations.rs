//! The schema, step by step. One portable text for both engines.

use std::borrow::Cow;

use sqlx::{
    AnyPool, Row as _, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

use super::{Result, StoreError};

/// Number, subject and text of every step, oldest first.
const STEPS: &[(i64, &str, &str)] = &[
    (1, "foundation", include_str!("../../migrations/0001_foundation.sql")),
    (2, "directory", include_str!("../../migrations/0002_directory.sql")),
    (3, "auth", include_str!("../../migrations/0003_auth.sql")),
    (4, "patients", include_str!("../../migrations/0004_patients.sql")),
    (5, "consults", include_str!("../../migrations/0005_consults.sql")),
    (6, "attachments", include_str!("../../migrations/0006_attachments.sql")),
    (7, "referrals", include_str!("../../migrations/0007_referrals.sql")),
    (8, "tokens", include_str!("../../migrations/0008_tokens.sql")),
    (10, "consent", include_str!("../../migrations/0010_consent.sql")),
    (11, "statistics", include_str!("../../migrations/0011_statistics.sql")),
    (12, "signal", include_str!("../../migrations/0012_signal.sql")),
    (13, "people", include_str!("../../migrations/0013_people.sql")),
    (14, "lists", include_str!("../../migrations/0014_lists.sql")),
    (15, "office", include_str!("../../migrations/0015_office.sql")),
    (16, "hooks", include_str!("../../migrations/0016_hooks.sql")),
    (17, "paper", include_str!("../../migrations/0017_paper.sql")),
    (18, "entry", include_str!("../../migrations/0018_entry.sql")),
    (19, "calls", include_str!("../../migrations/0019_calls.sql")),
    (20, "scale", include_str!("../../migrations/0020_scale.sql")),
    (21, "office", include_str!("../../migrations/0021_office.sql")),
    (22, "scale", include_str!("../../migrations/0022_scale.sql")),
    (23, "walks", include_str!("../../migrations/0023_walks.sql")),
];

/// Runs what has not run yet.
pub(super) async fn run(pool: &AnyPool) -> Result<()> {
    let known = STEPS.iter().map(|step| step.0).max().unwrap_or(0);
    if let Ok(row) = sqlx::query("SELECT max(version) AS newest FROM _sqlx_migrations").fetch_one(pool).await
    {
        let found: Option<i64> = row.try_get("newest")?;
        if let Some(found) = found.filter(|found| *found > known) {
            return Err(StoreError::NewerSchema { found, known });
        }
    }
    let steps = STEPS.iter().map(|(number, subject, text)| {
        Migration::new(*number, Cow::Borrowed(subject), MigrationType::Simple, text.into_sql_str(), false)
    });
    Migrator::with_migrations(steps.collect()).run(pool).await.map_err(StoreError::Migration)
}
