//! What the tests stand on: a store of their own, an alliance of invented people, and callers.
#![allow(dead_code, unused_imports, reason = "each room uses its part")]

mod alliance;
mod caller;
mod scene;
pub mod server;
mod shape;
mod socket;
mod store;
pub mod turn;

pub use alliance::{Alliance, KEY, Place, steps};
pub use caller::{Answer, Person};
pub use scene::{Scene, join};
pub use shape::{document, fits};
pub use socket::{Door, Socket, fresh_op};
pub use store::TestStore;
