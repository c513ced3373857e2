//! Commands that change a record: once per key, and the answer kept with the change.

use serde_json::json;

use super::{
    super::{
        ask::Ask,
        protocol::{Code, Command, OpKey, Outcome, Refused, RingAct},
    },
    Answer, Speaker, refusal,
};
use crate::{
    auth::Principal,
    consult::{self, Action, Body, Deed},
    http::{NotAgain, Once, StoredAnswer},
    kernel::{ConsultId, ParticipantId, UserId},
    referral,
    store::WriteTx,
};

/// Does a command that changes a record, or answers as it was answered before.
pub async fn once(speaker: &Speaker, who: &Principal, op: &OpKey, command: &Command) -> Answer {
    let ctx = speaker.signal().ctx();
    // Who is asked is looked up before the store is locked.
    let sitter = match command {
        Command::StillRequest { consult, from } => Some(sitter_of(speaker, *consult, *from).await?),
        _ => None,
    };
    let words = serde_json::to_vec(command).map_err(|_| Refused::new(Code::Internal))?;
    let once = Once::new(who.user, op.as_str(), "socket", &words);
    let mut tx = ctx.db.write("signal.command").await.map_err(refusal::fault)?;
    match once.claim(ctx, &mut tx, ctx.clock.now()).await.map_err(refusal::fault)? {
        Ok(()) => {}
        Err(NotAgain::Done(answer)) => return Ok(Outcome::Ok(answer.body)),
        Err(NotAgain::OtherRequest) => {
            return Err(Refused::new(Code::BadRequest).saying("signal.op_reused"));
        }
    }
    let body = change(speaker, &mut tx, who, (op, command), sitter).await?;
    let answer = StoredAnswer { status: 200, version: 0, body };
    once.keep(ctx, &mut tx, &answer).await.map_err(refusal::fault)?;
    tx.commit().await.map_err(refusal::fault)?;
    Ok(Outcome::Ok(answer.body))
}

async fn change(
    speaker: &Speaker,
    tx: &mut WriteTx,
    who: &Principal,
    (op, command): (&OpKey, &Command),
    sitter: Option<UserId>,
) -> Result<serde_json::Value, Refused> {
    let ctx = speaker.signal().ctx();
    match command {
        Command::RingAct { ring, action, to, reason } => {
            let (deed, body) = asked(*action, *to, reason.as_deref())?;
            let consult = consult::act_on_ring(ctx, tx, who, (*ring, deed), &body)
                .await
                .map_err(refusal::of_consult)?;
            Ok(json!({ "consult": consult.id, "state": consult.state }))
        }
        Command::RingStart { consult, to } => {
            for user in to.items() {
                let asked = consult::invite(ctx, tx, who, (*consult, *user), ctx.clock.now()).await;
                asked.map_err(refusal::of_consult)?;
            }
            Ok(json!({ "consult": consult }))
        }
        Command::ChatSend { consult, text } => {
            let words = consult::Words::Text(text.as_str());
            let message = consult::say(ctx, tx, who, *consult, words, Some(op.as_str()))
                .await
                .map_err(refusal::of_consult)?;
            Ok(json!({ "message": message }))
        }
        Command::StillRequest { consult, from } => {
            let sitter = sitter.ok_or(Refused::new(Code::NotFound))?;
            consult::ask_still(ctx, tx, who, *consult, (*from, sitter)).await.map_err(refusal::of_consult)?;
            Ok(json!({}))
        }
        Command::PresenceSet { .. }
        | Command::PresenceWatch { .. }
        | Command::Join { .. }
        | Command::Route { .. }
        | Command::Leave { .. }
        | Command::Publish { .. }
        | Command::Unpublish { .. }
        | Command::Mute { .. }
        | Command::ReferOpen { .. }
        | Command::Sync { .. } => Err(Refused::new(Code::Unsupported)),
    }
}

/// What is meant in the consult's words, and its form.
fn asked(action: RingAct, to: Option<UserId>, reason: Option<&str>) -> Result<(Deed, Body), Refused> {
    let mut body = Body::default();
    let deed = match action {
        RingAct::Accept => Deed::Step(Action::Accept),
        RingAct::Decline => {
            body.reason_code = reason.map(str::to_owned);
            Deed::Step(Action::Decline)
        }
        RingAct::Cancel => {
            body.reason = Some(reason.unwrap_or("cancelled").to_owned());
            Deed::Step(Action::Cancel)
        }
        RingAct::Seen => Deed::Seen,
        RingAct::Snooze => Deed::Snooze,
        RingAct::Forward => Deed::Forward(to.ok_or(Refused::new(Code::BadRequest))?),
    };
    Ok((deed, body))
}

/// Who sits there; only somebody who sits in the same room may ask.
async fn sitter_of(speaker: &Speaker, consult: ConsultId, pid: ParticipantId) -> Result<UserId, Refused> {
    let signal = speaker.signal();
    let own = signal.ask(|answer| Ask::SeatOf(speaker.line(), consult, answer)).await;
    own.map_err(refusal::hub_gone)?.ok_or(Refused::new(Code::NotJoined))?;
    let sitter = signal.ask(|answer| Ask::SitterOf(consult, pid, answer)).await;
    sitter.map_err(refusal::hub_gone)?.ok_or(Refused::new(Code::NotFound))
}

/// `refer.open`: begins the letter that a consult leads to, by the same command as
/// `POST /consults/{id}/actions/escalate`. A socket has seen no version: the one of now counts.
pub async fn refer(speaker: &Speaker, who: &Principal, op: &OpKey, consult: ConsultId) -> Answer {
    let ctx = speaker.signal().ctx();
    let seen = {
        let mut tx = ctx.db.read().await.map_err(refusal::fault)?;
        consult::load_for(&mut tx, who, consult, ctx.clock.now())
            .await
            .map_err(refusal::of_consult)?
            .0
            .version
    };
    let once = Once::new(who.user, op.as_str(), "socket refer.open", consult.to_string().as_bytes());
    let answer =
        referral::from_consult(ctx, who, consult, seen, &once).await.map_err(refusal::of_referral)?;
    Ok(Outcome::Ok(json!({ "referral": answer.body["referral_id"] })))
}
