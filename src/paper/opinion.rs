//! 远程会诊意见: a consult's opinion as it was signed, one version of it.

use super::{
    form::{self, Card, Party, Printing, join, minute, wide},
    sheet::{Block, Field, Said, Sheet},
    words::{self, Words},
};
use crate::{
    consents,
    consult::{Consult, Exam, Letter, NextStep, Opinion},
};

/// Everything the paper says.
#[derive(Debug)]
pub struct Answered {
    pub consult: Consult,
    pub letter: Letter,
    pub card: Card,
    pub from: Party,
    pub to: Party,
    pub consent: Option<consents::Held>,
    /// Every version, the newest first, with its author.
    pub versions: Vec<(Opinion, String)>,
    /// Which of them this paper shows.
    pub shown: usize,
    /// Who answered to it.
    pub acknowledged_by: Option<String>,
}

impl Answered {
    /// The version on the paper.
    pub fn opinion(&self) -> &Opinion {
        &self.versions[self.shown].0
    }

    /// The version that holds now.
    pub fn newest(&self) -> &Opinion {
        &self.versions[0].0
    }
}

/// The sheet.
pub fn sheet(answered: &Answered, printing: &Printing) -> Sheet {
    let (lang, words) = (printing.lang, Words::of(printing.lang));
    let (opinion, newest) = (answered.opinion(), answered.newest());
    let version = format!("{} {}/{}", words.version, opinion.version_no, newest.version_no);
    let numbers = vec![
        format!("{} {}", words.number, answered.consult.no),
        version,
        format!("{} {}", words.signed_at, minute(opinion.signed_at)),
    ];
    let stamp = (answered.shown > 0).then(|| words.superseded.to_owned());
    let from = join(" ", [Some(answered.from.facility.clone()), Some(answered.from.doctor())]);
    let to = join(" ", [Some(answered.to.place()), Some(answered.to.doctor())]);
    Sheet {
        lang,
        title: words.opinion_title.to_owned(),
        subtitle: join(
            "　",
            [Some(form::labelled(lang, words.asking, from)), Some(form::labelled(lang, words.asked, to))],
        ),
        numbers,
        stamp,
        mark: printing.mark.clone(),
        blocks: blocks(answered, printing),
        foot: printing.foot(words.not_ca),
        printed_at: printing.at,
    }
}

fn blocks(answered: &Answered, printing: &Printing) -> Vec<Block> {
    let (lang, words) = (printing.lang, Words::of(printing.lang));
    let (opinion, letter) = (answered.opinion(), &answered.letter);
    let mut blocks = form::patient(lang, &answered.card, opinion.signed_at);
    let allergies = answered.card.allergies.join(words::pick(lang, "、", ", "));
    blocks.push(Block::Row(vec![if allergies.is_empty() {
        Field::plain(words.allergies, words.allergies_unknown)
    } else {
        Field::alarm(words.allergies, allergies)
    }]));
    blocks.extend(wide(words.question, Some(&letter.question)));
    let signs = letter.exam.as_ref().map(|exam| signs(exam, printing));
    let summary = join("\n", [letter.chief_complaint.clone(), letter.history.clone(), signs]);
    blocks.extend(wide(words.summary, Some(&summary)));
    let mut found = Field::empty(words.diagnosis_opinion);
    for (n, diagnosis) in opinion.text.diagnoses.iter().enumerate() {
        let text = join("　", [Some(diagnosis.text.clone()), diagnosis.code.clone()]);
        found.says.push(Said { text, strong: n == 0 });
    }
    if !found.says.is_empty() {
        blocks.push(Block::Row(vec![found]));
    }
    blocks.push(Block::Row(vec![Field::strong(words.conclusion, &opinion.text.conclusion)]));
    blocks.extend(wide(words.advice, Some(&opinion.text.advice)));
    blocks.extend(wide(words.next_step, Some(next(opinion.next, printing))));
    blocks.extend(wide(words.adopted, Some(&adopted(answered, printing))));
    blocks.extend(wide(words.consent, Some(&form::consent(lang, answered.consent.as_ref()))));
    blocks.extend(wide(words.versions, Some(&versions(answered, printing))));
    blocks.push(Block::Sign(vec![
        join(
            "　　",
            [
                Some(form::labelled(lang, words.consulting_doctor, &answered.versions[answered.shown].1)),
                Some(form::labelled(lang, words.phone, answered.to.reached())),
            ],
        ),
        join(
            "　　",
            [
                Some(form::labelled(lang, words.house, answered.to.place())),
                Some(form::labelled(lang, words.signed_at, minute(opinion.signed_at))),
            ],
        ),
        words.hand.to_owned(),
    ]));
    let kind = signature(&opinion.signature_kind, words);
    blocks.push(Block::Note(form::labelled(lang, words.signature_kind, kind)));
    blocks.push(Block::Note(format!("{} SHA-256: {}", words.content_hash, opinion.content_hash)));
    blocks.push(Block::Note(words.decision.to_owned()));
    blocks
}

/// The kind of signature in words; a hospital's own service is named as it names itself.
fn signature(kind: &str, words: &Words) -> String {
    if kind == "local_ed25519" { format!("{} (Ed25519)", words.not_ca) } else { kind.to_owned() }
}

/// The signs that were measured.
fn signs(exam: &Exam, printing: &Printing) -> String {
    let zh = |zh, en| words::pick(printing.lang, zh, en);
    let one =
        |name: &str, value: Option<f64>, unit: &str| value.map(|value| format!("{name} {value} {unit}"));
    let pressure =
        exam.bp_sys.zip(exam.bp_dia).map(|(sys, dia)| format!("{} {sys}/{dia} mmHg", zh("血压", "BP")));
    join(
        zh("，", ", "),
        [
            pressure,
            one(zh("心率", "HR"), exam.heart_rate, zh("次/分", "/min")),
            one(zh("体温", "T"), exam.temp_c, "℃"),
            one("SpO₂", exam.spo2, "%"),
            one(zh("呼吸", "RR"), exam.resp_rate, zh("次/分", "/min")),
            one(zh("血糖", "glucose"), exam.glucose, "mmol/L"),
        ],
    )
}

fn next(step: NextStep, printing: &Printing) -> &'static str {
    match step {
        NextStep::TreatHere => words::pick(printing.lang, "在基层继续治疗", "treat on here"),
        NextStep::ReferUp => words::pick(printing.lang, "上转", "refer up"),
        NextStep::FollowUp => words::pick(printing.lang, "基层治疗，定期复诊", "treat on, to be seen again"),
        NextStep::Admit => words::pick(printing.lang, "收住院", "admit"),
    }
}

fn adopted(answered: &Answered, printing: &Printing) -> String {
    let words = Words::of(printing.lang);
    let Some(ack) = &answered.opinion().ack else { return words.not_yet.to_owned() };
    let how = words::adopted(printing.lang, ack.adopted);
    let said =
        [answered.acknowledged_by.clone(), Some(minute(ack.at)), Some(how.to_owned()), ack.reason.clone()];
    join("　", said)
}

/// The versions before and after this one; nothing where there is only one.
fn versions(answered: &Answered, printing: &Printing) -> String {
    let words = Words::of(printing.lang);
    if answered.versions.len() < 2 {
        return String::new();
    }
    let each = answered.versions.iter().rev().enumerate().map(|(n, (opinion, author))| {
        let holds = n + 1 == answered.versions.len();
        let why = opinion.reason_code.as_deref().map(|code| words::amended(printing.lang, code));
        Some(join(
            "　",
            [
                Some(format!("{} {}", words.version, opinion.version_no)),
                Some(minute(opinion.signed_at)),
                Some(author.clone()),
                why,
                Some(if holds { words.holds } else { words.superseded }.to_owned()),
            ],
        ))
    });
    join("\n", each)
}
