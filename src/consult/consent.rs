//! The consent of a consult: who reads it, who writes it, and what ends without it.

use super::{
    Error, around,
    commands::load_for,
    form::Body,
    model::Consult,
    state::{Action, State},
    step::{self, By},
    store,
};
use crate::{
    attachments::Need,
    auth::{
        Principal,
        policy::{Actor, Denied},
    },
    consents::{Asked, Gate, Opened, Place, Subject},
    ctx::Ctx,
    http::Problem,
    kernel::ConsultId,
    store::{Query, WriteTx},
};

/// The consult as a place where consent is given. Both sides read who agreed; the patient
/// sits with the side that asks, which therefore writes it down.
#[derive(Debug, Clone, Copy)]
pub struct ConsentGate;

impl Consult {
    /// Where its consent is taken.
    pub(super) fn consent_place(&self) -> Place {
        Place {
            subject: Subject::Consult(self.id),
            no: self.no.clone(),
            patient: self.patient,
            facility: self.from_facility,
            sent: self.opened_at.is_some(),
        }
    }
}

impl Gate for ConsentGate {
    type Id = ConsultId;
    const LIST: &'static str = "consults";
    const OPERATIONS: [&'static str; 4] =
        ["consult_consents", "give_consult_consent", "withdraw_consult_consent", "consult_consent_signature"];

    async fn open<Q: Query>(
        ctx: &Ctx,
        tx: &mut Q,
        who: &Principal,
        id: ConsultId,
        need: Need,
    ) -> Result<Opened, Problem> {
        let (consult, parts) = load_for(tx, who, id, ctx.clock.now()).await?;
        let asks = parts.iter().any(|part| matches!(part, Actor::Requester | Actor::RequesterAdmin));
        match need {
            Need::Read => {}
            Need::Change if !asks => return Err(Error::from(Denied::NotClinical).into()),
            Need::Change if consult.state == State::EnteredInError => {
                return Err(Error::Over { open: Vec::new() }.into());
            }
            Need::Change => {}
        }
        let audience = around::audience(tx, &consult).await?;
        Ok(Opened { place: consult.consent_place(), audience })
    }

    /// A request that nobody answered for yet is taken back, a conversation ends. A signed
    /// opinion stays on file: it was given while the consent held.
    async fn withdrawn(ctx: &Ctx, tx: &mut WriteTx, asked: Asked<'_>, id: ConsultId) -> Result<(), Problem> {
        store::hold(tx, id).await?;
        let mut consult = store::load(tx, id).await?.ok_or(Error::NotFound(id))?;
        let Some(action) = ends(consult.state) else { return Ok(()) };
        let parts = vec![Actor::Requester];
        let by = By { who: Some(asked.who), parts, at: asked.at, request: None };
        let body = Body { reason: Some("consent_withdrawn".to_owned()), ..Body::default() };
        step::take(ctx, tx, &mut consult, action, &body, &by).await?;
        Ok(())
    }
}

fn ends(state: State) -> Option<Action> {
    match state {
        State::Requested
        | State::Queued
        | State::Ringing
        | State::Missed
        | State::Declined
        | State::Accepted
        | State::Scheduled => Some(Action::Cancel),
        State::InProgress | State::Interrupted => Some(Action::EndWithoutOpinion),
        State::Draft
        | State::OpinionGiven
        | State::Closed
        | State::Cancelled
        | State::Expired
        | State::EnteredInError => None,
    }
}
