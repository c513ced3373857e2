//! A signature as it was drawn: strokes on a pad. Pure.
//!
//! Kept as numbers and turned into a picture by the server: what a browser sends can never
//! become anything but lines.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The largest pad, in its own units.
const WIDEST: u16 = 4000;
/// More points than this are no signature.
const MOST_POINTS: usize = 6000;
/// Fewer are a slip of the finger.
const FEWEST_POINTS: usize = 8;

/// The strokes of a signature.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Strokes {
    /// Width of the pad.
    pub width: u16,
    /// Height of the pad.
    pub height: u16,
    /// Each stroke as its points `[x, y]`.
    pub lines: Vec<Vec<[u16; 2]>>,
}

impl fmt::Debug for Strokes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Strokes(…)")
    }
}

impl Strokes {
    /// True if it can be a signature: on the pad, and neither a dot nor a flood.
    pub fn is_signature(&self) -> bool {
        let points = || self.lines.iter().flatten();
        let on_pad = |[x, y]: &[u16; 2]| *x <= self.width && *y <= self.height;
        let pad = (1..=WIDEST).contains(&self.width) && (1..=WIDEST).contains(&self.height);
        pad && (FEWEST_POINTS..=MOST_POINTS).contains(&points().count()) && points().all(on_pad)
    }

    /// The picture.
    pub fn svg(&self) -> String {
        let (width, height) = (self.width, self.height);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\
             <g fill=\"none\" stroke=\"#14202b\" stroke-width=\"3\" stroke-linecap=\"round\" stroke-linejoin=\"round\">"
        );
        for line in self.lines.iter().filter(|line| !line.is_empty()) {
            svg.push_str("<path d=\"M");
            for (n, [x, y]) in line.iter().enumerate() {
                let join = if n == 0 { "" } else { "L" };
                write!(svg, "{join}{x} {y}").expect("writing to a String cannot fail");
            }
            // A single point shows as a dot because the caps are round.
            svg.push_str(if line.len() == 1 { "h0\"/>" } else { "\"/>" });
        }
        svg.push_str("</g></svg>");
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(points: usize) -> Strokes {
        let line = (0..points).map(|n| [u16::try_from(n % 300).unwrap_or(0), 40]).collect();
        Strokes { width: 600, height: 200, lines: vec![line] }
    }

    #[test]
    fn a_dot_a_flood_and_a_line_beside_the_pad_are_no_signatures() {
        assert!(drawn(40).is_signature());
        assert!(!drawn(3).is_signature());
        assert!(!drawn(MOST_POINTS + 1).is_signature());
        assert!(!Strokes { height: 30, ..drawn(40) }.is_signature());
        assert!(!Strokes { width: 0, ..drawn(40) }.is_signature());
    }

    #[test]
    fn the_picture_holds_every_stroke() {
        let two = Strokes { lines: vec![vec![[1, 2], [3, 4]], vec![[9, 9]]], ..drawn(0) };

        let svg = two.svg();

        assert!(svg.contains("M1 2L3 4\"/>") && svg.contains("M9 9h0\"/>"), "{svg}");
    }
}
