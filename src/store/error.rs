//! What can go wrong between us and the database.

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Someone else changed the row first.
    #[error("{what} was changed by someone else first")]
    Conflict {
        /// What was to be changed.
        what: &'static str,
    },
    /// A row with this key is there already.
    #[error("there already")]
    AlreadyThere(#[source] sqlx::Error),
    /// The row that was asked for by key is not there.
    #[error("no such row")]
    NoRow,
    /// A row that this program cannot have written.
    #[error("a stored value cannot be read: {column}: {why}")]
    Broken {
        /// The column.
        column: String,
        /// What was expected.
        why: String,
    },
    /// A transaction changed records and told the journal nothing: a bug, caught before it is committed.
    #[error("transaction {name} changed records without a journal entry")]
    Unjournaled {
        /// The transaction.
        name: &'static str,
    },
    /// The schema was made by a newer program.
    #[error("the database has schema version {found}, this program knows {known}: install the newer program")]
    NewerSchema {
        /// Version found.
        found: i64,
        /// Newest version this program knows.
        known: i64,
    },
    /// A migration did not go through.
    #[error("migration failed")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// The settings of the database could lose an acknowledged commit.
    #[error("the database is not safe to use: {why}")]
    Unsafe {
        /// What is wrong and what to set.
        why: String,
    },
    /// The database cannot be reached or is too busy.
    #[error("the database cannot be reached")]
    Unreachable(#[source] sqlx::Error),
    /// Anything else the engine says.
    #[error("the database refused a statement")]
    Refused(#[source] sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::RowNotFound => Self::NoRow,
            sqlx::Error::Database(refusal) if refusal.is_unique_violation() => Self::AlreadyThere(error),
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                Self::Unreachable(error)
            }
            sqlx::Error::ColumnNotFound(column) => {
                Self::Broken { column: column.clone(), why: "no such column in the answer".into() }
            }
            _ => Self::Refused(error),
        }
    }
}
