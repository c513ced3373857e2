//! The resident identity number of GB 11643: eighteen places, the last a check digit.
//!
//! Six digits of region, eight of birth, three of sequence (odd: male), one check digit.
//! A region that is not known is no error: codes of counties long abolished live on cards.

use jiff::civil::Date;

use super::model::Sex;

/// GB 11643-1999, 5: weights of the first seventeen places.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// The check digit for each remainder of the weighted sum by eleven.
const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];

/// The oldest person a number may speak of.
const MOST_YEARS: i16 = 130;

/// An identity number whose check digit is right.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityNumber {
    digits: String,
    born: Date,
}

/// Why a number was not taken. Never holds the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadIdentity {
    /// Not eighteen places.
    #[error("wrong_length")]
    Length,
    /// Fifteen places: a card from before 1999, which has to be upgraded by a person.
    #[error("fifteen_digits")]
    Legacy,
    /// Something that is no digit where one belongs.
    #[error("not_digits")]
    NotDigits,
    /// No such day, in the future, or too long ago.
    #[error("birth_date")]
    BirthDate,
    /// The check digit does not fit: one place is mistyped.
    #[error("checksum")]
    Checksum,
}

impl IdentityNumber {
    /// Reads what was typed, pasted or swiped: full-width digits, spaces and a small x are
    /// understood. `today` bounds the day of birth.
    pub fn parse(typed: &str, today: Date) -> Result<Self, BadIdentity> {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(plain).collect();
        match digits.chars().count() {
            18 => {}
            15 if digits.chars().all(|c| c.is_ascii_digit()) => return Err(BadIdentity::Legacy),
            _ => return Err(BadIdentity::Length),
        }
        let (body, check) = digits.split_at_checked(17).ok_or(BadIdentity::NotDigits)?;
        if !body.chars().all(|c| c.is_ascii_digit()) {
            return Err(BadIdentity::NotDigits);
        }
        let number = |range: std::ops::Range<usize>| body[range].parse::<i16>().unwrap_or(0);
        let born = Date::new(number(6..10), number(10..12) as i8, number(12..14) as i8)
            .map_err(|_| BadIdentity::BirthDate)?;
        if born > today || today.year() - born.year() > MOST_YEARS {
            return Err(BadIdentity::BirthDate);
        }
        if !check.chars().eq([check_digit(body)]) {
            return Err(BadIdentity::Checksum);
        }
        Ok(Self { digits, born })
    }

    /// All eighteen places.
    pub fn as_str(&self) -> &str {
        &self.digits
    }

    /// The day of birth.
    pub fn born(&self) -> Date {
        self.born
    }

    /// The sex, by the last digit of the sequence.
    pub fn sex(&self) -> Sex {
        if self.digits.as_bytes()[16] % 2 == 1 { Sex::Male } else { Sex::Female }
    }

    /// What may be shown: `990102********123X`.
    pub fn masked(&self) -> String {
        format!("{}********{}", &self.digits[..6], &self.digits[14..])
    }
}

/// The check digit for the first seventeen places.
pub fn check_digit(body: &str) -> char {
    let sum: u32 = body.chars().zip(WEIGHTS).map(|(c, weight)| c.to_digit(10).unwrap_or(0) * weight).sum();
    CHECKS[(sum % 11) as usize]
}

fn plain(c: char) -> char {
    match c {
        'x' | 'ｘ' | 'Ｘ' => 'X',
        '０'..='９' => char::from_u32(c as u32 - '０' as u32 + '0' as u32).unwrap_or(c),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = jiff::civil::date(2026, 11, 22);

    // The two examples that the standard itself prints.
    const WOMAN: &str = "11010519491231002X";
    const MAN: &str = "440524188001010014";

    #[test]
    fn the_examples_of_the_standard_are_read() {
        let woman = IdentityNumber::parse(WOMAN, TODAY).expect("an example of the standard");
        assert_eq!((woman.born(), woman.sex()), (jiff::civil::date(1949, 12, 31), Sex::Female));
        assert_eq!(woman.masked(), "110105********002X");
        // Born in 1880: the check digit is right, but nobody is that old any more.
        assert_eq!(check_digit(&MAN[..17]), '4');
        assert_eq!(IdentityNumber::parse(MAN, TODAY).err(), Some(BadIdentity::BirthDate));
    }

    #[test]
    fn what_people_type_is_understood() {
        for typed in ["11010519491231002x", " 110105 19491231 002X ", "１１０１０５１９４９１２３１００２Ｘ"]
        {
            assert_eq!(
                IdentityNumber::parse(typed, TODAY).map(|n| n.as_str().to_owned()),
                Ok(WOMAN.to_owned())
            );
        }
    }

    #[test]
    fn every_single_mistyped_digit_is_caught() {
        let mut caught = 0;
        for place in 0..18 {
            for digit in '0'..='9' {
                let mut typed: Vec<char> = WOMAN.chars().collect();
                if typed[place] == digit {
                    continue;
                }
                typed[place] = digit;
                assert!(IdentityNumber::parse(&typed.iter().collect::<String>(), TODAY).is_err());
                caught += 1;
            }
        }
        assert_eq!(caught, 17 * 9 + 10);
    }

    #[test]
    fn each_refusal_says_what_is_wrong() {
        let refusal = |typed| IdentityNumber::parse(typed, TODAY).err();
        assert_eq!(refusal("1101051949123100"), Some(BadIdentity::Length));
        assert_eq!(refusal("110105491231002"), Some(BadIdentity::Legacy));
        assert_eq!(refusal("11010A19491231002X"), Some(BadIdentity::NotDigits));
        assert_eq!(refusal("11010519490231002X"), Some(BadIdentity::BirthDate));
        assert_eq!(refusal("110105194912310021"), Some(BadIdentity::Checksum));
        assert_eq!(refusal("字字字字字字字字字字字字字字字字字字"), Some(BadIdentity::NotDigits));
    }
}
