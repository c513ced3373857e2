//! 双向转诊（转出）单: the letter out, in the fields of the national form and those that
//! alliances add (insurance, urgency, transport, consent).

use super::{
    form::{self, Card, Party, Printing, join, minute, wide},
    sheet::{Block, Field, Sheet},
    words::{self, Words},
};
use crate::{
    consents,
    kernel::Timestamp,
    referral::{Referral, State, Urgency},
};

/// Everything the letter out says.
#[derive(Debug)]
pub struct Out {
    pub referral: Referral,
    pub card: Card,
    pub from: Party,
    pub to: Party,
    pub consult_no: Option<String>,
    pub parent_no: Option<String>,
    pub opinion: Option<Opinion>,
    pub consent: Option<consents::Held>,
    pub files: Vec<String>,
    /// Who decided at the receiving side, once somebody took the patient.
    pub taken_by: Option<String>,
}

/// The consult's opinion, in a letter.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    pub author: String,
    pub at: Timestamp,
    pub conclusion: String,
    pub advice: String,
}

/// The sheet.
pub fn sheet(out: &Out, printing: &Printing) -> Sheet {
    let (lang, r) = (printing.lang, &out.referral);
    let words = Words::of(lang);
    let numbers = [
        Some(format!("{} {}", words.number, r.no)),
        out.consult_no.as_ref().map(|no| format!("{} {no}", words.from_consult)),
        out.parent_no.as_ref().map(|no| format!("{} {no}", words.answers)),
        Some(format!("{}　{}", words::direction(lang, r.direction), words::urgency(lang, r.urgency))),
    ];
    let stamp = if r.state == State::Draft {
        Some(words.draft.to_owned())
    } else {
        (r.urgency == Urgency::Emergency).then(|| words.emergency.to_owned())
    };
    Sheet {
        lang,
        title: words.out_title.to_owned(),
        subtitle: format!("{} → {}", out.from.place(), out.to.place()),
        numbers: numbers.into_iter().flatten().collect(),
        stamp,
        mark: printing.mark.clone(),
        blocks: blocks(out, printing),
        foot: printing.foot(words.by_account),
        printed_at: printing.at,
    }
}

fn blocks(out: &Out, printing: &Printing) -> Vec<Block> {
    let (lang, r) = (printing.lang, &out.referral);
    let (words, letter) = (Words::of(lang), &r.letter);
    let text = |note: &Option<crate::kernel::Note>| note.as_ref().map(|note| note.as_str().to_owned());
    let when = r.submitted_at.unwrap_or(r.created_at);
    let mut blocks = form::patient(lang, &out.card, when);
    blocks.push(form::warnings(lang, &out.card, letter));
    blocks.push(Block::Row(vec![
        Field::plain(words.insurance, insurance(out, printing)),
        Field::plain(words.companion, letter.companion.as_ref().map_or("—", |who| who.as_str())),
    ]));
    let service = letter.requested_service.map(|service| words::service(lang, service).to_owned());
    let to = [Some(out.to.place()), Some(out.to.doctor()), out.to.desk_phone.clone()];
    blocks.push(Block::Row(vec![
        Field::strong(words.to, join("　", to)),
        Field::plain(words.service, service.unwrap_or_else(|| "—".to_owned())),
    ]));
    blocks.push(Block::Row(vec![form::diagnoses(words.diagnoses, &letter.diagnoses)]));
    let codes = letter.reason_codes.iter().map(|code| Some(words::reason(lang, code)));
    let reason = join(words::pick(lang, "；", "; "), codes.chain([text(&letter.reason_text)]));
    blocks.extend(wide(words.reason, Some(&reason)));
    for (label, note) in [
        (words.illness, &letter.present_illness),
        (words.past, &letter.past_history),
        (words.results, &letter.key_results),
        (words.treatment, &letter.treatment_so_far),
    ] {
        // The form's own fields stand there even when nobody wrote in them.
        blocks.push(Block::Row(vec![Field::plain(label, text(note).unwrap_or_else(|| "—".to_owned()))]));
    }
    if let Some(opinion) = &out.opinion {
        let head = format!("{}　{}", opinion.author, minute(opinion.at));
        let field = Field::plain(words.opinion, head).and(&opinion.conclusion);
        let field = if opinion.advice.is_empty() { field } else { field.and(&opinion.advice) };
        blocks.push(Block::Row(vec![field]));
    }
    blocks.extend(plan(out, printing));
    blocks.extend(wide(words.transport, Some(&transport(out, printing))));
    blocks.push(Block::Row(vec![Field::plain(words.consent, consent(out, printing))]));
    blocks.push(Block::Row(vec![files(out, words)]));
    let sent = r.submitted_at.map_or_else(|| words.not_sent.to_owned(), minute);
    blocks.push(Block::Sign(vec![
        join(
            "　　",
            [
                Some(form::labelled(lang, words.doctor, out.from.doctor())),
                Some(form::labelled(lang, words.phone, out.from.reached())),
            ],
        ),
        join(
            "　　",
            [
                Some(form::labelled(lang, words.house, &out.from.facility)),
                Some(form::labelled(lang, words.date, &sent)),
            ],
        ),
        words.hand.to_owned(),
    ]));
    blocks.extend(received(out, printing));
    blocks
}

/// On the way down: how to go on.
pub fn plan(out: &Out, printing: &Printing) -> Vec<Block> {
    let (words, letter) = (Words::of(printing.lang), &out.referral.letter);
    let text = |note: &Option<crate::kernel::Note>| note.as_ref().map(|note| note.as_str().to_owned());
    let medications: Vec<&str> = letter.medications.iter().map(|line| line.as_str()).collect();
    let red_flags =
        text(&letter.red_flags).map(|flags| Block::Row(vec![Field::alarm(words.red_flags, flags)]));
    let until = letter.follow_up_due.map(form::day);
    [
        wide(words.medications, Some(&medications.join("\n"))),
        wide(words.rehab, text(&letter.rehab_plan).as_deref()),
        red_flags,
        wide(words.next_visit, letter.next_visit.as_ref().map(|line| line.as_str())),
        wide(words.follow_up_until, until.as_deref()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn insurance(out: &Out, printing: &Printing) -> String {
    let words = Words::of(printing.lang);
    let said = out.referral.letter.insurance.as_ref();
    let kind = said.and_then(|said| said.kind.as_ref()).map(|kind| kind.as_str().to_owned());
    let Some(kind) = kind.or_else(|| out.card.insurance_type.clone()) else { return "—".to_owned() };
    let filed = said.map(|said| if said.filed { words.filed } else { words.not_filed }.to_owned());
    let between = words::pick(printing.lang, "，", ", ");
    join(between, [Some(words::insurance(printing.lang, &kind)), filed])
}

fn transport(out: &Out, printing: &Printing) -> String {
    let words = Words::of(printing.lang);
    let Some(transport) = &out.referral.letter.transport else { return String::new() };
    let line = |line: &Option<crate::kernel::Line>| line.as_ref().map(|line| line.as_str().to_owned());
    join(
        "　",
        [
            Some(words::transport(printing.lang, transport.mode).to_owned()),
            line(&transport.crew),
            line(&transport.plate),
            line(&transport.phone),
            transport.depart_at.map(|at| format!("{} {}", words.departs, minute(at))),
            transport.eta.map(|at| format!("{} {}", words.arrives, minute(at))),
        ],
    )
}

fn consent(out: &Out, printing: &Printing) -> String {
    let reason = out.referral.letter.override_reason.as_ref().map(|reason| reason.as_str().to_owned());
    match (&out.consent, reason) {
        (None, Some(reason)) => reason,
        (held, _) => form::consent(printing.lang, held.as_ref()),
    }
}

fn files(out: &Out, words: &Words) -> Field {
    if out.files.is_empty() {
        return Field::plain(words.files, words.no_files);
    }
    let listed = out.files.iter().enumerate().map(|(n, name)| Some(format!("{}. {name}", n + 1)));
    Field::plain(words.files, join("\n", listed)).and(words.files_where)
}

/// What the receiving side said, below what the sender wrote.
fn received(out: &Out, printing: &Printing) -> Vec<Block> {
    let (words, leg) = (Words::of(printing.lang), &out.referral.leg);
    if out.referral.accepted_at.is_none() {
        return Vec::new();
    }
    let line = |line: &Option<crate::kernel::Line>| line.as_ref().map(|line| line.as_str().to_owned());
    let taken =
        [Some(out.to.place()), out.taken_by.clone(), leg.decided_at.map(minute), line(&leg.words.contact)];
    let arranged = [
        leg.appointment_at.map(minute),
        line(&leg.words.location),
        line(&leg.words.bed),
        line(&leg.words.received_by),
        leg.words.instructions.as_ref().map(|note| note.as_str().to_owned()),
    ];
    let arranged = join("　", arranged);
    let arranged = if arranged.is_empty() { "—".to_owned() } else { arranged };
    vec![
        Block::Heading(words.received.to_owned()),
        Block::Row(vec![
            Field::plain(words.taken, join("　", taken)),
            Field::plain(words.arranged, arranged),
        ]),
    ]
}
