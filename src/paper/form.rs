//! What the forms share: the patient's lines, dates as they are read in China, the foot.

use jiff::{Span, Unit, Zoned, civil::Date, tz::TimeZone};
use serde::Deserialize;

use super::{
    sheet::{Block, Field, Mark},
    words::{self, Words},
};
use crate::{
    consents,
    kernel::{Lang, Timestamp},
    referral,
};

/// The patient as the letter froze him.
#[derive(Debug, Clone, Deserialize)]
pub struct Card {
    pub name: String,
    pub record_no: String,
    pub sex: String,
    pub birth_date: Option<Date>,
    pub identity_masked: Option<String>,
    #[serde(default)]
    pub phone: Option<String>,
    #[serde(default)]
    pub address: Option<String>,
    #[serde(default)]
    pub allergies: Vec<String>,
    #[serde(default)]
    pub guardian: Option<Guardian>,
    #[serde(default)]
    pub insurance_type: Option<String>,
}

/// Who speaks for him.
#[derive(Debug, Clone, Deserialize)]
pub struct Guardian {
    pub name: String,
    pub phone: Option<String>,
    pub relation: Option<String>,
}

/// One side of a paper, in names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Party {
    /// The house.
    pub facility: String,
    /// Its telephone, day and night.
    pub phone_24h: String,
    /// Its department.
    pub department: Option<String>,
    /// The department's telephone.
    pub desk_phone: Option<String>,
    /// The doctor.
    pub doctor: Option<String>,
    /// His title.
    pub title: String,
    /// His telephone.
    pub phone: Option<String>,
}

impl Party {
    /// The house and the department.
    pub fn place(&self) -> String {
        join(" ", [Some(self.facility.clone()), self.department.clone()])
    }

    /// The doctor with his title.
    pub fn doctor(&self) -> String {
        join(" ", [self.doctor.clone(), Some(self.title.clone()).filter(|title| !title.is_empty())])
    }

    /// Where the doctor is reached: his own telephone, his desk's, his house's.
    pub fn reached(&self) -> String {
        let own = self.phone.clone().filter(|phone| !phone.is_empty());
        own.or_else(|| self.desk_phone.clone()).unwrap_or_else(|| self.phone_24h.clone())
    }
}

/// Who prints, and when.
#[derive(Debug, Clone)]
pub struct Printing {
    pub lang: Lang,
    pub at: Timestamp,
    pub by: String,
    pub mark: Option<Mark>,
}

impl Printing {
    /// The foot of every page.
    pub fn foot(&self, signature: &str) -> Vec<String> {
        let words = Words::of(self.lang);
        let check = self.mark.as_ref().map(|mark| {
            let page = mark.url.split('#').next().unwrap_or_default();
            format!("{} {page}　{} {}", words.check_at, words.code, mark.code)
        });
        let printed = format!("{} {}　{}", words.printed, minute(self.at), self.by);
        [check, Some(signature.to_owned()), Some(printed)].into_iter().flatten().collect()
    }
}

/// The parts that are there, with `between` between them.
pub fn join(between: &str, parts: impl IntoIterator<Item = Option<String>>) -> String {
    let there: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    there.join(between)
}

fn local(at: Timestamp) -> Option<Zoned> {
    let zone = TimeZone::get("Asia/Shanghai").ok()?;
    Some(jiff::Timestamp::from_millisecond(at.millis()).ok()?.to_zoned(zone))
}

/// `2026-11-21 14:52`, in China's time.
pub fn minute(at: Timestamp) -> String {
    local(at).map_or_else(String::new, |at| at.strftime("%Y-%m-%d %H:%M").to_string())
}

/// `2026-11-21`, in China's time.
pub fn day(at: Timestamp) -> String {
    local(at).map_or_else(String::new, |at| at.date().to_string())
}

/// How old somebody born then is: years, of an infant months, of a newborn days.
pub fn age(lang: Lang, born: Option<Date>, at: Timestamp) -> String {
    let words = Words::of(lang);
    let (Some(born), Some(today)) = (born, local(at).map(|at| at.date())) else {
        return words.age_unknown.to_owned();
    };
    let lived = born.until((Unit::Year, today)).unwrap_or_else(|_| Span::new());
    let days = born.until((Unit::Day, today)).map_or(0, |lived| lived.get_days());
    let (n, unit) = match (i32::from(lived.get_years()), lived.get_months()) {
        (0, 0) => (days, words.days),
        (0, months) => (months, words.months),
        (years, _) => (years, words.years),
    };
    format!("{n} {unit} ({born})")
}

fn sex(lang: Lang, sex: &str) -> &'static str {
    let words = Words::of(lang);
    match sex {
        "male" => words.male,
        "female" => words.female,
        _ => words.sex_unknown,
    }
}

/// Whose paper it is: the first lines of every form.
pub fn patient(lang: Lang, card: &Card, at: Timestamp) -> Vec<Block> {
    let words = Words::of(lang);
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "—".to_owned());
    let mut blocks = vec![
        Block::Row(vec![
            Field::strong(words.name, &card.name),
            Field::plain(
                words.sex_age,
                format!("{} {}", sex(lang, &card.sex), age(lang, card.birth_date, at)),
            ),
        ]),
        Block::Row(vec![
            Field::plain(words.identity, or_none(&card.identity_masked)),
            Field::plain(words.record_no, &card.record_no),
        ]),
        Block::Row(vec![
            Field::plain(words.address, or_none(&card.address)),
            Field::plain(words.phone, or_none(&card.phone)),
        ]),
    ];
    if let Some(guardian) = &card.guardian {
        let said = [Some(guardian.name.clone()), guardian.relation.clone(), guardian.phone.clone()];
        blocks.push(Block::Row(vec![Field::plain(words.guardian, join("　", said))]));
    }
    blocks
}

/// What must not be overlooked: allergies and infection.
pub fn warnings(lang: Lang, card: &Card, letter: &referral::Letter) -> Block {
    let words = Words::of(lang);
    let between = words::pick(lang, "、", ", ");
    let allergies = match (card.allergies.as_slice(), letter.allergies_ack) {
        ([], true) => Field::plain(words.allergies, words.allergies_none_read),
        ([], false) => Field::plain(words.allergies, words.allergies_unknown),
        (list, _) => Field::alarm(words.allergies, list.join(between)),
    };
    let infection = if letter.infection_flag {
        Field::alarm(words.infection, words.infection_yes)
    } else {
        Field::plain(words.infection, words.infection_no)
    };
    Block::Row(vec![allergies, infection])
}

/// Diagnoses, the leading one first and strong.
pub fn diagnoses(label: &str, diagnoses: &[referral::Diagnosis]) -> Field {
    let mut field = Field::empty(label);
    for (n, diagnosis) in diagnoses.iter().enumerate() {
        let text = join("　", [Some(diagnosis.text.as_str().to_owned()), diagnosis.code.clone()]);
        field.says.push(super::sheet::Said { text, strong: n == 0 });
    }
    if field.says.is_empty() { field.and("—") } else { field }
}

/// `医生：林秋雁`, `Doctor: Lin`.
pub fn labelled(lang: Lang, label: &str, text: impl std::fmt::Display) -> String {
    format!("{label}{}{text}", words::pick(lang, "：", ": "))
}

/// How the patient agreed, as it was written down.
pub fn consent(lang: Lang, held: Option<&consents::Held>) -> String {
    let Some(held) = held else { return Words::of(lang).no_consent.to_owned() };
    let said = [
        Some(words::consent_method(lang, held.method).to_owned()),
        held.signer.map(|signer| words::signer(lang, signer).to_owned()),
        held.signer_name.clone(),
        held.witness.clone(),
        held.reason.clone(),
        Some(minute(held.signed_at)),
    ];
    join("　", said)
}

/// A field of the whole width, if there is anything to say.
pub fn wide(label: &str, text: Option<&str>) -> Option<Block> {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    Some(Block::Row(vec![Field::plain(label, text)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_age_is_told_in_years_months_or_days() {
        let now = at("2026-11-21T06:00:00Z");
        let born = |text: &str| Some(text.parse::<Date>().unwrap());

        assert_eq!(age(Lang::Zh, born("1968-03-12"), now), "58 岁 (1968-03-12)");
        assert_eq!(age(Lang::Zh, born("2026-08-01"), now), "3 个月 (2026-08-01)");
        assert_eq!(age(Lang::En, born("2026-11-18"), now), "3 days (2026-11-18)");
        assert_eq!(age(Lang::Zh, None, now), "年龄不详");
    }

    #[test]
    fn times_are_those_of_the_clocks_in_china() {
        assert_eq!(minute(at("2026-11-21T17:05:00Z")), "2026-11-22 01:05");
        assert_eq!(day(at("2026-11-21T15:59:59Z")), "2026-11-21");
    }
}
