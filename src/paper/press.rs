//! The press: what printing needs and a record does not hold.

use super::{font::Letters, tries::Tries};
use crate::config;

/// The letters, and the address that is printed for whoever checks a paper.
#[derive(Debug)]
pub struct Press {
    /// The letters.
    pub letters: Letters,
    /// Where people reach this server, if the settings say so.
    pub origin: Option<String>,
    /// Who asked after papers just now.
    pub tries: Tries,
}

impl Press {
    /// Opens the letters.
    ///
    /// # Errors
    /// If the font of the settings cannot be used.
    pub fn open(settings: &config::Paper, origin: Option<String>) -> std::io::Result<Self> {
        Ok(Self { letters: Letters::open(settings)?, origin, tries: Tries::default() })
    }

    /// How many characters the built-in font has, and which fuller fonts are asked after it.
    pub fn told(&self) -> (usize, Vec<std::path::PathBuf>) {
        self.letters.told()
    }
}
