//! What must hold besides state, action and actor: one arm per line of the table that has a guard.

use super::{
    around::{self, Place},
    ask::{Ask, Wrong},
    error::Error,
    eyes::Eyes,
    letter::{Part, Surroundings, missing},
    model::{Letter, Referral, Urgency},
    moves::Fresh,
    state::Action,
    store,
};
use crate::{
    auth::policy::Actor,
    ctx::Ctx,
    kernel::{DepartmentId, LegId},
    store::{StoreError, WriteTx},
};

/// What must hold besides the table; for steps that open a leg also which one.
pub(super) async fn guard(
    ctx: &Ctx,
    tx: &mut WriteTx,
    before: &Referral,
    eyes: &Eyes,
    action: Action,
    ask: &Ask,
) -> Result<Option<Fresh>, Error> {
    let at = ctx.clock.now();
    let wrong = |field: &str, code| Error::Form(vec![Wrong { field: field.to_owned(), code }]);
    match (action, ask) {
        (Action::Submit, Ask::Submit(reason)) => {
            let mut letter = before.letter.clone();
            letter.duplicate_reason = reason.clone().or(letter.duplicate_reason);
            let missing = what_is_missing(tx, before, &letter).await?;
            if missing.is_empty() { Ok(None) } else { Err(Error::Incomplete(missing)) }
        }
        (Action::SupplyInfo, Ask::Answer(None)) => {
            // A file is an answer too, if it came after the question.
            let asked = before.answer.paused_at.unwrap_or(before.state_since);
            if around::files_since(ctx, tx, before.id, asked).await? {
                Ok(None)
            } else {
                Err(wrong("text", "required"))
            }
        }
        (Action::ReferBack, Ask::Return(way)) if way.outcome.is_none() && before.outcome.is_none() => {
            Err(Error::Form(vec![
                Wrong { field: "outcome_code".to_owned(), code: "required" },
                Wrong { field: "outcome_summary".to_owned(), code: "required" },
            ]))
        }
        (Action::MoveDepartment, Ask::Onward(onward)) => {
            let place = department(tx, onward.to_department).await?;
            if place.facility != before.leg.to_facility {
                return Err(wrong("to_department", "other_house"));
            }
            if place.department == before.leg.to_department {
                Err(wrong("to_department", "same"))
            } else {
                Ok(None)
            }
        }
        (Action::Resubmit, _) => {
            let to = (before.leg.to_facility, before.leg.to_department);
            Ok(Some(Fresh { leg: LegId::draw(at, &*ctx.dice), to }))
        }
        (Action::Redirect | Action::RedirectBySender | Action::RedirectAfterReject, Ask::Onward(onward)) => {
            let place = department(tx, onward.to_department).await?;
            if place.department == before.leg.to_department {
                return Err(wrong("to_department", "same"));
            }
            if place.facility == before.from_facility {
                return Err(wrong("to_department", "own_house"));
            }
            if !place.accepts_referral {
                return Err(wrong("to_department", "takes_none"));
            }
            // The sender goes only where its house may send; the way back is open whatever the matrix says.
            if action != Action::Redirect && !before.is_return {
                let relation = around::relation(tx, before.from_facility, place.facility).await?;
                if relation != Some(before.direction) {
                    return Err(wrong("to_department", "not_related"));
                }
            }
            let onward_house = action == Action::Redirect && place.facility != before.leg.to_facility;
            let free =
                before.urgency == Urgency::Emergency || eyes.actors.contains(&Actor::AllianceDispatcher);
            if onward_house && !free && !onward.sender_agreed {
                return Err(wrong("sender_agreed", "required"));
            }
            Ok(Some(Fresh { leg: LegId::draw(at, &*ctx.dice), to: (place.facility, place.department) }))
        }
        _ => Ok(None),
    }
}

/// What the letter still needs before it may be sent.
pub(super) async fn what_is_missing(
    tx: &mut impl crate::store::Query,
    draft: &Referral,
    letter: &Letter,
) -> Result<Vec<Part>, StoreError> {
    let place = around::place(tx, draft.leg.to_department).await?;
    let relation = around::relation(tx, draft.from_facility, draft.leg.to_facility).await?;
    // The way back is open to whoever was sent the patient, whatever the matrix says.
    let fits = draft.is_return
        || (relation == Some(draft.direction) && place.as_ref().is_some_and(|place| place.accepts_referral));
    let doubles = store::live_doubles(tx, draft.patient, draft.leg.to_department, draft.id).await?;
    let wishes = place.map(|place| place.min_dataset).unwrap_or_default();
    let around = Surroundings { live_double: !doubles.is_empty(), target_fits: fits, min_dataset: &wishes };
    Ok(missing(letter, draft.direction, draft.urgency, around))
}

pub(super) async fn department(tx: &mut impl crate::store::Query, id: DepartmentId) -> Result<Place, Error> {
    let unknown = || Error::Form(vec![Wrong { field: "to_department".to_owned(), code: "unknown" }]);
    around::place(tx, id).await?.ok_or_else(unknown)
}

pub(super) fn needed<T>(value: Option<T>, field: &str) -> Result<T, Error> {
    value.ok_or_else(|| Error::Form(vec![Wrong { field: field.to_owned(), code: "required" }]))
}
