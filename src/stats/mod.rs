//! Statistics: what the alliance counts about itself, each figure defined once.
//!
//! The journal is folded, entry by entry, into one *fact* per referral and consult; what a
//! fact counts for is a pure function of it ([`marks`]); the *sums* are the marks of all
//! facts, by day and month and scope. A changed fact takes its old marks out and puts its
//! new ones in, so that folding as the journal grows and folding it anew come to the same
//! rows. A page reads sums and scans nothing. The definitions are in `docs/statistics.md`.

mod answer;
mod api;
mod behind;
mod calendar;
mod commands;
mod consulted;
mod export;
mod fact;
mod figures;
mod fold;
mod hidden;
mod marks;
mod meaning;
mod page;
mod sent;
mod store;
mod sums;

pub use answer::Statistics;
pub use api::{Asking, doors};
pub use calendar::Period;
pub use commands::report;
pub use export::{Cell, Line, Moment, Report};
pub use fold::{catch_up, rebuild};
pub use page::{Error, Wanted, everything, shown};
pub use store::dump;
