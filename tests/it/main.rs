//! The integration tests: one binary, one module per room.
#![allow(
    clippy::unwrap_used,
    clippy::large_futures,
    clippy::too_many_lines,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::format_collect,
    clippy::wildcard_imports,
    reason = "a test may fail loudly, speak and read its environment"
)]

mod administration;
mod agreed;
mod attachments;
mod attack;
mod auth;
mod binary;
mod call;
mod consents;
mod consult;
mod consult_machine;
mod directory;
mod docs;
mod entry;
#[path = "../fuzz/mod.rs"]
mod fuzz;
mod hooks;
mod house;
mod killed;
mod lists;
mod log;
mod machines;
mod media;
mod metrics;
mod office;
mod openapi;
mod paper;
mod patients;
mod people;
mod protocol;
mod referral;
mod referral_machine;
mod referral_story;
mod referral_workflow;
mod rings;
mod scale;
mod seed;
mod server;
mod signal;
mod soak;
mod stage;
mod statistics;
mod store;
mod support;
mod tokens;
mod workers;
