//! What can be done with patients: enter, show, find.

use std::{collections::BTreeMap, time::Duration};

use jiff::{civil::Date, tz::TimeZone};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    identity::IdentityNumber,
    merge,
    model::{Guardian, Insurance, NoIdentity, Patient, PatientBrief, PatientView, Sex, Sheet},
    store::{self, Reach},
};
use crate::{
    auth::{Principal, Role},
    ctx::Ctx,
    http::{FieldError, NotAgain, Once, StoredAnswer},
    journal::{self, Actor, Entity, Entry, Look},
    kernel::{DepartmentId, FacilityId, Line, Page, PageAsk, PatientId, Timestamp, Veiled},
    store::{Query, StoreError, WriteTx},
};

/// Why a patient was not entered or shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not for this person.
    #[error("no such patient")]
    NotFound,
    /// Only those who treat patients enter them.
    #[error("not for this role")]
    NotAllowed,
    /// Fields that are not right.
    #[error("fields are not right")]
    Fields(Vec<FieldError>),
    /// Somebody changed it meanwhile.
    #[error("changed meanwhile")]
    Stale,
    /// The identity number belongs to someone on the list, whom the caller may now open.
    #[error("entered before")]
    Exists(PatientId),
    /// Done before under this key.
    #[error(transparent)]
    NotAgain(#[from] NotAgain),
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A patient as typed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPatient)]
pub struct Entered {
    name: Line,
    #[schema(value_type = Option<Sex>)]
    sex: Option<String>,
    #[schema(format = Date)]
    birth_date: Option<String>,
    identity_number: Option<String>,
    #[schema(value_type = Option<NoIdentity>)]
    no_id_reason: Option<String>,
    phone: Option<String>,
    address: Option<Line>,
    #[serde(default)]
    allergies: Vec<Line>,
    guardian: Option<TypedGuardian>,
    #[schema(value_type = Option<Insurance>)]
    insurance_type: Option<String>,
}

/// A guardian as typed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewGuardian)]
struct TypedGuardian {
    name: Line,
    phone: Option<String>,
    relation: Option<Line>,
}

/// Enters a patient.
///
/// # Errors
/// `Fields` names each field that is not right; `Exists` if the identity number is known:
/// whoever holds the card may open that record from then on.
pub async fn create(
    ctx: &Ctx,
    who: &Principal,
    entered: Entered,
    once: &Once,
    answer: impl Fn(&Patient) -> StoredAnswer,
) -> Result<StoredAnswer, Error> {
    let at = ctx.clock.now();
    if !who.is_clinical() {
        return Err(Error::NotAllowed);
    }
    let mut sheet = checked(entered, today(at)).map_err(Error::Fields)?;
    let mut tx = ctx.db.write("patient.create").await?;
    once.claim(ctx, &mut tx, at).await??;
    if let Some(number) = &sheet.identity_number
        && let Some(known) = store::by_identity(ctx, &mut tx, number).await?
    {
        store::share(&mut tx, known, "identity_number_shown", (who.acting, None), at).await?;
        let entry = Entry::new(
            at,
            Actor::User(who.user),
            Some(who.acting),
            Entity::Patient(known),
            "patient.recognised",
        );
        journal::append(&mut tx, entry, &[]).await?;
        once.release(&mut tx).await?;
        tx.commit().await?;
        return Err(Error::Exists(known));
    }
    sheet.record_no = format!("P-{:06}", tx.next_number("patients").await?);
    let id = PatientId::draw(at, &*ctx.dice);
    let patient = Patient {
        id,
        sheet: Veiled::new(sheet),
        home: who.acting,
        home_name: store::facility_name(&mut tx, who.acting).await?,
        created_at: at,
        merged_into: None,
        version: 1,
    };
    store::insert(ctx, &mut tx, &patient, who.user).await?;
    let answer = answer(&patient);
    once.keep(ctx, &mut tx, &answer).await?;
    let entry =
        Entry::new(at, Actor::User(who.user), Some(who.acting), Entity::Patient(id), "patient.create");
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    tracing::info!(patient.id = %id, facility.id = %who.acting, "Patient entered");
    Ok(answer)
}

/// Shows a patient, and journals that they were seen.
pub async fn show(ctx: &Ctx, who: &Principal, id: PatientId) -> Result<PatientView, Error> {
    let mut tx = ctx.db.write("patient.read").await?;
    if !store::is_within(&mut tx, &reach_of(who), id).await? {
        return Err(Error::NotFound);
    }
    let patient = store::load(ctx, &mut tx, id).await?.ok_or(Error::NotFound)?;
    let shown = merge::view(ctx, &mut tx, &patient).await?;
    let entry = Entry::new(
        ctx.clock.now(),
        Actor::User(who.user),
        Some(who.acting),
        Entity::Patient(id),
        "patient.read",
    );
    journal::append(&mut tx, entry, &[]).await?;
    tx.commit().await?;
    Ok(shown)
}

/// Finds patients by what was typed; the journal learns whom it showed, not by what.
pub async fn find(
    ctx: &Ctx,
    who: &Principal,
    typed: &str,
    ask: &PageAsk<PatientId>,
) -> Result<Page<PatientBrief>, Error> {
    let mut tx = ctx.db.read().await?;
    let found = store::find(ctx, &mut tx, &reach_of(who), typed, ask).await?;
    drop(tx);
    let page = Page::cut(found, ask, |patient| patient.id);
    looked(ctx, who, "patient.search", &page.items).await?;
    let items = page.items.iter().map(Patient::brief).collect();
    Ok(Page { items, next: page.next })
}

/// The patients this person's facility had to do with last.
pub async fn recent(ctx: &Ctx, who: &Principal) -> Result<Vec<PatientBrief>, Error> {
    let mut tx = ctx.db.read().await?;
    let found = store::recent(ctx, &mut tx, &reach_of(who), 8).await?;
    drop(tx);
    looked(ctx, who, "patient.recent", &found).await?;
    Ok(found.iter().map(Patient::brief).collect())
}

async fn looked(
    ctx: &Ctx,
    who: &Principal,
    action: &'static str,
    shown: &[Patient],
) -> Result<(), StoreError> {
    let look = Look {
        user: who.user,
        facility: who.acting,
        list: "patients",
        action,
        narrowed: serde_json::json!({ "q": action == "patient.search" }),
        shown: shown.iter().map(|patient| patient.id.to_string()).collect(),
    };
    journal::looked(ctx, look).await
}

/// Whether `who` may open patient `id`.
pub async fn may_open(tx: &mut impl Query, who: &Principal, id: PatientId) -> Result<bool, StoreError> {
    store::is_within(tx, &reach_of(who), id).await
}

/// The brief of a patient, for a room whose own policy let the reader through.
pub async fn brief(ctx: &Ctx, tx: &mut impl Query, id: PatientId) -> Result<PatientBrief, StoreError> {
    Ok(store::load_kept(ctx, tx, id).await?.ok_or(StoreError::NoRow)?.brief())
}

/// The briefs of several patients, for a room whose own policy let the reader through.
pub async fn briefs(
    ctx: &Ctx,
    tx: &mut impl Query,
    ids: &[PatientId],
) -> Result<BTreeMap<PatientId, PatientBrief>, StoreError> {
    let found = store::those(ctx, tx, ids).await?;
    Ok(found.iter().map(|(id, patient)| (*id, patient.brief())).collect())
}

/// Everything known of a patient at this moment, to be frozen into a letter. Sealed by whoever keeps it.
pub async fn snapshot(
    ctx: &Ctx,
    tx: &mut impl Query,
    id: PatientId,
) -> Result<serde_json::Value, StoreError> {
    let patient = store::load_kept(ctx, tx, id).await?.ok_or(StoreError::NoRow)?;
    serde_json::to_value(patient.view())
        .map_err(|_| StoreError::Broken { column: "patients.sealed".into(), why: "is not JSON".into() })
}

/// Every record of this person: the one that is named, the one that is kept, and those merged into it.
pub async fn records_of(tx: &mut impl Query, id: PatientId) -> Result<Vec<PatientId>, StoreError> {
    store::records_of(tx, id).await
}

/// Lets a facility, or one department of it, open a patient for as long as record `because` lives.
pub async fn share(
    tx: &mut WriteTx,
    id: PatientId,
    because: &str,
    with: (FacilityId, Option<DepartmentId>),
    at: Timestamp,
) -> Result<(), StoreError> {
    store::share(tx, id, because, with, at).await
}

/// Ends what record `because` had opened.
pub async fn end_share(tx: &mut WriteTx, because: &str, at: Timestamp) -> Result<(), StoreError> {
    store::end_share(tx, because, at).await
}

pub(super) fn reach_of(who: &Principal) -> Reach {
    let clinical = || who.memberships.iter().filter(|m| m.role.is_clinical());
    Reach {
        facilities: who.clinical_facilities(),
        departments: clinical().filter_map(|m| m.department).collect(),
        desks: clinical().filter(|m| m.role == Role::Coordinator).map(|m| m.facility).collect(),
    }
}

/// The clinics' day, by which a child is born today and not tomorrow: UTC+8 all year.
fn today(at: Timestamp) -> Date {
    let there = at.plus(Duration::from_secs(8 * 3600));
    jiff::Timestamp::from_millisecond(there.millis())
        .map(|moment| moment.to_zoned(TimeZone::UTC).date())
        .unwrap_or_default()
}

impl TypedGuardian {
    fn checked(self, say: &mut impl FnMut(&str, &str)) -> Guardian {
        let phone = phone(self.phone).unwrap_or_else(|()| {
            say("guardian.phone", "not_a_telephone");
            None
        });
        Guardian {
            name: self.name.as_str().to_owned(),
            phone,
            relation: self.relation.map(|relation| relation.as_str().to_owned()),
        }
    }
}

/// Checks every field, so that all that is wrong is said at once.
fn checked(entered: Entered, today: Date) -> Result<Sheet, Vec<FieldError>> {
    let mut wrong = Vec::new();
    let mut say = |field: &str, code: &str| {
        wrong.push(FieldError { field: field.to_owned(), code: code.to_owned(), params: None });
    };
    let typed_number = filled(entered.identity_number);
    let typed_identity = typed_number.is_some();
    let identity = typed_number.and_then(|typed| {
        IdentityNumber::parse(&typed, today).map_err(|bad| say("identity_number", &bad.to_string())).ok()
    });
    let no_identity = filled(entered.no_id_reason);
    if no_identity.as_deref().is_some_and(|reason| reason.parse::<NoIdentity>().is_err()) {
        say("no_id_reason", "not_one_of_these");
    }
    let sex = match filled(entered.sex).map(|word| word.parse::<Sex>()) {
        Some(Ok(sex)) => sex,
        Some(Err(_)) => {
            say("sex", "not_one_of_these");
            Sex::Unknown
        }
        None => identity.as_ref().map_or(Sex::Unknown, IdentityNumber::sex),
    };
    let typed_birth = filled(entered.birth_date);
    let born = match typed_birth.as_deref().map(str::parse::<Date>) {
        Some(Ok(day)) if day > today => {
            say("birth_date", "in_the_future");
            None
        }
        Some(Ok(day)) => Some(day),
        Some(Err(_)) => {
            say("birth_date", "not_a_date");
            None
        }
        None => identity.as_ref().map(IdentityNumber::born),
    };
    if let (Some(identity), Some(born)) = (&identity, born)
        && identity.born() != born
    {
        say("birth_date", "differs_from_identity_number");
    }
    if typed_birth.is_none() && born.is_none() && no_identity.is_none() && !typed_identity {
        say("birth_date", "required");
    }
    let phone = phone(entered.phone).unwrap_or_else(|()| {
        say("phone", "not_a_telephone");
        None
    });
    let guardian = entered.guardian.map(|typed| typed.checked(&mut say));
    let insurance = filled(entered.insurance_type);
    if insurance.as_deref().is_some_and(|word| word.parse::<Insurance>().is_err()) {
        say("insurance_type", "not_one_of_these");
    }
    if entered.allergies.len() > 50 {
        say("allergies", "too_many");
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Ok(Sheet {
        record_no: String::new(),
        name: entered.name.as_str().to_owned(),
        sex,
        born,
        identity_masked: identity.as_ref().map(IdentityNumber::masked),
        identity_number: identity.map(|number| number.as_str().to_owned()),
        no_identity,
        phone,
        address: entered.address.map(|line| line.as_str().to_owned()),
        allergies: entered.allergies.iter().map(|line| line.as_str().to_owned()).collect(),
        guardian,
        insurance,
        carried: BTreeMap::new(),
    })
}

/// An optional field that was left empty was not filled.
fn filled(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A telephone as digits: 7 to 15 of them (ITU-T E.164), an extension not counted in.
fn phone(typed: Option<String>) -> Result<Option<String>, ()> {
    let Some(typed) = filled(typed) else { return Ok(None) };
    let digits: String =
        super::terms::normal(&typed).chars().filter(|c| !matches!(c, '-' | '(' | ')' | '+')).collect();
    let is_number = (7..=15).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit());
    if is_number { Ok(Some(digits)) } else { Err(()) }
}
