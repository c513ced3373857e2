//! The integration tests: one binary, one module per room.

mod house;
mod media;
mod protocol;
mod server;
mod support;
