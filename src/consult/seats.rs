//! Who sits in the room of a consult. The signal room knows the lines; here is what the
//! record makes of it: both sides there is `join`, one side gone is `lost`.

use serde::Serialize;
use serde_json::json;

use super::{
    Error,
    commands::load_for,
    due,
    form::Body,
    model::{Consult, Side},
    state::{Action, State},
    step::{self, By},
    store::{self, people},
};
use crate::{
    auth::{Principal, policy::Actor},
    ctx::Ctx,
    journal::{self, Entity, Entry},
    kernel::{ConsultId, ParticipantId, Timestamp, UserId},
    store::WriteTx,
};

/// Leave to take a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seating {
    /// In which consult.
    pub consult: ConsultId,
    /// Its number, for people.
    pub no: String,
    /// Where it stands.
    pub state: State,
    /// On which side.
    pub side: Side,
}

/// Why there is no seat.
#[derive(Debug, thiserror::Error)]
pub enum NoSeat {
    /// Not for this person, or no such consult.
    #[error("no seat for this person")]
    NotForYou,
    /// The consult is not in a state in which people sit together.
    #[error("the room is not open in state {0}")]
    NotOpen(State),
    /// The record could not be read.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// Whether `who` may take a seat, and on which side.
///
/// # Errors
/// `NotForYou` to strangers and to those who only read; `NotOpen` before somebody accepted,
/// after it ended, and outside the agreed time.
pub async fn seating(ctx: &Ctx, who: &Principal, id: ConsultId) -> Result<Seating, NoSeat> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.write_quiet("consult.seating").await.map_err(Error::from)?;
    let (consult, parts) = match load_for(&mut tx, who, id, at).await {
        Ok(found) => found,
        Err(Error::NotFound(_) | Error::NotAllowed(_)) => return Err(NoSeat::NotForYou),
        Err(error) => return Err(NoSeat::Failed(error)),
    };
    let takes_part = people::takes_part(&mut tx, id).await.map_err(Error::from)?.contains(&who.user);
    let is_invited = people::asked_in_by(&mut tx, id, who.user).await.map_err(Error::from)?.is_some();
    let may_come = is_invited || takes_part && consult.slot.is_some();
    let side = side_of(&parts, may_come).ok_or(NoSeat::NotForYou)?;
    if !is_open(&consult, at) {
        return Err(NoSeat::NotOpen(consult.state));
    }
    people::invite(ctx, &mut tx, id, who.user, side, at).await.map_err(Error::from)?;
    tx.commit().await.map_err(Error::from)?;
    Ok(Seating { consult: id, no: consult.no, state: consult.state, side })
}

fn side_of(parts: &[Actor], may_come: bool) -> Option<Side> {
    if parts.contains(&Actor::TargetDoctor) || parts.contains(&Actor::Chair) {
        return Some(Side::To);
    }
    if parts.contains(&Actor::Requester) {
        return Some(Side::From);
    }
    may_come.then_some(Side::Other)
}

/// Whether people sit together in this state.
pub fn is_open(consult: &Consult, now: Timestamp) -> bool {
    match consult.state {
        State::Accepted | State::InProgress | State::Interrupted | State::OpinionGiven => true,
        State::Scheduled => due::may_start(consult, now),
        State::Draft
        | State::Requested
        | State::Queued
        | State::Ringing
        | State::Closed
        | State::Missed
        | State::Declined
        | State::Cancelled
        | State::Expired
        | State::EnteredInError => false,
    }
}

/// `user` has sat down. With both sides there, an accepted consult begins and an
/// interrupted one goes on.
/// Says under which name the seat is known.
pub async fn joined(ctx: &Ctx, id: ConsultId, user: UserId) -> Result<ParticipantId, Error> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.write("consult.sit").await?;
    store::hold(&mut tx, id).await?;
    let mut consult = store::load(&mut tx, id).await?.ok_or(Error::NotFound(id))?;
    let side = if user == consult.from_user {
        Side::From
    } else if Some(user) == consult.to_user {
        Side::To
    } else {
        people::side(&mut tx, id, user).await?.unwrap_or(Side::Other)
    };
    people::invite(ctx, &mut tx, id, user, side, at).await?;
    people::sit(&mut tx, id, user, side, at).await?;
    let participant = note(&mut tx, &consult, user, "consult.sit", at).await?;
    meet(ctx, &mut tx, &mut consult, at).await?;
    tx.commit().await?;
    participant.ok_or(Error::NotFound(id))
}

/// `user` is gone: left, or the lease of the line ran out. A call that loses a side is interrupted.
pub async fn left(ctx: &Ctx, id: ConsultId, user: UserId) -> Result<State, Error> {
    let at = ctx.clock.now();
    let mut tx = ctx.db.write("consult.stand").await?;
    store::hold(&mut tx, id).await?;
    let mut consult = store::load(&mut tx, id).await?.ok_or(Error::NotFound(id))?;
    if people::stand(&mut tx, id, user, at).await? == 0 {
        return Ok(consult.state);
    }
    note(&mut tx, &consult, user, "consult.stand", at).await?;
    let present = people::sides_present(&mut tx, id).await?;
    if consult.state == State::InProgress && !both(&present) {
        step::take(ctx, &mut tx, &mut consult, Action::Lost, &Body::default(), &By::system(at)).await?;
    }
    tx.commit().await?;
    Ok(consult.state)
}

/// What a call was like for one seat, as the relay saw it. No addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CallReport {
    /// From the offer to the first secured packet, in milliseconds; nothing if it never came.
    pub setup_ms: Option<i64>,
    /// Which way the media took, if the browser said so.
    pub route: Option<&'static str>,
    /// How long the seat was taken.
    pub seconds: i64,
    /// Of these, how long the line carried voices only.
    pub voice_only_s: i64,
    /// Lost packets in both directions, of a thousand, on average.
    pub loss_pm: i64,
    /// How often the media broke off.
    pub breaks: i64,
}

/// Keeps what the call was like for `user`, with the consult.
pub async fn reported(ctx: &Ctx, id: ConsultId, user: UserId, report: &CallReport) -> Result<(), Error> {
    let mut tx = ctx.db.write("consult.call_report").await?;
    let participant = people::participant(&mut tx, id, user).await?;
    let mut payload = serde_json::to_value(report).expect("our own nouns are JSON");
    payload["participant"] = json!(participant);
    let entity = Entity::Consult(id);
    let entry = Entry::new(ctx.clock.now(), journal::Actor::User(user), None, entity, "consult.call_report")
        .with(payload);
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    Ok(())
}

/// The sides on which somebody sits.
pub async fn sides_present(ctx: &Ctx, id: ConsultId) -> Result<Vec<Side>, Error> {
    let mut tx = ctx.db.read().await?;
    Ok(people::sides_present(&mut tx, id).await?)
}

/// Nobody sits anywhere: the program was started anew and no line survived it.
pub async fn everybody_left(ctx: &Ctx) -> Result<(), Error> {
    let seated = {
        let mut tx = ctx.db.read().await?;
        people::all_seated(&mut tx).await?
    };
    for (id, user) in seated {
        left(ctx, id, user).await?;
    }
    Ok(())
}

/// Takes the step that both sides being there makes.
pub async fn meet(ctx: &Ctx, tx: &mut WriteTx, consult: &mut Consult, at: Timestamp) -> Result<(), Error> {
    let action = match consult.state {
        State::Accepted => Action::Join,
        State::Interrupted => Action::Rejoin,
        _ => return Ok(()),
    };
    let present = people::sides_present(tx, consult.id).await?;
    if both(&present) {
        step::take(ctx, tx, consult, action, &Body::default(), &By::system(at)).await?;
    }
    Ok(())
}

fn both(present: &[Side]) -> bool {
    present.contains(&Side::From) && present.contains(&Side::To)
}

/// Tells those whom the consult concerns, and says under which name the seat is known.
async fn note(
    tx: &mut WriteTx,
    consult: &Consult,
    user: UserId,
    action: &'static str,
    at: Timestamp,
) -> Result<Option<ParticipantId>, Error> {
    let participant = people::participant(tx, consult.id, user).await?;
    let entity = Entity::Consult(consult.id);
    let entry = Entry::new(at, journal::Actor::User(user), None, entity, action)
        .with(json!({ "participant": participant }));
    let audience = people::takes_part(tx, consult.id).await?;
    journal::append(tx, entry, &audience).await?;
    Ok(participant)
}

/// `who` asks the person in a seat for a photograph.
pub async fn ask_still(
    ctx: &Ctx,
    tx: &mut WriteTx,
    who: &Principal,
    id: ConsultId,
    (seat, sitter): (ParticipantId, UserId),
) -> Result<(), Error> {
    load_for(tx, who, id, ctx.clock.now()).await?;
    let entity = Entity::Consult(id);
    let actor = journal::Actor::User(who.user);
    let entry = Entry::new(ctx.clock.now(), actor, Some(who.acting), entity, "consult.ask_still")
        .with(json!({ "participant": seat }));
    journal::append(tx, entry, &[sitter]).await?;
    Ok(())
}
