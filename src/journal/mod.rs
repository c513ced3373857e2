//! Journal: what happened, once. History, audit, live updates and statistics read it.
//!
//! An entry is written in the transaction of the change it tells of, so that nobody is
//! told of what did not happen and nothing happens untold. The same transaction numbers
//! the inboxes of the people whom it concerns; those numbers are the `n` of `evt` frames.

mod chain;
mod looks;
mod model;
mod store;

pub use chain::seal_some;
pub use looks::{Look, looked};
pub use model::{Actor, Entity, Entry, HistoryLine, Letter, Recorded};
pub use store::{
    Told, accounts_since, append, entries_after, head_of, history, letters_after, letters_since, newest,
};
