//! Attachments: files with an owner, a kind and a checksum.
//!
//! A file is stored once, sealed under a key of its own, and *linked* to the consult or
//! referral that shows it; escalation copies links. A file has no rights of its own: the
//! record that shows it decides, through [`Gate`].
//!
//! ```text
//! body ─stream→ incoming/… (sealed, hashed, counted) ─sniff→ fsync ─rename→ blobs/… ─fsync dir→ row + link + journal ─commit→ 201
//! ```
//! A crash leaves either nothing or a blob without a row, which the sweeper takes away;
//! never a row without a blob.

mod api;
mod commands;
mod decode;
mod local;
mod model;
pub mod picture;
mod range;
mod seal;
mod sniff;
mod store;

pub use api::{Gate, Need, Opened, doors};
pub use commands::{Error, Files, link_all, list, sweep};
pub use model::{Attachment, DicomFacts, FileName, Kind, Owner, Picture};
pub use store::counts;
