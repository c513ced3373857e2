//! The consent of a referral: what a letter's author writes down of it, who reads it, and
//! what ends without it. The letter keeps how and by whom, for its own completeness; the
//! signature, the paper and the text are kept where all consents are.

use serde_json::{Map, Value};

use super::{
    around,
    ask::{Ask, read_value},
    commands::{Told, opened, settle, tell},
    error::Error,
    model::Referral,
    moves::{By, take},
    state::{Action, MACHINE, State},
    store,
};
use crate::{
    attachments::Need,
    auth::{Principal, policy::Actor},
    consents::{self, Asked, ConsentForm, Gate, Given, Opened, OverrideForm, Place, Scope, Subject},
    ctx::Ctx,
    http::{FieldError, Problem},
    kernel::{ReferralId, Timestamp, UserId},
    store::{Query, StoreError, WriteTx},
};

impl Referral {
    /// Where its consent is taken.
    fn consent_place(&self) -> Place {
        Place {
            subject: Subject::Referral(self.id),
            no: self.no.clone(),
            patient: self.patient,
            facility: self.from_facility,
            sent: self.submitted_at.is_some(),
        }
    }
}

/// What `body` says about consent: nothing, that there is none, or one.
enum Said {
    Nothing,
    None,
    One(Given),
}

fn said(body: &Map<String, Value>) -> Result<Said, Error> {
    let field = |field: &str, code: &str| {
        Error::Given(FieldError { field: field.to_owned(), code: code.to_owned(), params: None })
    };
    let is_there = |name: &str| body.get(name).filter(|value| !value.is_null());
    if let Some(value) = is_there("consent") {
        let form: ConsentForm = read_value(value).map_err(|code| field("consent", code))?;
        return Ok(Said::One(form.checked(Scope::Referral).map_err(Error::Given)?));
    }
    let reason = match is_there("override") {
        Some(value) => Some(read_value(value).map_err(|code| field("override", code))?),
        None => is_there("override_reason")
            .and_then(Value::as_str)
            .filter(|text| !text.trim().is_empty())
            .map(|reason| OverrideForm { reason_code: None, reason: reason.to_owned() }),
    };
    if let Some(form) = reason {
        return Ok(Said::One(form.checked().map_err(Error::Given)?));
    }
    let named = ["consent", "override", "override_reason"].iter().any(|name| body.contains_key(*name));
    Ok(if named { Said::None } else { Said::Nothing })
}

/// Keeps the consent that came with a letter.
pub(super) async fn written(
    ctx: &Ctx,
    tx: &mut WriteTx,
    draft: &Referral,
    body: &Map<String, Value>,
    (by, at): (UserId, Timestamp),
) -> Result<(), Error> {
    match said(body)? {
        Said::Nothing => {}
        // What the letter still says was written before and not named now.
        Said::None if draft.letter.consent.is_some() || draft.letter.override_reason.is_some() => {}
        Said::None => consents::take_back(ctx, tx, Subject::Referral(draft.id)).await?,
        Said::One(given) => {
            consents::record(ctx, tx, &draft.consent_place(), &given, (by, at)).await?;
        }
    }
    Ok(())
}

/// The letter goes out with the consent it has.
pub(super) async fn confirmed(
    ctx: &Ctx,
    tx: &mut WriteTx,
    sent: &Referral,
    who: &Principal,
    at: Timestamp,
) -> Result<(), StoreError> {
    consents::confirm(ctx, tx, (Subject::Referral(sent.id), &sent.no), Asked { who, at }).await
}

/// The referral as a place where consent is given. Both sides read who agreed; the side
/// that sends writes it down.
#[derive(Debug, Clone, Copy)]
pub struct ConsentGate;

impl Gate for ConsentGate {
    type Id = ReferralId;
    const LIST: &'static str = "referrals";
    const OPERATIONS: [&'static str; 4] = [
        "referral_consents",
        "give_referral_consent",
        "withdraw_referral_consent",
        "referral_consent_signature",
    ];

    async fn open<Q: Query>(
        ctx: &Ctx,
        tx: &mut Q,
        who: &Principal,
        id: ReferralId,
        need: Need,
    ) -> Result<Opened, Problem> {
        let (referral, eyes) = opened(ctx, tx, who, id).await?;
        let shut = match need {
            Need::Read => eyes.sees_head_only(),
            Need::Change => !eyes.is_sender() || referral.state == State::EnteredInError,
        };
        if shut {
            return Err(Error::Denied.into());
        }
        let audience = around::audience(tx, &referral).await?;
        Ok(Opened { place: referral.consent_place(), audience })
    }

    /// As long as the patient has not arrived, the referral is cancelled at once: what both
    /// sides would otherwise agree on in two steps. Once he is there, the receiving hospital
    /// treats him in its own right.
    async fn withdrawn(ctx: &Ctx, tx: &mut WriteTx, asked: Asked<'_>, id: ReferralId) -> Result<(), Problem> {
        let mut told: Vec<Told> = Vec::new();
        let mut before = store::load(tx, ctx, id).await.map_err(Error::Store)?.ok_or(Error::NotFound)?;
        for (action, actor) in ends(before.state) {
            let by = By { user: (*actor == Actor::Requester).then_some(asked.who.user), at: asked.at };
            let step = MACHINE.step(before.state, *action, &[*actor]).map_err(Error::Refused)?;
            let mut moved = take(&before, *action, step.to, Ask::Maybe(None), by, None);
            moved.because = Some("consent_withdrawn".to_owned());
            let told_one = settle(ctx, tx, &before, moved, (*action, by), Some(asked.who.acting)).await?;
            before = told_one.1.clone();
            told.push(told_one);
        }
        tell(tx, told).await.map_err(Error::Store)?;
        Ok(())
    }
}

/// The steps from `state` to the end, and as whom each is taken.
fn ends(state: State) -> &'static [(Action, Actor)] {
    match state {
        State::Submitted | State::MoreInfo => &[(Action::Cancel, Actor::Requester)],
        State::Accepted | State::Scheduled | State::NoShow => {
            &[(Action::RequestCancel, Actor::Requester), (Action::ConfirmCancel, Actor::System)]
        }
        State::CancelRequested => &[(Action::ConfirmCancel, Actor::System)],
        State::Draft
        | State::Arrived
        | State::InTreatment
        | State::Discharged
        | State::ReferredBack
        | State::FollowUp
        | State::Closed
        | State::Rejected
        | State::Cancelled
        | State::Expired
        | State::EnteredInError => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_out_is_in_the_table_and_leads_to_the_end() {
        for state in State::ALL {
            let mut at = *state;
            for (action, actor) in ends(*state) {
                at = MACHINE.step(at, *action, &[*actor]).expect("the table knows the step").to;
            }
            assert!(ends(*state).is_empty() || at == State::Cancelled, "{state} leads to {at}");
        }
    }
}
