//! Giving a consent, taking it back, and looking at what went ahead without one.

use serde_json::json;

use super::{
    form::{Given, ReviewForm, WithdrawForm, allowed, needed, wrong},
    model::{Finding, Held, Method, Place, Subject},
    store::{self, AfterOverride, Overridden},
};
use crate::{
    attachments::{self, Owner},
    auth::{Principal, Role},
    ctx::Ctx,
    directory,
    http::FieldError,
    journal::{self, Entry},
    kernel::{AttachmentId, ConsentId, FacilityId, Page, PageAsk, Timestamp, UserId},
    patients,
    store::{Query, StoreError, WriteTx},
};

/// Why a consent was not written or not shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such consent here.
    #[error("no such consent")]
    NotFound,
    /// Not for this person to do.
    #[error("not for this person")]
    NotAllowed,
    /// Nothing holds that could be taken back.
    #[error("no consent holds")]
    NothingHolds,
    /// Somebody looked at it before.
    #[error("reviewed already")]
    Reviewed,
    /// A field is not right.
    #[error("a field is not right")]
    Invalid(FieldError),
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a consent was not written down.
#[derive(Debug, thiserror::Error)]
pub enum NotGiven {
    /// A field is not right.
    #[error("a field is not right")]
    Field(FieldError),
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NotGiven> for Error {
    fn from(error: NotGiven) -> Self {
        match error {
            NotGiven::Field(field) => Self::Invalid(field),
            NotGiven::Store(fault) => Self::Store(fault),
        }
    }
}

impl From<FieldError> for Error {
    fn from(error: FieldError) -> Self {
        Self::Invalid(error)
    }
}

/// Who asks, and when.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Who.
    pub who: &'a Principal,
    /// When.
    pub at: Timestamp,
}

/// Writes down a consent. The same one again changes nothing; of a draft only the last is
/// kept, of a record that was sent every one. The caller journals; says whether anything changed.
///
/// # Errors
/// `Field` if the photograph is none of the record's files.
pub async fn record(
    ctx: &Ctx,
    tx: &mut WriteTx,
    place: &Place,
    given: &Given,
    (by, at): (UserId, Timestamp),
) -> Result<bool, NotGiven> {
    if let Some(photo) = given.photo {
        shows(ctx, tx, place.subject, photo).await?;
    }
    if let Some(before) = store::live(ctx, tx, place.subject).await? {
        if is_the_same(&before, given) {
            return Ok(false);
        }
        if place.sent {
            store::replace(tx, before.id, (by, at)).await?;
        } else {
            store::delete(tx, before.id).await?;
        }
    }
    store::insert(ctx, tx, place, given, (by, at)).await?;
    Ok(true)
}

fn is_the_same(held: &Held, given: &Given) -> bool {
    let as_given = Given {
        method: held.method,
        signer: held.signer,
        signer_name: held.signer_name.clone(),
        relation: held.relation,
        witness: held.witness.clone(),
        reason_code: held.reason_code,
        reason: held.reason.clone(),
        text: held.text,
        signature: held.signature.clone(),
        photo: held.photo,
    };
    as_given == *given
}

async fn shows(
    ctx: &Ctx,
    tx: &mut impl Query,
    subject: Subject,
    photo: AttachmentId,
) -> Result<(), NotGiven> {
    let owner = match subject {
        Subject::Consult(id) => Owner::Consult(id),
        Subject::Referral(id) => Owner::Referral(id),
    };
    let files = attachments::list(ctx, tx, owner).await?;
    let is_there = files.iter().any(|file| file.id == photo && file.kind.is_shown_inline());
    if is_there { Ok(()) } else { Err(NotGiven::Field(wrong("consent.photo", "unknown"))) }
}

/// Takes away the consent of a draft: nobody agreed after all.
pub async fn take_back(ctx: &Ctx, tx: &mut WriteTx, subject: Subject) -> Result<(), StoreError> {
    if let Some(before) = store::live(ctx, tx, subject).await? {
        store::delete(tx, before.id).await?;
    }
    Ok(())
}

/// The record is sent: what it is sent with is kept from now on. An override has an entry of
/// its own in the journal, for whoever looks at those.
pub async fn confirm(
    ctx: &Ctx,
    tx: &mut WriteTx,
    (subject, no): (Subject, &str),
    asked: Asked<'_>,
) -> Result<(), StoreError> {
    let Some(held) = store::live(ctx, tx, subject).await? else { return Ok(()) };
    store::confirm(tx, subject, no, asked.at).await?;
    if held.method == Method::Override {
        let code = held.reason_code.map_or("other", super::model::Reason::word);
        let entry = entry(asked, subject, "consent.override", held.id).because(code);
        journal::append(tx, entry, &[]).await?;
    }
    Ok(())
}

/// Gives a consent to a record that was sent: instead of an override, or of one taken back.
/// Says whether anything changed: the same one again does not.
pub(super) async fn give(
    ctx: &Ctx,
    tx: &mut WriteTx,
    (place, audience): (&Place, &[UserId]),
    given: &Given,
    asked: Asked<'_>,
) -> Result<bool, Error> {
    if !record(ctx, tx, place, given, (asked.who.user, asked.at)).await? {
        return Ok(false);
    }
    let Some(held) = store::live(ctx, tx, place.subject).await? else { return Err(Error::NotFound) };
    let entry = entry(asked, place.subject, "consent.give", held.id).because(given.method.word());
    journal::append(tx, entry, audience).await?;
    Ok(true)
}

/// Takes a consent back: what the record shares of the patient ends at once.
pub(super) async fn withdraw(
    ctx: &Ctx,
    tx: &mut WriteTx,
    (place, audience): (&Place, &[UserId]),
    (id, form): (ConsentId, &WithdrawForm),
    asked: Asked<'_>,
) -> Result<(), Error> {
    let held = store::live(ctx, tx, place.subject).await?.filter(|held| held.id == id);
    let held = held.filter(|held| held.method != Method::Override).ok_or(Error::NothingHolds)?;
    let note = allowed("note", form.note.as_deref())?;
    let by = (asked.who.user, asked.at);
    store::withdraw(ctx, tx, held.id, (form.wish, note.as_deref()), by).await?;
    patients::end_share(tx, &place.subject.id(), asked.at).await?;
    let entry = entry(asked, place.subject, "consent.withdraw", held.id).because(form.wish.word());
    journal::append(tx, entry, audience).await?;
    tracing::info!(consent.id = %held.id, "Consent withdrawn");
    Ok(())
}

fn entry(asked: Asked<'_>, subject: Subject, action: &'static str, id: ConsentId) -> Entry {
    let actor = journal::Actor::User(asked.who.user);
    Entry::new(asked.at, actor, Some(asked.who.acting), subject.entity(), action)
        .with(json!({ "consent": id }))
}

/// Whose overrides a person looks at.
enum Beat {
    /// Those of one facility.
    Of(FacilityId),
    /// Those of the whole alliance.
    All,
}

/// Auditors and administrators of a facility look at its overrides, those of the facility
/// that leads the alliance at everybody's. They see the reason, not the patient.
async fn beat(tx: &mut impl Query, who: &Principal) -> Result<Beat, Error> {
    let lead = directory::lead(tx).await?;
    let looks = |role: Role| matches!(role, Role::Auditor | Role::FacilityAdmin | Role::AllianceAdmin);
    let mut seats = who.memberships.iter().filter(|m| looks(m.role));
    let everywhere = |m: &crate::auth::Membership| {
        m.role == Role::AllianceAdmin || (m.role == Role::Auditor && Some(m.facility) == lead)
    };
    if seats.clone().any(everywhere) {
        return Ok(Beat::All);
    }
    seats.find(|m| m.facility == who.acting).map(|m| Beat::Of(m.facility)).ok_or(Error::NotAllowed)
}

/// What went ahead without consent, for whoever looks at it.
pub(super) async fn overrides(
    ctx: &Ctx,
    tx: &mut impl Query,
    who: &Principal,
    ask: &PageAsk<AfterOverride>,
) -> Result<Page<Overridden>, Error> {
    let facility = match beat(tx, who).await? {
        Beat::Of(facility) => Some(facility),
        Beat::All => None,
    };
    Ok(store::overrides(ctx, tx, facility, ask).await?)
}

/// Writes down what came of looking at an override. Nobody looks at his own.
pub(super) async fn review(
    ctx: &Ctx,
    tx: &mut WriteTx,
    (id, form): (ConsentId, &ReviewForm),
    asked: Asked<'_>,
) -> Result<Overridden, Error> {
    let beat = beat(tx, asked.who).await?;
    let found = store::overridden_by(ctx, tx, id).await?.ok_or(Error::NotFound)?;
    match beat {
        Beat::Of(facility) if found.held.facility != Some(facility) => return Err(Error::NotFound),
        Beat::Of(_) | Beat::All => {}
    }
    if found.held.recorded_by == asked.who.user {
        return Err(Error::NotAllowed);
    }
    let note = match form.finding {
        Finding::Justified => allowed("note", form.note.as_deref())?,
        Finding::NotJustified => Some(needed("note", form.note.as_deref())?),
    };
    let by = (asked.who.user, asked.at);
    if store::review(ctx, tx, id, (form.finding, note.as_deref()), by).await? == 0 {
        return Err(Error::Reviewed);
    }
    let entry = entry(asked, found.subject, "consent.review", id).because(form.finding.word());
    journal::append(tx, entry, &[found.held.recorded_by]).await?;
    store::overridden_by(ctx, tx, id).await?.ok_or(Error::NotFound)
}
