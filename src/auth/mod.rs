//! Auth: who is calling and what they may do.

pub mod policy;
mod principal;

pub use principal::{Membership, Principal, Role};
