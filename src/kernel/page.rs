//! Pages of a list, by cursor.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

/// What a caller asks of a list: how many, and after which row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageAsk<K> {
    /// Rows wanted, 1 to 200.
    pub limit: i64,
    /// The sort key of the last row already seen.
    pub after: Option<K>,
}

/// A cursor that this server did not make.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a cursor of this list")]
pub struct NotACursor;

impl<K: Serialize + DeserializeOwned> PageAsk<K> {
    /// Reads what came in the query: `limit` is cut to 1..=200 and is 50 when absent.
    pub fn read(limit: Option<i64>, cursor: Option<&str>) -> Result<Self, NotACursor> {
        let after = match cursor {
            None => None,
            Some(text) => {
                let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotACursor)?;
                Some(serde_json::from_slice(&bytes).map_err(|_| NotACursor)?)
            }
        };
        Ok(Self { limit: limit.unwrap_or(50).clamp(1, 200), after })
    }

    /// One row more than asked for, which tells whether there is a next page.
    pub fn one_more(&self) -> i64 {
        self.limit + 1
    }
}

/// One page of a list.
#[derive(Debug, Clone, Serialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Everything there is, on one page.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// Cuts rows that were read with [`PageAsk::one_more`] to a page; `key` gives a row's sort key.
    pub fn cut<K: Serialize + DeserializeOwned>(
        mut items: Vec<T>,
        ask: &PageAsk<K>,
        key: impl Fn(&T) -> K,
    ) -> Self {
        let full = usize::try_from(ask.limit).unwrap_or(usize::MAX);
        if items.len() <= full {
            return Self::whole(items);
        }
        items.truncate(full);
        let next = items
            .last()
            .and_then(|row| serde_json::to_vec(&key(row)).ok())
            .map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        Self { items, next }
    }
}
