//! The few places where SQLite and PostgreSQL must differ.

use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Connection, Row as _};

use super::{Result, StoreError};

/// The engine behind the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// One file, one writer: the default.
    Sqlite,
    /// A server of its own: for an alliance.
    Postgres,
}

impl Dialect {
    /// Reads the engine off the URL.
    pub(super) fn of(url: &str) -> Self {
        if url.starts_with("postgres") { Self::Postgres } else { Self::Sqlite }
    }

    /// The URL as the driver wants it: a database file that is not there yet is made.
    pub(super) fn url(self, url: &str) -> String {
        match self {
            Self::Sqlite if !url.contains('?') => format!("{url}?mode=rwc"),
            Self::Sqlite | Self::Postgres => url.to_owned(),
        }
    }

    /// Connections that may write at once.
    pub(super) fn writers(self) -> u32 {
        match self {
            Self::Sqlite => 1,
            Self::Postgres => 8,
        }
    }

    /// How a writing transaction begins. SQLite takes the write lock at once, so that a
    /// transaction never has to give up half-way.
    pub(super) fn begin_write(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// Readies one fresh connection.
    pub(super) async fn prepare(self, conn: &mut AnyConnection, schema: Option<&str>) -> sqlx::Result<()> {
        match self {
            Self::Sqlite => {
                for pragma in [
                    "PRAGMA busy_timeout = 10000",
                    "PRAGMA journal_mode = WAL",
                    "PRAGMA synchronous = FULL",
                    "PRAGMA foreign_keys = ON",
                ] {
                    sqlx::raw_sql(pragma).execute(&mut *conn).await?;
                }
            }
            Self::Postgres => {
                // A page of a list is short work for one process: calling helpers in or compiling the
                // plan takes longer than answering, and whoever asks next needs the processor too. And
                // a plan that was made while a table was empty must not be kept while it fills.
                for set in [
                    "SET max_parallel_workers_per_gather = 0",
                    "SET jit = off",
                    "SET plan_cache_mode = force_custom_plan",
                ] {
                    sqlx::raw_sql(set).execute(&mut *conn).await?;
                }
                if let Some(schema) = schema {
                    let name = schema.replace('"', "");
                    let set =
                        format!("CREATE SCHEMA IF NOT EXISTS \"{name}\"; SET search_path TO \"{name}\"");
                    sqlx::raw_sql(AssertSqlSafe(set)).execute(&mut *conn).await?;
                }
            }
        }
        conn.ping().await
    }

    /// Refuses an engine that could forget what it acknowledged.
    pub(super) async fn check(self, pool: &AnyPool) -> Result<()> {
        let mut conn = pool.acquire().await?;
        match self {
            Self::Sqlite => {
                let mode: String =
                    sqlx::query("PRAGMA journal_mode").fetch_one(&mut *conn).await?.try_get(0)?;
                let sync: i64 = sqlx::query("PRAGMA synchronous").fetch_one(&mut *conn).await?.try_get(0)?;
                // 2 is FULL: the log is synced at every commit (sqlite.org/pragma.html#pragma_synchronous).
                if !mode.eq_ignore_ascii_case("wal") || sync != 2 {
                    return Err(StoreError::Unsafe {
                        why: format!("journal_mode={mode}, synchronous={sync}"),
                    });
                }
            }
            Self::Postgres => {
                for setting in ["fsync", "synchronous_commit"] {
                    let value: String = sqlx::query("SELECT current_setting($1)")
                        .bind(setting)
                        .fetch_one(&mut *conn)
                        .await?
                        .try_get(0)?;
                    if value == "off" {
                        return Err(StoreError::Unsafe { why: format!("{setting} is off") });
                    }
                }
            }
        }
        Ok(())
    }
}
