//! The instruments every command is given.

use std::sync::Arc;

use crate::{
    kernel::{Clock, Dice, Vault},
    store::Db,
};

/// Database, clock, dice and vault: all that a command may touch of the world.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// The database.
    pub db: Db,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub dice: Arc<dyn Dice>,
    /// Seals personal fields and makes search terms.
    pub vault: Arc<Vault>,
}
