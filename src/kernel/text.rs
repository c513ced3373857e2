//! Short validated texts with their limits.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// Why a text was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadText {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Too many characters.
    #[error("at most {max} characters")]
    TooLong {
        /// Characters allowed.
        max: usize,
    },
    /// A control character (or a line break where one line is wanted).
    #[error("contains a character that cannot be shown")]
    Control,
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, max = $max:literal, breaks = $breaks:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, Serialize)]
        pub struct $name(String);

        impl $name {
            /// The most characters this text may have.
            pub const MAX: usize = $max;

            /// Takes `text` with the white space at both ends cut off.
            pub fn new(text: &str) -> Result<Self, BadText> {
                let text = text.trim();
                if text.is_empty() {
                    return Err(BadText::Empty);
                }
                if text.chars().count() > Self::MAX {
                    return Err(BadText::TooLong { max: Self::MAX });
                }
                if text.chars().any(|c| c.is_control() && !($breaks && (c == '\n' || c == '\t' || c == '\r'))) {
                    return Err(BadText::Control);
                }
                Ok(Self(text.to_owned()))
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // Whatever a person typed may name a person.
                f.write_str("…")
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                super::shape::text_up_to($max)
            }
        }

        impl utoipa::ToSchema for $name {}

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

text!(/// One line: a name, a title, a place.
    Line, max = 200, breaks = false);
text!(/// A paragraph or a few: a question, an opinion, a reason.
    Note, max = 10_000, breaks = true);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_has_no_breaks() {
        assert_eq!(Line::new("  Xiaying ").map(|l| l.as_str().to_owned()), Ok("Xiaying".to_owned()));
        assert_eq!(Line::new("a\nb"), Err(BadText::Control));
        assert_eq!(Line::new("   "), Err(BadText::Empty));
        assert_eq!(Line::new(&"字".repeat(201)), Err(BadText::TooLong { max: 200 }));
        assert!(Note::new("a\nb").is_ok());
    }
}
