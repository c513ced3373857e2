//! Causeway: telemedicine consultation and referral gateway with video signaling.
//!
//! The map of the house, from the ground up. A room uses the rooms above it in this
//! list, never those below; `tests/it/house.rs` holds the exact table.

pub mod kernel;

pub mod config;
pub mod store;

pub mod ctx;
pub mod journal;

pub mod http;

pub mod auth;

pub mod directory;
pub mod patients;

pub mod attachments;
pub mod entry;

pub mod consents;

pub mod consult;

pub mod referral;

pub mod stats;

pub mod hooks;

pub mod paper;

pub mod media;

pub mod signal;

pub mod jobs;
pub mod server;

pub mod cli;
