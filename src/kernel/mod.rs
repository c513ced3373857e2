//! Kernel: the words and instruments every room shares. Imports nothing of ours.

mod clock;
mod dice;
mod id;
mod lang;
mod page;
pub mod pinyin;
mod shape;
mod site;
mod text;
mod vault;
mod veil;
pub mod workflow;

pub use clock::{Clock, StoppedClock, SystemClock, Timestamp};
pub use dice::{Dice, DiceExt, LoadedDice, OsDice};
pub use id::*;
pub use lang::Lang;
pub use page::{NotACursor, Page, PageAsk};
pub use shape::{name_of, one_of};
pub use site::site;
pub use text::{BadText, Line, Note};
pub use vault::{CannotOpen, Vault};
pub use veil::Veiled;
