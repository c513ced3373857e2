//! What the browser hears when a command is not done. Each error of a lower room has its
//! words here; nothing internal leaves the house.

use serde_json::json;
use tracing::error;

use super::super::{
    handle::HubGone,
    protocol::{Code, Refused},
};
use crate::{
    auth::policy::Denied,
    consult::{self, NoSeat},
    media::MediaError,
    referral,
    store::StoreError,
};

/// Our fault: the log knows, the browser may try again.
pub fn fault(fault: StoreError) -> Refused {
    error!(error = &fault as &dyn std::error::Error, "A command met a fault of the store");
    Refused::new(Code::Internal)
}

/// The hub has ended.
pub fn hub_gone(_: HubGone) -> Refused {
    Refused::new(Code::NodeDraining)
}

/// The consult did not allow it.
pub fn of_consult(error: consult::Error) -> Refused {
    use consult::Error as E;
    match error {
        // The same answer whether it is not there or not for these eyes.
        E::NotFound(_) | E::NotAllowed(Denied::Stranger) => Refused::new(Code::NotFound),
        E::NotAllowed(Denied::NotClinical) | E::AuthorOnly => Refused::new(Code::Forbidden),
        E::Refused(_) => Refused::new(Code::Conflict).saying("consult.wrong_state"),
        E::UnknownAction { .. } => Refused::new(Code::BadRequest),
        E::Hindered { why, .. } => {
            Refused::new(Code::Conflict).saying("consult.shut").with(json!({ "why": why.to_string() }))
        }
        E::Taken { by, .. } => {
            Refused::new(Code::Conflict).saying("ring.answered_elsewhere").with(json!({ "by": by }))
        }
        E::Stale { .. } => Refused::new(Code::Conflict).saying("consult.changed"),
        E::Invalid(errors) => {
            let fields: Vec<_> =
                errors.iter().map(|error| json!({ "field": error.field, "code": error.code })).collect();
            Refused::new(Code::BadRequest).with(json!({ "errors": fields }))
        }
        E::Over { .. } => Refused::new(Code::Gone).saying("consult.over"),
        E::Store(fault) => self::fault(fault),
    }
}

/// The letter was not begun.
pub fn of_referral(error: referral::Error) -> Refused {
    use referral::Error as E;
    match error {
        E::NotFound => Refused::new(Code::NotFound),
        E::Denied => Refused::new(Code::Forbidden),
        E::Consult(error) => of_consult(*error),
        E::Stale(_) | E::Behind { .. } => Refused::new(Code::Conflict).saying("consult.changed"),
        E::Refused(_) | E::Shut { .. } => Refused::new(Code::Conflict).saying("consult.wrong_state"),
        E::UnknownAction { .. } | E::Incomplete(_) | E::Form(_) | E::Given(_) => {
            Refused::new(Code::BadRequest)
        }
        E::Again(_) => Refused::new(Code::BadRequest).saying("signal.op_reused"),
        E::Store(fault) => self::fault(fault),
    }
}

/// There is no seat.
pub fn of_seating(error: NoSeat) -> Refused {
    match error {
        // Guessing an id tells nothing: not there and not for you sound the same.
        NoSeat::NotForYou => Refused::new(Code::NotFound),
        NoSeat::NotOpen(state) => {
            Refused::new(Code::Gone).saying("consult.not_open").with(json!({ "state": state.word() }))
        }
        NoSeat::Failed(error) => of_consult(error),
    }
}

/// The relay did not take it.
pub fn of_media(error: MediaError) -> Refused {
    use MediaError as E;
    match error {
        E::OfferTooLong => Refused::new(Code::TooLarge),
        E::TooManySections | E::DataChannel | E::BadOffer | E::NoSuchSection => {
            Refused::new(Code::BadRequest)
        }
        E::RoomFull => Refused::new(Code::Full).saying("call.room_full"),
        E::RelayFull => Refused::new(Code::Full).saying("call.relay_full"),
        E::NoSuchSeat => Refused::new(Code::NotJoined),
        E::NothingInCommon => Refused { retry: false, ..Refused::new(Code::MediaFailed) },
        E::Busy => Refused::new(Code::MediaFailed),
        E::Stopped => Refused::new(Code::NodeDraining),
    }
}
