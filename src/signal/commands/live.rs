//! Commands about a seat: once per key as long as the seat can live, the answer kept by the hub.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{
    super::{
        ask::Ask,
        deeds::Claim,
        protocol::{Code, Command, OpKey, Outcome, Refused},
    },
    Answer, Speaker, refusal, sitting,
};
use crate::auth::Principal;

/// Does a command about a seat, or answers as it was answered before.
pub async fn once(speaker: &Speaker, who: &Principal, op: &OpKey, command: Command) -> Answer {
    let signal = speaker.signal();
    let mark = mark_of(&command)?;
    let claim = signal.ask(|answer| Ask::Claim(who.user, op.clone(), mark, answer)).await;
    match claim.map_err(refusal::hub_gone)? {
        Claim::Yours => {}
        Claim::Done(Outcome::Ok(answer)) => return Ok(Outcome::Ok(answer)),
        Claim::Done(Outcome::Err(why)) => return Err(why),
        Claim::OtherCommand => return Err(Refused::new(Code::BadRequest).saying("signal.op_reused")),
    }
    let outcome = take(speaker, who, command).await.unwrap_or_else(Outcome::Err);
    signal.note(Ask::Did(who.user, op.clone(), outcome.clone())).await;
    Ok(outcome)
}

/// The key is the caller's own: two commands of one person need to be told apart, no more.
fn mark_of(command: &Command) -> Result<u64, Refused> {
    let words = serde_json::to_vec(command).map_err(|_| Refused::new(Code::Internal))?;
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    Ok(hasher.finish())
}

async fn take(speaker: &Speaker, who: &Principal, command: Command) -> Answer {
    match command {
        // The seat before needs no naming: a person has one, and gets it back.
        Command::Join { consult, neg, offer, media, .. } => {
            sitting::join(speaker, who, consult, (neg, &offer), Some(media)).await
        }
        Command::Leave { consult } => sitting::leave(speaker, consult).await,
        Command::Publish { consult, mid, source } => {
            sitting::publish(speaker, who, consult, mid, source).await
        }
        Command::Unpublish { consult, mid } => sitting::unpublish(speaker, consult, mid).await,
        Command::Mute { consult, track, on } => sitting::mute(speaker, consult, track, on).await,
        Command::PresenceSet { .. }
        | Command::PresenceWatch { .. }
        | Command::Route { .. }
        | Command::RingAct { .. }
        | Command::RingStart { .. }
        | Command::ChatSend { .. }
        | Command::StillRequest { .. }
        | Command::ReferOpen { .. }
        | Command::Sync { .. } => Err(Refused::new(Code::Unsupported)),
    }
}
