//! The letters: one font inside the program, fuller ones of the machine for what it lacks.
//!
//! A fuller font is opened when the first rare character asks for it, and kept.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use krilla::{Data, text::Font};
use skrifa::{
    FontRef, MetadataProvider as _,
    instance::{LocationRef, Size},
};

use crate::config;

/// Noto Sans CJK SC, cut down to what letters are written with; `assets/fonts/make.py` makes it anew.
static INSIDE: &[u8] = include_bytes!("../../assets/fonts/causeway-letters.otf");

/// The face of simplified Chinese in the collections of Noto and Source Han.
const SIMPLIFIED: u32 = 2;

/// Superscript and subscript figures the font lacks, and what they are drawn from.
const SMALL: &[(char, char, f32)] = &[
    ('⁰', '0', RAISED),
    ('⁴', '4', RAISED),
    ('⁵', '5', RAISED),
    ('⁶', '6', RAISED),
    ('⁷', '7', RAISED),
    ('⁸', '8', RAISED),
    ('⁹', '9', RAISED),
    ('⁺', '+', RAISED),
    ('⁻', '-', RAISED),
    ('₀', '0', LOWERED),
    ('₁', '1', LOWERED),
    ('₂', '2', LOWERED),
    ('₃', '3', LOWERED),
    ('₄', '4', LOWERED),
    ('₅', '5', LOWERED),
    ('₆', '6', LOWERED),
    ('₇', '7', LOWERED),
    ('₈', '8', LOWERED),
    ('₉', '9', LOWERED),
    ('₊', '+', LOWERED),
    ('₋', '-', LOWERED),
];
const RAISED: f32 = 0.36;
const LOWERED: f32 = -0.12;
/// How large such a figure is beside the others.
const SMALLER: f32 = 0.6;

/// True for what is not meant to be seen: it comes along with pasted text and is left out. A
/// selector of a variant leaves the character itself.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
            | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// One font, its characters and their widths.
#[derive(Debug)]
struct Face {
    font: Font,
    /// Glyph and width, the width as a part of the size.
    glyphs: HashMap<char, (u32, f32)>,
}

impl Face {
    fn open(bytes: Data, whole: &[u8]) -> Option<Self> {
        let faces = FontRef::fonts(whole).count() as u32;
        let index = if faces > SIMPLIFIED { SIMPLIFIED } else { 0 };
        let read = FontRef::from_index(whole, index).ok()?;
        let metrics = read.glyph_metrics(Size::unscaled(), LocationRef::default());
        let em = f32::from(read.metrics(Size::unscaled(), LocationRef::default()).units_per_em);
        let glyphs = read
            .charmap()
            .mappings()
            .filter_map(|(code, glyph)| {
                let width = metrics.advance_width(glyph)? / em;
                Some((char::from_u32(code)?, (glyph.to_u32(), width)))
            })
            .collect();
        Some(Self { font: Font::new(bytes, index)?, glyphs })
    }
}

/// How one character is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Set {
    /// With which face.
    pub face: usize,
    /// Which of its pictures.
    pub glyph: u32,
    /// How wide, as a part of the size.
    pub width: f32,
    /// How large, as a part of the size.
    pub scale: f32,
    /// How far above the line, as a part of the size.
    pub rise: f32,
}

/// All letters there are.
#[derive(Debug)]
pub struct Letters {
    inside: Face,
    fuller: Vec<(PathBuf, OnceLock<Option<Face>>)>,
}

impl Letters {
    /// The built-in letters, and the fuller fonts of the settings.
    ///
    /// # Errors
    /// If the font that was named in the settings cannot be read: better said at the start
    /// than when a name needs it.
    pub fn open(settings: &config::Paper) -> std::io::Result<Self> {
        let inside = Face::open(INSIDE.into(), INSIDE).expect("the font in the program is one");
        let letters = Self {
            inside,
            fuller: settings.fuller().into_iter().map(|path| (path, OnceLock::new())).collect(),
        };
        if let Some(path) = &settings.font {
            config::Paper::read(path)?;
            if letters.face(1).is_none() {
                let why = format!("paper.font: {} is not a font", path.display());
                return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, why));
            }
        }
        Ok(letters)
    }

    fn face(&self, index: usize) -> Option<&Face> {
        let Some(behind) = index.checked_sub(1) else { return Some(&self.inside) };
        let (path, face) = self.fuller.get(behind)?;
        face.get_or_init(|| {
            let bytes = config::Paper::read(path).ok()?;
            let whole = bytes.clone();
            Face::open(bytes.into(), &whole)
        })
        .as_ref()
    }

    /// The font of a face, for the one who writes the file.
    pub fn font(&self, face: usize) -> &Font {
        self.face(face).map_or(&self.inside.font, |face| &face.font)
    }

    /// How `letter` is drawn; nothing if no font has it.
    pub fn find(&self, letter: char) -> Option<Set> {
        let plain = |letter: char| {
            (0..=self.fuller.len()).find_map(|index| {
                let (glyph, width) = *self.face(index)?.glyphs.get(&letter)?;
                Some(Set { face: index, glyph, width, scale: 1.0, rise: 0.0 })
            })
        };
        if let Some((_, like, rise)) = SMALL.iter().find(|small| small.0 == letter) {
            let set = plain(*like)?;
            return Some(Set { width: set.width * SMALLER, scale: SMALLER, rise: *rise, ..set });
        }
        plain(letter)
    }

    /// The characters of `text` that no font has, each once.
    pub fn lacking(&self, text: &str) -> Vec<char> {
        let mut lacking = Vec::new();
        for letter in text.chars() {
            if !is_unseen(letter) && !lacking.contains(&letter) && self.find(letter).is_none() {
                lacking.push(letter);
            }
        }
        lacking
    }

    /// How wide `text` is at `size`.
    pub fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().filter_map(|letter| self.find(letter)).map(|set| set.width * size).sum()
    }

    /// How many characters the built-in font has, and the fuller fonts that are there.
    pub fn told(&self) -> (usize, Vec<PathBuf>) {
        let there = (1..=self.fuller.len()).filter(|index| self.face(*index).is_some());
        (self.inside.glyphs.len(), there.map(|index| self.fuller[index - 1].0.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside_only() -> Letters {
        Letters::open(&config::Paper { only_given: true, ..config::Paper::default() }).unwrap()
    }

    #[test]
    fn the_built_in_font_has_what_letters_are_written_with() {
        let letters = inside_only();

        for text in
            ["急性下壁心肌梗死 I21.1", "SpO₂ 94%，ST 段抬高，10⁹/L，37.5 ℃", "84 μmol/L ≥ ± × ° ² ³ → Ⅱ ①"]
        {
            assert!(letters.lacking(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn what_no_font_has_is_named_once() {
        assert_eq!(inside_only().lacking("𠮷𠮷㐂玥喆堃䶮㛃赵"), ['𠮷', '㐂'], "names have more than GB 2312");
    }

    #[test]
    fn what_nobody_sees_is_not_missed() {
        assert!(inside_only().lacking("赵\u{200b}长\u{feff}河\u{fe0f}\n").is_empty());
    }

    #[test]
    fn a_font_that_is_none_is_refused_at_the_start() {
        let bad = config::Paper { font: Some("Cargo.toml".into()), only_given: true };
        assert!(Letters::open(&bad).is_err());
        let nowhere = config::Paper { font: Some("no/such/font.otf".into()), only_given: true };
        assert!(Letters::open(&nowhere).is_err());
    }

    #[test]
    fn a_small_figure_is_drawn_from_a_large_one() {
        let letters = inside_only();
        let (small, large) = (letters.find('₂').unwrap(), letters.find('2').unwrap());

        assert_eq!(small.glyph, large.glyph);
        assert!(small.rise < 0.0 && small.width < large.width);
    }
}
