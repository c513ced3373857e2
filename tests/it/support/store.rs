//! A database for one test alone: a file of its own, or a schema of its own on PostgreSQL.

use std::path::{Path, PathBuf};

use causeway::config;
use causeway::kernel::{DiceExt, OsDice};
use causeway::store::Db;

/// A migrated, empty store and a folder for files; the folder goes when this is dropped.
pub struct TestStore {
    pub db: Db,
    pub settings: config::Database,
    folder: PathBuf,
}

impl TestStore {
    /// Opens a fresh one. `TEST_STORE=postgres` says on which engine, `TEST_DATABASE_URL` where.
    pub async fn open() -> Self {
        let store = Self::open_empty().await;
        store.db.migrate().await.unwrap();
        store
    }

    /// The same without the schema, for tests of the migrations.
    pub async fn open_empty() -> Self {
        let (settings, folder) = Self::settings();
        Self { db: Db::open(&settings).await.unwrap(), settings, folder }
    }

    /// Settings that no other test has.
    pub fn settings() -> (config::Database, PathBuf) {
        // Drawn, not counted: two runs at once, or a folder that an earlier one left, must not meet.
        let name = format!("causeway_{:016x}", u64::from_be_bytes(OsDice.bytes::<8>()));
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder).unwrap();
        let settings = match std::env::var("TEST_STORE").as_deref() {
            Ok("postgres") => config::Database {
                url: std::env::var("TEST_DATABASE_URL").expect("TEST_STORE=postgres needs TEST_DATABASE_URL"),
                schema: Some(name),
                connections: 4,
            },
            _ => config::Database {
                url: format!("sqlite://{}?mode=rwc", folder.join("test.db").display()),
                schema: None,
                connections: 4,
            },
        };
        (settings, folder)
    }

    /// Where this test may keep files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for TestStore {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
