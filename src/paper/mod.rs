//! Paper: what leaves the house printed, as PDF.
//!
//! A paper is made in three steps: a *form* ([`out`], [`back`],
//! [`opinion`], [`month`]) says what stands on it, as a
//! [`sheet::Sheet`] of labelled fields; the [`flow`] breaks that into lines and pages; [`pdf`]
//! writes the bytes, with the letters it used inside. The same record at the same time gives
//! the same bytes. A character that no font has stops the printing and is named: a name with a
//! box in it is another name.

mod api;
mod back;
mod commands;
mod error;
mod flow;
mod font;
mod form;
mod gather;
mod lines;
mod mark;
mod month;
mod opinion;
mod out;
mod pdf;
mod press;
mod sheet;
mod store;
mod tries;
mod words;

pub use api::doors;
pub use error::Error;
pub use press::Press;
