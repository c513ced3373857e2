//! Entry: what makes writing a letter short. Codes found by three letters, the ones that were
//! written before in front; phrases that a person or a department writes again and again.

mod api;
mod codes;
mod commands;
mod icd10;
mod model;
mod store;

pub use api::doors;
pub use codes::Found;
pub use commands::{import, search, used};
pub use icd10::{NotAList, Value, read};
pub use model::{Phrase, PhrasePlace, Phrases};
