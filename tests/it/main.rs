//! The integration tests: one binary, one module per room.

mod attachments;
mod binary;
mod consult;
mod auth;
mod directory;
mod docs;
mod house;
mod media;
mod patients;
mod protocol;
mod seed;
mod referral;
mod server;
mod store;
mod support;
