//! What stands on a paper, before anybody knows on which line or page.

use crate::kernel::{Lang, Timestamp};

/// One paper from its first page to its last.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// In which language its labels are.
    pub lang: Lang,
    /// What it is: 双向转诊（转出）单.
    pub title: String,
    /// From whom to whom.
    pub subtitle: String,
    /// Its numbers, at the top left.
    pub numbers: Vec<String>,
    /// A word in a frame that a copier keeps: 急诊, 草稿.
    pub stamp: Option<String>,
    /// By which it is checked.
    pub mark: Option<Mark>,
    /// What it says.
    pub blocks: Vec<Block>,
    /// At the foot of every page.
    pub foot: Vec<String>,
    /// When it was printed; the file says so too.
    pub printed_at: Timestamp,
}

/// What a stranger checks a paper by.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// The page that answers.
    pub url: String,
    /// The code as it is typed.
    pub code: String,
}

/// One piece of a paper.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// Labelled fields side by side, in a frame.
    Row(Vec<Field>),
    /// A line above what belongs together.
    Heading(String),
    /// A paragraph without a frame.
    Note(String),
    /// A line each, with room for a hand.
    Sign(Vec<String>),
    /// A table: its columns' shares of the width, its head, its rows.
    Table(Vec<f32>, Vec<String>, Vec<Vec<String>>),
    /// Drawn bars with what they stand for.
    Bars(Vec<Bar>),
    /// The same upright, for days or months.
    Columns(Vec<Bar>),
}

/// A label and what stands beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The label.
    pub label: String,
    /// Paragraphs.
    pub says: Vec<Said>,
    /// Drawn in a heavy frame.
    pub alarms: bool,
}

/// A paragraph of a field.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// The words.
    pub text: String,
    /// Must be seen first.
    pub strong: bool,
}

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// What it stands for.
    pub name: String,
    /// How long: 0 to 1 of the longest.
    pub share: f32,
    /// The number in words.
    pub says: String,
}

impl Field {
    /// A label with plain words.
    pub fn plain(label: &str, text: impl Into<String>) -> Self {
        Self::empty(label).and(text)
    }

    /// A label with nothing beside it yet.
    pub fn empty(label: &str) -> Self {
        Self { label: label.to_owned(), says: Vec::new(), alarms: false }
    }

    /// A label with words that must be seen first.
    pub fn strong(label: &str, text: impl Into<String>) -> Self {
        Self { says: vec![Said { text: text.into(), strong: true }], ..Self::empty(label) }
    }

    /// A label with words that must not be overlooked by somebody in a hurry.
    pub fn alarm(label: &str, text: impl Into<String>) -> Self {
        Self { alarms: true, ..Self::strong(label, text) }
    }

    /// Adds a plain paragraph.
    pub fn and(mut self, text: impl Into<String>) -> Self {
        self.says.push(Said { text: text.into(), strong: false });
        self
    }
}

impl Sheet {
    /// Every text on it, so that each character can be looked for before a line is drawn.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let head = [&self.title, &self.subtitle]
            .into_iter()
            .chain(&self.numbers)
            .chain(&self.stamp)
            .chain(&self.foot);
        let mark = self.mark.iter().flat_map(|mark| [&mark.url, &mark.code]);
        head.chain(mark).chain(self.blocks.iter().flat_map(Block::texts)).map(String::as_str)
    }
}

impl Block {
    fn texts(&self) -> Vec<&String> {
        match self {
            Self::Row(fields) => fields
                .iter()
                .flat_map(|field| field.says.iter().map(|said| &said.text).chain([&field.label]))
                .collect(),
            Self::Heading(text) | Self::Note(text) => vec![text],
            Self::Sign(lines) => lines.iter().collect(),
            Self::Table(_, head, rows) => head.iter().chain(rows.iter().flatten()).collect(),
            Self::Bars(bars) | Self::Columns(bars) => {
                bars.iter().flat_map(|bar| [&bar.name, &bar.says]).collect()
            }
        }
    }
}
