//! The demo's patients, with identity numbers of a region that does not exist (990102).

use serde_json::{Value, json};

use super::names::{Names, below, one_of};
use crate::kernel::Dice;
use crate::patients;

/// The patients of the stories: name, date of birth, male or not, allergies.
pub const KNOWN: &[(&str, &str, bool, &[&str])] = &[
    ("赵长河", "19680312", true, &["青霉素"]),
    ("周桂芬", "19491231", false, &[]),
    ("欧阳明德", "19550806", true, &[]),
    ("丁有根", "19520219", true, &["磺胺"]),
    ("苗小满", "20230521", false, &[]),
    ("冯雪梅", "19940710", false, &[]),
    ("吴守田", "19610403", true, &[]),
    ("周桂芳", "19490915", false, &["头孢"]),
];

const ALLERGIES: &[&str] = &["青霉素", "磺胺", "头孢", "碘造影剂", "阿司匹林"];
const INSURANCE: &[&str] = &["resident", "resident", "resident", "employee", "self_pay"];

/// An identity number with a right check digit, which nobody has.
fn identity(born: &str, number: usize, is_male: bool) -> String {
    let sequence = (number * 2 % 998) + usize::from(is_male);
    let body = format!("990102{born}{sequence:03}");
    let check = patients::check_digit(&body);
    format!("{body}{check}")
}

/// The form of a patient with a name of their own.
pub fn known(number: usize) -> Value {
    let (name, born, is_male, allergies) = KNOWN[number];
    let mut form = form(name, born, number, is_male, "resident");
    form["allergies"] = json!(allergies);
    if born > "2018" {
        form["guardian"] = json!({ "name": "苗守业", "phone": "199 0000 5521", "relation": "父亲" });
    }
    form
}

/// The form of a drawn patient.
pub fn drawn(names: &mut Names, dice: &dyn Dice, number: usize) -> Value {
    let is_male = below(dice, 2) == 0;
    let born = format!("{}{:02}{:02}", 1938 + below(dice, 68), 1 + below(dice, 12), 1 + below(dice, 28));
    let insurance = *one_of(dice, INSURANCE);
    let mut form = form(&names.patient(dice), &born, number, is_male, insurance);
    if below(dice, 6) == 0 {
        form["allergies"] = json!([one_of(dice, ALLERGIES)]);
    }
    form
}

fn form(name: &str, born: &str, number: usize, is_male: bool, insurance: &str) -> Value {
    json!({
        "name": name,
        "sex": if is_male { "male" } else { "female" },
        "birth_date": format!("{}-{}-{}", &born[..4], &born[4..6], &born[6..]),
        "identity_number": identity(born, number, is_male),
        "phone": format!("199 0000 {:04}", 5000 + number),
        "insurance_type": insurance,
    })
}
