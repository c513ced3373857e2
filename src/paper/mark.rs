//! By what a paper is known: the square that a telephone reads (QR code, ISO/IEC 18004) and
//! the code that a person types.

use fast_qr::{ECL, QRBuilder};

use crate::kernel::pinyin;

/// Figures and letters that no hand confuses (Crockford's base 32).
const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 80 bits in signs of five: too many to guess at a door that counts.
const LONG: usize = 16;

/// The code of a paper: the first 80 bits of `term`, 32 hex digits.
pub fn code(term: &str) -> String {
    let bits = term.get(..20).and_then(|hex| u128::from_str_radix(hex, 16).ok()).unwrap_or_default();
    let sign = |n: usize| SIGNS[(bits >> (5 * (LONG - 1 - n))) as usize & 31] as char;
    (0..LONG).map(sign).collect()
}

/// The code as it is printed: in fours.
pub fn shown(code: &str) -> String {
    let fours: Vec<&str> = (0..code.len()).step_by(4).filter_map(|at| code.get(at..at + 4)).collect();
    fours.join("-")
}

/// A code as somebody typed it: small letters, gaps, O for 0 and I for 1 are forgiven.
pub fn typed(text: &str) -> Option<String> {
    let sign = |c: char| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let code: String = text.chars().take(64).filter(|c| !c.is_whitespace() && *c != '-').map(sign).collect();
    let ours = code.len() == LONG && code.bytes().all(|byte| SIGNS.contains(&byte));
    ours.then_some(code)
}

/// `Z. C. H.`: enough to see that the paper is about the person who holds it.
pub fn initials(name: &str) -> String {
    // A word in Latin letters has one initial, each Chinese character has its own.
    let of_word = |word: &str| {
        let chinese: String = word.chars().filter(|letter| *letter >= '\u{2e80}').collect();
        if chinese.is_empty() {
            word.chars().next().map(String::from).unwrap_or_default()
        } else {
            pinyin::read_name(&chinese).initials()
        }
    };
    let letters: Vec<char> =
        name.split_whitespace().flat_map(|word| of_word(word).chars().collect::<Vec<_>>()).collect();
    letters.iter().map(|letter| format!("{}.", letter.to_uppercase())).collect::<Vec<_>>().join(" ")
}

/// A square of black and white modules, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Square {
    /// Modules on a side.
    pub side: usize,
    /// True is black.
    pub black: Vec<bool>,
}

/// `text` as a square; nothing if it is too long for one.
///
/// A quarter of it may be lost: paper is folded, stamped and copied.
pub fn square(text: &str) -> Option<Square> {
    let code = QRBuilder::new(text).ecl(ECL::Q).build().ok()?;
    let black = (0..code.size).flat_map(|row| code[row].iter().take(code.size).map(|m| m.value())).collect();
    Some(Square { side: code.size, black })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_survives_the_hand_that_types_it() {
        let code = code("0123456789abcdef0123456789abcdef");

        assert_eq!(code.len(), LONG);
        let printed = shown(&code);
        assert_eq!(typed(&printed).as_deref(), Some(&*code));
        let careless = printed.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        assert_eq!(typed(&careless).as_deref(), Some(&*code));
        assert_eq!(typed("ABCD"), None);
        assert_eq!(typed("UUUU-UUUU-UUUU-UUUU"), None);
    }

    #[test]
    fn initials_are_all_that_is_told_of_a_name() {
        assert_eq!(initials("赵长河"), "Z. C. H.");
        assert_eq!(initials("Anna Berg"), "A. B.");
    }

    #[test]
    fn a_square_has_its_three_corners() {
        let square = square("https://gateway.alliance.example/verify#ABCD-EFGH").unwrap();
        let at = |row: usize, column: usize| square.black[row * square.side + column];

        assert_eq!(square.black.len(), square.side * square.side);
        let last = square.side - 1;
        for (row, column) in [(0, 0), (0, last), (last, 0)] {
            assert!(at(row, column), "corner {row},{column}");
        }
        assert!(!at(1, 1) && at(3, 3), "a ring round a dot");
    }
}
