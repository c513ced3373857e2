//! Personal data that cannot be logged by mistake.

use std::fmt;

/// Something about a person that must not reach a log, a metric or an error message.
///
/// `Debug` prints `…` and `Display` does not exist: a veiled value cannot be formatted
/// into a sentence by mistake, and a derived `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Veiled<T>(T);

impl<T> Veiled<T> {
    /// Wraps a value at the border, where it is first read.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Looks under the veil. `for_what` is never read: it is there to be reviewed.
    pub fn unveil(&self, _for_what: &'static str) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Veiled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
