//! Store: the database as such. No table is known here.
//!
//! One SQL text serves SQLite and PostgreSQL through `sqlx::Any`; the few places where the
//! two must differ are in [`dialect`]. A transaction has a name, and a writing one that
//! changed rows refuses to commit without a journal entry (see [`WriteTx::commit`]).

mod asked;
mod column;
mod dialect;
mod error;
mod migrations;
mod tx;

use std::sync::Arc;

use sqlx::{AnyPool, any::AnyPoolOptions};
use tokio::sync::watch;

use asked::Asked;
pub use column::{FromColumn, Row, ToColumn, Value, among};
pub use dialect::Dialect;
pub use error::StoreError;
pub use tx::{Query, ReadTx, WriteTx};

use crate::config;

/// What every question to the store answers with.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Collects the arguments of a statement, in the order of `$1`, `$2`, …
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::ToColumn::to_column(&$value)),*] };
}
pub use crate::args;

/// The database: a pool for reading and one for writing (on SQLite of a single connection,
/// so that writers queue here instead of failing there).
#[derive(Debug, Clone)]
pub struct Db {
    read: AnyPool,
    write: AnyPool,
    dialect: Dialect,
    bell: Arc<watch::Sender<i64>>,
    asked: Arc<Asked>,
}

impl Db {
    /// Opens the database named in the settings and checks that it keeps what it acknowledges.
    ///
    /// # Errors
    /// `Unreachable` if it cannot be opened, `Unsafe` if its settings could lose an
    /// acknowledged commit (SQLite without WAL and FULL, PostgreSQL without fsync).
    pub async fn open(settings: &config::Database) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let dialect = Dialect::of(&settings.url);
        let pool = |size: u32| {
            let schema = settings.schema.clone();
            AnyPoolOptions::new().max_connections(size).after_connect(move |conn, _| {
                let schema = schema.clone();
                Box::pin(async move { dialect.prepare(conn, schema.as_deref()).await })
            })
        };
        let url = dialect.url(&settings.url);
        let write = pool(dialect.writers()).connect(&url).await?;
        let read = pool(settings.connections).connect(&url).await?;
        dialect.check(&write).await?;
        Ok(Self { read, write, dialect, bell: Arc::new(watch::Sender::new(0)), asked: Arc::default() })
    }

    /// Whether no migration ever ran here: a database that was just made.
    pub async fn is_empty(&self) -> Result<bool> {
        let mut tx = self.read().await?;
        Ok(tx.fetch_all("SELECT version FROM _sqlx_migrations LIMIT 1", args![]).await.is_err())
    }

    /// Brings the schema up to this binary's version.
    ///
    /// # Errors
    /// `NewerSchema` if the database was made by a newer binary.
    pub async fn migrate(&self) -> Result<()> {
        migrations::run(&self.write).await
    }

    /// Begins a transaction that only reads.
    pub async fn read(&self) -> Result<ReadTx> {
        ReadTx::begin(&self.read, self.asked.clone()).await
    }

    /// Begins a transaction that changes records and owes the journal an entry.
    /// `name` (`room.action`) shows in errors and metrics.
    pub async fn write(&self, name: &'static str) -> Result<WriteTx> {
        WriteTx::begin(&self.write, self.dialect, name, self.told(), true).await
    }

    /// Begins a transaction that owes the journal nothing: sessions, presence, counters of
    /// limits. Grep for it: every use must be one of those.
    pub async fn write_quiet(&self, name: &'static str) -> Result<WriteTx> {
        WriteTx::begin(&self.write, self.dialect, name, self.told(), false).await
    }

    /// Rings with the newest journal number after every commit that wrote entries.
    pub fn bell(&self) -> watch::Receiver<i64> {
        self.bell.subscribe()
    }

    fn told(&self) -> (Arc<watch::Sender<i64>>, Arc<Asked>) {
        (self.bell.clone(), self.asked.clone())
    }

    /// How many statements were sent since it was opened, by everybody who holds it.
    pub fn statements(&self) -> u64 {
        self.asked.n()
    }

    /// The texts of the statements that were sent since this was first called: for looking at how
    /// the engine means to answer them.
    pub fn texts(&self) -> Vec<String> {
        self.asked.texts()
    }

    /// Which engine this is.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whether the database answers.
    pub async fn is_well(&self) -> bool {
        let Ok(mut tx) = self.read().await else { return false };
        tx.fetch_one("SELECT 1 AS one", args![]).await.is_ok()
    }

    /// Closes every connection; on SQLite this also folds the write-ahead log back.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}
