//! Http: the tool kit of every api door. Knows nothing about medicine.

pub mod codes;
mod doors;
mod extract;
mod idempotency;
mod problem;

pub use doors::{Door, Doors, Scope, Shapes};
pub use extract::{IdempotencyKey, IfMatch, Json, Paged, Path, Query, RequestId, Tagged, what_is_wrong};
pub use idempotency::{Claim, NotAgain, Once, StoredAnswer, forget_answers};
pub use problem::{FieldError, Problem};
