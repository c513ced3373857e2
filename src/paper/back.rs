//! 双向转诊（回转）单: the letter back, in the fields of the national form: what was found,
//! what was done, how to go on.

use super::{
    form::{self, Printing, day, join, wide},
    out::{self, Out},
    sheet::{Block, Field, Sheet},
    words::{self, Words},
};
use crate::referral::{Leg, Outcome};

/// What the letter back adds to the letter it is made of.
#[derive(Debug)]
pub struct Back {
    /// The letter: of the way back itself, or of the way up if nobody was sent back.
    pub out: Out,
    /// What came of the way up.
    pub outcome: Option<Outcome>,
    /// The stay it tells of.
    pub stay: Option<Leg>,
    /// True if the letter goes the way back itself; else it answers the one who sent.
    pub is_return: bool,
}

/// The sheet.
pub fn sheet(back: &Back, printing: &Printing) -> Sheet {
    let (lang, words) = (printing.lang, Words::of(printing.lang));
    let r = &back.out.referral;
    let (treating, home) =
        if back.is_return { (&back.out.from, &back.out.to) } else { (&back.out.to, &back.out.from) };
    let numbers = [
        Some(format!("{} {}", words.number, r.no)),
        back.out.parent_no.as_ref().map(|no| format!("{} {no}", words.answers)),
    ];
    let mut blocks = form::patient(lang, &back.out.card, printing.at);
    blocks.push(form::warnings(lang, &back.out.card, &r.letter));
    blocks.push(stay(back, words));
    let mut found = form::diagnoses(words.diagnosis_result, &r.letter.diagnoses);
    if let Some(outcome) = &back.outcome {
        found = found.and(form::labelled(lang, words.outcome, words::outcome(lang, outcome.code)));
    }
    blocks.push(Block::Row(vec![found]));
    let results = r.letter.key_results.as_ref().map_or("—", |note| note.as_str());
    blocks.push(Block::Row(vec![Field::plain(words.results, results)]));
    blocks.push(Block::Row(vec![Field::plain(words.treatment, treatment(back))]));
    blocks.extend(out::plan(&back.out, printing));
    let to = [Some(home.place()), Some(home.doctor())];
    blocks.extend(wide(words.back_to, Some(&join("　", to))));
    let when = back.outcome.as_ref().map_or(printing.at, |outcome| outcome.at);
    let signed = if back.is_return { r.submitted_at.unwrap_or(when) } else { when };
    blocks.push(Block::Sign(vec![
        join(
            "　　",
            [
                Some(form::labelled(lang, words.treating_doctor, treating.doctor())),
                Some(form::labelled(lang, words.phone, treating.reached())),
            ],
        ),
        join(
            "　　",
            [
                Some(form::labelled(lang, words.house, treating.place())),
                Some(form::labelled(lang, words.date, day(signed))),
            ],
        ),
        words.hand.to_owned(),
    ]));
    Sheet {
        lang,
        title: words.back_title.to_owned(),
        subtitle: format!("{} → {}", treating.place(), home.place()),
        numbers: numbers.into_iter().flatten().collect(),
        stamp: None,
        mark: printing.mark.clone(),
        blocks,
        foot: printing.foot(words.by_account),
        printed_at: printing.at,
    }
}

fn stay(back: &Back, words: &Words) -> Block {
    let leg = back.stay.as_ref();
    let number = leg.and_then(|leg| leg.words.inpatient_no.as_ref()).map_or("—", |line| line.as_str());
    let began = leg.and_then(|leg| leg.admitted_at.or(leg.arrived_at)).map(day);
    let ended = leg.and_then(|leg| leg.discharged_at).map(|at| format!("{} {}", words.until, day(at)));
    let days = join(" ", [began, ended]);
    let days = if days.is_empty() { "—".to_owned() } else { days };
    Block::Row(vec![Field::plain(words.inpatient_no, number), Field::plain(words.stay, days)])
}

/// The course as the letter tells it; what the ward summed up, if it says more.
fn treatment(back: &Back) -> String {
    let told = back.out.referral.letter.treatment_so_far.as_ref().map(|note| note.as_str().to_owned());
    let summary = back.outcome.as_ref().map(|outcome| outcome.summary.as_str().to_owned());
    let summary = summary.filter(|summary| told.as_ref() != Some(summary));
    let told = if back.is_return { told } else { None };
    let text = join("\n", [told, summary]);
    if text.is_empty() { "—".to_owned() } else { text }
}
