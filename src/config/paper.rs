//! The `[paper]` section: with which letters papers are printed.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where Debian's packages `fonts-noto-cjk` and `fonts-hanazono` put fuller fonts.
const OF_THE_MACHINE: &[&str] = &[
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/hanazono/HanaMinA.ttf",
    "/usr/share/fonts/truetype/hanazono/HanaMinB.ttf",
];

/// The papers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Paper {
    /// A fuller font, asked for what the built-in one lacks before those of the machine.
    pub font: Option<PathBuf>,
    /// Asks no font of the machine.
    pub only_given: bool,
}

impl Paper {
    /// Fuller fonts, in the order in which they are asked for a rare character.
    pub fn fuller(&self) -> Vec<PathBuf> {
        let known = OF_THE_MACHINE.iter().filter(|_| !self.only_given).map(PathBuf::from);
        let there = known.filter(|path| path.exists());
        self.font.iter().cloned().chain(there).collect()
    }

    /// The bytes of a font.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn read(path: &Path) -> std::io::Result<Vec<u8>> {
        std::fs::read(path)
    }
}
