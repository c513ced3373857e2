//! A consent as it is shown.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    model::{Finding, Held, Method, Reason, Relation, Scope, Signer},
    store::Overridden,
    texts::TextLang,
};
use crate::{
    auth::FacilityName,
    directory::{self, PersonName},
    kernel::{AttachmentId, ConsentId, Timestamp},
    store::{Query, Result, StoreError},
};

/// Which text was read.
#[derive(Serialize, ToSchema)]
struct TextRef {
    scope: Scope,
    version: i64,
    lang: TextLang,
}

#[derive(Serialize, ToSchema)]
struct WithdrawnView {
    at: Timestamp,
    by: Option<PersonName>,
    wish: Option<Signer>,
    note: Option<String>,
}

/// A consent, without the signature itself: that has an address of its own.
#[derive(Serialize, ToSchema)]
pub struct ConsentView {
    id: ConsentId,
    method: Method,
    signer: Option<Signer>,
    signer_name: Option<String>,
    relation: Option<Relation>,
    witness: Option<String>,
    reason_code: Option<Reason>,
    reason: Option<String>,
    text: Option<TextRef>,
    has_signature: bool,
    photo: Option<AttachmentId>,
    signed_at: Timestamp,
    recorded_by: PersonName,
    replaced_at: Option<Timestamp>,
    withdrawn: Option<WithdrawnView>,
}

async fn person(tx: &mut impl Query, id: crate::kernel::UserId) -> Result<PersonName> {
    directory::person(tx, id).await?.ok_or(StoreError::NoRow)
}

/// A consent with the names of the people beside it.
pub async fn shown(tx: &mut impl Query, held: Held) -> Result<ConsentView> {
    let (replaced_at, withdrawn) = match held.ended {
        None => (None, None),
        Some(ended) if !ended.withdrawn => (Some(ended.at), None),
        Some(ended) => {
            let by = match ended.by {
                None => None,
                Some(user) => Some(person(tx, user).await?),
            };
            (None, Some(WithdrawnView { at: ended.at, by, wish: ended.wish, note: ended.note }))
        }
    };
    Ok(ConsentView {
        id: held.id,
        method: held.method,
        signer: held.signer,
        signer_name: held.signer_name,
        relation: held.relation,
        witness: held.witness,
        reason_code: held.reason_code,
        reason: held.reason,
        text: held.text.map(|text| TextRef { scope: text.scope, version: text.version, lang: text.lang }),
        has_signature: held.signature.is_some(),
        photo: held.photo,
        signed_at: held.signed_at,
        recorded_by: person(tx, held.recorded_by).await?,
        replaced_at,
        withdrawn,
    })
}

#[derive(Serialize, ToSchema)]
struct ReviewView {
    at: Timestamp,
    by: PersonName,
    finding: Finding,
    note: Option<String>,
}

/// An override for whoever looks at it: which record, who, when and why. No patient, nothing clinical.
#[derive(Serialize, ToSchema)]
pub struct OverrideView {
    id: ConsentId,
    record: Scope,
    no: Option<String>,
    facility: Option<FacilityName>,
    recorded_by: PersonName,
    at: Timestamp,
    reason_code: Option<Reason>,
    reason: Option<String>,
    consent_since: bool,
    own: bool,
    review: Option<ReviewView>,
}

/// An override for `viewer`.
pub async fn overridden(
    tx: &mut impl Query,
    found: Overridden,
    viewer: crate::kernel::UserId,
) -> Result<OverrideView> {
    let Overridden { held, subject, given_since, sent_at: _ } = found;
    let facility = match held.facility {
        None => None,
        Some(id) => directory::facility(tx, id).await?.map(|facility| facility.name()),
    };
    let review = match held.review {
        None => None,
        Some(review) => Some(ReviewView {
            at: review.at,
            by: person(tx, review.by).await?,
            finding: review.finding,
            note: review.note,
        }),
    };
    Ok(OverrideView {
        id: held.id,
        record: subject.scope(),
        no: held.record_no,
        facility,
        recorded_by: person(tx, held.recorded_by).await?,
        at: held.signed_at,
        reason_code: held.reason_code,
        reason: held.reason,
        consent_since: given_since,
        own: held.recorded_by == viewer,
        review,
    })
}
