//! `causeway probe`: a synthetic participant that tells whether calls work from here.

mod participant;

pub use participant::{Heard, Hearing, LinkState, Participant, section};
