//! People: who is in the alliance, as what, and whether they may come in.
//!
//! Who may look after whom is decided in `auth::oversight`. What is changed here is over at once:
//! a suspension or a role taken away ends sessions, sockets and seats (`signal` looks at every
//! account the journal speaks of). Nobody's password is chosen for them; they get a link.

mod api;
mod commands;
mod model;
mod store;
mod tokens;

pub use api::doors;
pub use commands::{By, Error, Step, reinstate, reset, suspend};
pub use model::{Standing, is_login};
