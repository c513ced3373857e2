//! From a consult to a letter: what is known there is filled in, its files are linked.

use serde_json::json;
use tracing::info;

use super::{
    around,
    birth::{Birth, born},
    commands::{entry_of, once},
    edit::note,
    error::Error,
    model::{Diagnosis, DiagnosisRole, Direction, Letter, Referral},
    moves::By,
    store,
};
use crate::{
    attachments::{self, Owner},
    auth::Principal,
    consult::{self, Consult, Exam, NextStep, Opinion},
    ctx::Ctx,
    http::{NotAgain, Once, StoredAnswer},
    journal,
    kernel::{ConsultId, Line, Timestamp},
    store::WriteTx,
};

/// Begins the letter that a consult leads to. The requester owns it and alone sends it,
/// whoever pressed the button. Pressed twice, there is still one draft.
///
/// # Errors
/// What the consult's own door says, if the step is not open to the caller.
pub async fn from_consult(
    ctx: &Ctx,
    who: &Principal,
    id: ConsultId,
    seen: i64,
    once: &Once,
) -> Result<StoredAnswer, Error> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.write("referral.escalate").await?;
    once!(once, ctx, tx, at);
    let (consult, parts) = consult::load_for(&mut tx, who, id, at).await?;
    let (draft, fresh) = match store::draft_from(&mut tx, ctx, id).await? {
        Some(draft) => (draft, false),
        None => (begin(ctx, &mut tx, who, &consult, at).await?, true),
    };
    let links = (Owner::Consult(id), Owner::Referral(draft.id));
    let linked = attachments::link_all(ctx, &mut tx, links, (who.user, at)).await?;
    let consult = consult::escalated(&mut tx, who, (id, seen), draft.id, at).await?;

    let doubles = store::live_doubles(&mut tx, draft.patient, draft.leg.to_department, draft.id).await?;
    let warnings: Vec<_> = doubles
        .iter()
        .map(|(id, no, state)| json!({ "code": "live_referral", "referral": id, "no": no, "state": state }))
        .collect();
    let body = json!({
        "consult": consult::view_of(ctx, &mut tx, &consult, &parts).await?,
        "referral_id": draft.id,
        "no": draft.no,
        "warnings": warnings,
    });
    let answer = StoredAnswer { status: 200, version: consult.version, body };
    once.keep(ctx, &mut tx, &answer).await?;
    if fresh {
        let by = By { user: Some(who.user), at };
        let mut entry = entry_of(&draft, by, Some(who.acting), "referral.create");
        entry.payload["files"] = json!(linked);
        journal::append(&mut tx, entry, &[draft.from_user]).await?;
    }
    tx.commit().await?;
    info!(consult.id = %id, referral.id = %draft.id, "Consult {id} escalated to referral {}", draft.id);
    Ok(answer)
}

async fn begin(
    ctx: &Ctx,
    tx: &mut WriteTx,
    who: &Principal,
    consult: &Consult,
    at: Timestamp,
) -> Result<Referral, Error> {
    let written = consult::letter(ctx, tx, consult.id).await?;
    let opinion = consult::opinion(ctx, tx, consult.id).await?;
    let relation = around::relation(tx, consult.from_facility, consult.to_facility).await?;
    let birth = Birth {
        patient: consult.patient,
        direction: relation.unwrap_or(Direction::Up),
        urgency: consult.urgency,
        from: (
            consult.from_facility,
            around::seat_of(tx, consult.from_user, consult.from_facility).await?,
            consult.from_user,
        ),
        to: (consult.to_facility, consult.to_department),
        letter: carried_over(&written, opinion.as_ref()),
        parent: None,
        consult: Some(consult.id),
    };
    born(ctx, tx, birth, who.user, at).await
}

/// What the consult knows, in the places of a letter. The consent is asked anew: agreeing
/// to a question is not agreeing to be moved.
fn carried_over(written: &consult::Letter, opinion: Option<&Opinion>) -> Letter {
    let said = opinion.map(|opinion| &opinion.text);
    let diagnoses =
        said.filter(|text| !text.diagnoses.is_empty()).map_or(&written.prelim_diagnoses, |t| &t.diagnoses);
    let advised = opinion.filter(|o| matches!(o.next, NextStep::ReferUp | NextStep::Admit));
    let illness = [written.chief_complaint.as_deref(), Some(written.question.as_str())];
    Letter {
        reason_codes: advised.map(|_| "specialist_advised".to_owned()).into_iter().collect(),
        reason_text: advised.and_then(|opinion| note(&opinion.text.advice)),
        diagnoses: diagnoses.iter().enumerate().filter_map(|(at, d)| diagnosis(at, d)).collect(),
        present_illness: note(&illness.into_iter().flatten().collect::<Vec<_>>().join("\n")),
        past_history: written.history.as_deref().and_then(note),
        treatment_so_far: None,
        key_results: written.exam.as_ref().and_then(signs),
        ..Letter::default()
    }
}

fn diagnosis(at: usize, of: &consult::Diagnosis) -> Option<Diagnosis> {
    let role = if at == 0 { DiagnosisRole::Primary } else { DiagnosisRole::Secondary };
    Some(Diagnosis { code: of.code.clone(), text: Line::new(&of.text).ok()?, role })
}

/// The signs on one line, as one reads them to a colleague. In Chinese on every screen, as
/// the rest of the letter is: it is what goes on paper.
fn signs(exam: &Exam) -> Option<super::model::Note> {
    let pressure = exam.bp_sys.zip(exam.bp_dia).map(|(sys, dia)| format!("血压 {sys}/{dia} mmHg"));
    let rest = [
        ("心率", exam.heart_rate, "次/分"),
        ("血氧", exam.spo2, "%"),
        ("体温", exam.temp_c, "℃"),
        ("呼吸", exam.resp_rate, "次/分"),
        ("血糖", exam.glucose, "mmol/L"),
    ];
    let rest = rest.into_iter().filter_map(|(name, value, unit)| Some(format!("{name} {} {unit}", value?)));
    note(&pressure.into_iter().chain(rest).collect::<Vec<_>>().join("，"))
}
