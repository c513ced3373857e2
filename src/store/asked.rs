//! What was asked of the store: how many statements, and for whoever wants to look at them, which.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Counts statements; keeps their texts once somebody wants them. Values are never kept.
#[derive(Debug, Default)]
pub struct Asked {
    n: AtomicU64,
    texts: OnceLock<Mutex<BTreeSet<String>>>,
}

impl Asked {
    /// One more was sent.
    pub(super) fn sent(&self, sql: &str) {
        self.n.fetch_add(1, Ordering::Relaxed);
        if let Some(texts) = self.texts.get() {
            let mut texts = texts.lock().unwrap_or_else(PoisonError::into_inner);
            if !texts.contains(sql) {
                texts.insert(sql.to_owned());
            }
        }
    }

    /// How many were sent.
    pub(super) fn n(&self) -> u64 {
        self.n.load(Ordering::Relaxed)
    }

    /// The texts of those that were sent since this was first called.
    pub(super) fn texts(&self) -> Vec<String> {
        let texts = self.texts.get_or_init(Mutex::default);
        texts.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
