//! Config: what an operator may set, one file per section, defaults that work with no file.

mod database;

pub use database::Database;
