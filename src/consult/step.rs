//! One step of a consult, inside the caller's transaction: what the table says, what hinders,
//! what it brings about, the row, the journal. People, timers and routing all come here.

use serde_json::{Map, Value};

use super::{
    Error, around,
    effects::{self, Told},
    form::Body,
    guards,
    model::Consult,
    state::{self, Action, MACHINE, State},
    store,
};
use crate::{
    auth::{Principal, policy::Actor},
    ctx::Ctx,
    journal::{self, Entity, Entry},
    kernel::{Timestamp, UserId},
    store::WriteTx,
};

/// Who takes a step, when, and in which parts.
#[derive(Debug, Clone)]
pub struct By<'a> {
    /// The person; nobody for timers and routing.
    pub who: Option<&'a Principal>,
    /// The parts played.
    pub parts: Vec<Actor>,
    /// When.
    pub at: Timestamp,
    /// The request that caused it.
    pub request: Option<String>,
}

impl By<'_> {
    /// Timers and routing.
    pub fn system(at: Timestamp) -> By<'static> {
        By { who: None, parts: vec![Actor::System], at, request: None }
    }

    /// The same moment and request, done by the system in consequence.
    pub fn consequence(&self) -> By<'static> {
        By { who: None, parts: vec![Actor::System], at: self.at, request: self.request.clone() }
    }

    /// The person's id.
    pub fn user(&self) -> Option<UserId> {
        self.who.map(|who| who.user)
    }

    /// How the journal names the actor.
    pub fn actor(&self) -> journal::Actor {
        self.user().map_or(journal::Actor::System, journal::Actor::User)
    }
}

/// What `parts` may do now, in the order a screen should offer it, and what is shut and why.
pub fn open_and_shut(
    consult: &Consult,
    parts: &[Actor],
    now: Timestamp,
) -> (Vec<Action>, Vec<(Action, guards::Hindrance)>) {
    let (mut open, mut shut) = (Vec::new(), Vec::new());
    for action in state::open_actions(consult.state, parts) {
        let hindrance = state::after(consult.state, action, parts)
            .ok()
            .and_then(|step| guards::hindrance(step.rule, consult, parts, now));
        match hindrance {
            None => open.push(action),
            Some(why) => shut.push((action, why)),
        }
    }
    (open, shut)
}

/// Whether `action` may be taken; the line of the table and the state it leads to if so.
pub fn allowed(consult: &Consult, action: Action, by: &By<'_>) -> Result<(&'static str, State), Error> {
    let open = || open_and_shut(consult, &by.parts, by.at).0;
    let step = state::after(consult.state, action, &by.parts).map_err(|refusal| {
        let taken = matches!(refusal, state::Refusal::WrongState { .. })
            && matches!(action, Action::Accept | Action::Take)
            && consult.to_user.is_some_and(|doctor| Some(doctor) != by.user());
        match (taken, consult.to_user, consult.answered_at) {
            (true, Some(doctor), Some(at)) => Error::Taken { by: doctor, at, open: open() },
            _ => match refusal {
                // The table's own list does not know what hinders.
                state::Refusal::WrongState { from, action, .. } => {
                    Error::Refused(state::Refusal::WrongState { from, action, open: open() })
                }
                refusal @ state::Refusal::WrongActor { .. } => Error::Refused(refusal),
            },
        }
    })?;
    match guards::hindrance(step.rule, consult, &by.parts, by.at) {
        Some(why) => Err(Error::Hindered { action, why, open: open() }),
        None => Ok((step.rule, step.to)),
    }
}

/// Takes one step and writes it down.
pub async fn take(
    ctx: &Ctx,
    tx: &mut WriteTx,
    consult: &mut Consult,
    action: Action,
    body: &Body,
    by: &By<'_>,
) -> Result<(), Error> {
    let (rule, to) = allowed(consult, action, by)?;
    let from = consult.state;
    let told = effects::bring_about(ctx, tx, consult, action, body, by).await?;
    move_on(consult, rule, to, by.at);
    if consult.state != from {
        effects::left_behind(tx, consult, by.at).await?;
        if MACHINE.is_terminal(to) {
            around::end_share(tx, consult, by.at).await?;
        }
    }
    store::save(tx, consult).await?;
    write_down(tx, consult, action, from, told, by).await
}

/// The state, and the times that go with it.
fn move_on(consult: &mut Consult, rule: &str, to: State, at: Timestamp) {
    // A version that replaces an opinion waits for the requester anew.
    if consult.state != to || rule == "C15a" {
        consult.state_since = at;
    }
    if consult.state != to {
        consult.ended_at = MACHINE.is_terminal(to).then(|| consult.ended_at.unwrap_or(at));
    }
    consult.state = to;
}

/// One entry in the journal, for everybody whom it concerns.
pub async fn write_down(
    tx: &mut WriteTx,
    consult: &Consult,
    action: Action,
    from: State,
    told: Told,
    by: &By<'_>,
) -> Result<(), Error> {
    let audience = around::audience(tx, consult).await?;
    let mut payload = Map::from_iter([
        ("version".to_owned(), Value::from(consult.version)),
        ("urgency".to_owned(), consult.urgency.word().into()),
        ("kind".to_owned(), consult.kind.word().into()),
        ("patient".to_owned(), consult.patient.to_string().into()),
        ("from_facility".to_owned(), consult.from_facility.to_string().into()),
        ("from_user".to_owned(), consult.from_user.to_string().into()),
        ("to_facility".to_owned(), consult.to_facility.to_string().into()),
        ("to_department".to_owned(), consult.to_department.to_string().into()),
    ]);
    payload.extend(told.payload);
    let entity = Entity::Consult(consult.id);
    let facility = by.who.map(|who| who.acting);
    let mut entry = Entry::new(by.at, by.actor(), facility, entity, state::entry_of(action))
        .step(from.word(), consult.state.word())
        .with(Value::Object(payload));
    entry.reason_code = told.reason_code;
    entry.request_id.clone_from(&by.request);
    journal::append(tx, entry, &audience).await?;
    tracing::info!(consult.id = %consult.id, "Consult {}: {}", action, consult.state);
    Ok(())
}
