//! Pages of a list, by cursor.
//!
//! A cursor is the sort key of the last row that was handed out, so a page begins behind that
//! row whatever was entered meanwhile. It is marked for its list: the name says which list and
//! how it was narrowed, and a cursor of another one, or one that was put together by hand, is
//! refused instead of leaving rows out.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

use super::Vault;

/// The most rows of a page.
const MOST: i64 = 200;
/// The rows of a page when nobody says how many: what one screen scrolls through.
const USUAL: i64 = 50;
/// Hex digits of a cursor's mark: 64 bits cannot be guessed at the rate a door answers.
const MARK: usize = 16;

/// What a caller asks of a list: how many, and after which row.
#[derive(Debug, Clone)]
pub struct PageAsk<K> {
    /// Rows wanted, 1 to 200.
    pub limit: i64,
    /// The sort key of the last row already seen.
    pub after: Option<K>,
    list: String,
    vault: Arc<Vault>,
}

/// A cursor that this server did not make, or made for another list.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a cursor of this list")]
pub struct NotACursor;

impl<K: Serialize + DeserializeOwned> PageAsk<K> {
    /// Reads what came in the query: `limit` is cut to 1..=200 and is 50 when absent. `list`
    /// names the list and what it is narrowed by.
    ///
    /// # Errors
    /// `NotACursor` if `cursor` was not made for this list.
    pub fn read(
        vault: &Arc<Vault>,
        list: impl Into<String>,
        limit: Option<i64>,
        cursor: Option<&str>,
    ) -> Result<Self, NotACursor> {
        let mut ask = Self {
            limit: limit.unwrap_or(USUAL).clamp(1, MOST),
            after: None,
            list: list.into(),
            vault: vault.clone(),
        };
        ask.after = cursor.map(|text| ask.open(text)).transpose()?;
        Ok(ask)
    }

    /// One row more than asked for, which tells whether there is a next page.
    pub fn one_more(&self) -> i64 {
        self.limit + 1
    }

    fn open(&self, text: &str) -> Result<K, NotACursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotACursor)?;
        let text = String::from_utf8(bytes).map_err(|_| NotACursor)?;
        let (mark, key) = text.split_at_checked(MARK).ok_or(NotACursor)?;
        if mark != self.mark(key) {
            return Err(NotACursor);
        }
        serde_json::from_str(key).map_err(|_| NotACursor)
    }

    fn seal(&self, key: &K) -> Option<String> {
        let key = serde_json::to_string(key).ok()?;
        Some(URL_SAFE_NO_PAD.encode(format!("{}{key}", self.mark(&key))))
    }

    fn mark(&self, key: &str) -> String {
        let mut mark = self.vault.term("cursor", &format!("{}\n{key}", self.list));
        mark.truncate(MARK);
        mark
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
        let next = items.last().and_then(|row| ask.seal(&key(row)));
        Self { items, next }
    }

    /// Rows that were found up to a place: the page goes on behind it, if there may be more.
    pub fn up_to<K: Serialize + DeserializeOwned>(
        items: Vec<T>,
        ask: &PageAsk<K>,
        place: Option<&K>,
    ) -> Self {
        let next = place.and_then(|place| ask.seal(place));
        Self { items, next }
    }

    /// The same page with other items: what is shown of the rows.
    pub fn with<U>(self, items: Vec<U>) -> Page<U> {
        Page { items, next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(list: &str, cursor: Option<&str>) -> Result<PageAsk<(i64, String)>, NotACursor> {
        PageAsk::read(&Arc::new(Vault::new(&[7; 32])), list, Some(2), cursor)
    }

    fn first() -> Page<i64> {
        Page::cut(vec![1, 2, 3], &ask("consults mine", None).unwrap(), |n| (*n, n.to_string()))
    }

    #[test]
    fn a_page_goes_on_behind_its_last_row() {
        let page = first();

        assert_eq!(page.items, [1, 2]);
        assert_eq!(ask("consults mine", page.next.as_deref()).unwrap().after, Some((2, "2".to_owned())));
    }

    #[test]
    fn the_last_page_has_no_cursor() {
        let page = Page::cut(vec![1, 2], &ask("consults mine", None).unwrap(), |n| (*n, n.to_string()));

        assert_eq!(page.next, None);
    }

    #[test]
    fn a_cursor_of_another_list_or_a_changed_one_is_refused() {
        let next = first().next.unwrap();
        let by_hand = URL_SAFE_NO_PAD.encode(r#"[9,"9"]"#);

        assert_eq!(ask("consults waiting", Some(&next)).unwrap_err(), NotACursor);
        for broken in ["", "%", "AAAA", &next[1..], &next[..next.len() - 2], &by_hand] {
            assert_eq!(ask("consults mine", Some(broken)).unwrap_err(), NotACursor, "{broken}");
        }
    }

    #[test]
    fn a_limit_is_bounded() {
        let vault = Arc::new(Vault::new(&[7; 32]));
        let limit = |limit| PageAsk::<i64>::read(&vault, "x", limit, None).unwrap().limit;

        assert_eq!([limit(None), limit(Some(0)), limit(Some(9_999))], [50, 1, 200]);
    }
}
