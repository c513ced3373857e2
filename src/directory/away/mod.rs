//! Who is away from work, from when to when: not rung and not on call meanwhile, whatever the
//! rota says. Everybody says it of themselves; who looks after their facility may say it for them.

mod api;
mod commands;
pub(super) mod store;

pub use api::doors;
pub use commands::Absence;
