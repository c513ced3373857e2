//! Puts together what a letter says: names for ids, the opinion, the consent, the files.

use serde::Deserialize as _;
use serde_json::json;

use super::{
    back::Back,
    commands::Kind,
    error::Error,
    form::{Card, Party},
    opinion::Answered,
    out::{Opinion, Out},
    store,
};
use crate::{
    attachments::{self, Owner},
    consents::{self, Subject},
    consult::{self, Consult},
    ctx::Ctx,
    directory,
    kernel::{DepartmentId, FacilityId, UserId},
    patients,
    referral::{self, Written},
    store::{Query, StoreError},
};

/// Both sides and everything between them.
pub async fn out(ctx: &Ctx, tx: &mut impl Query, written: Written) -> Result<Out, Error> {
    let Written { referral, patient, parent, way_back: _ } = written;
    let card = card(&patient)?;
    let leg = &referral.leg;
    let from = party(tx, referral.from_facility, referral.from_department, Some(referral.from_user)).await?;
    let to = party(tx, leg.to_facility, Some(leg.to_department), leg.to_user).await?;
    let (consult_no, opinion) = match referral.source_consult {
        None => (None, None),
        Some(consult) => (store::number_of(tx, consult).await?, opinion(ctx, tx, consult).await?),
    };
    let files = attachments::list(ctx, tx, Owner::Referral(referral.id)).await?;
    let taken_by = match leg.decided_by {
        Some(user) => directory::person(tx, user).await?.map(|person| person.name),
        None => None,
    };
    Ok(Out {
        consent: consents::newest(ctx, tx, Subject::Referral(referral.id)).await?,
        card,
        from,
        to,
        consult_no,
        parent_no: parent.map(|parent| parent.no),
        opinion,
        files: files.iter().map(|file| file.name.as_str().to_owned()).collect(),
        taken_by,
        referral,
    })
}

/// The letter back: the letter of the way back where there is one, else the outcome of the way up.
pub async fn back(ctx: &Ctx, tx: &mut impl Query, written: Written) -> Result<Back, Error> {
    let parent = written.parent.clone().filter(|_| written.referral.is_return);
    let up = parent.as_ref().map_or(written.referral.id, |parent| parent.id);
    let stay = referral::stay(ctx, tx, up).await?;
    let outcome = match &parent {
        Some(parent) => parent.outcome.clone(),
        None => written.referral.outcome.clone(),
    };
    if outcome.is_none() && !written.referral.is_return {
        return Err(Error::NotYet("no_outcome"));
    }
    let is_return = parent.is_some();
    let mut out = out(ctx, tx, written).await?;
    if !is_return && let Some(outcome) = &outcome {
        // Who answers for the way up is who wrote how it ended.
        let leg = &out.referral.leg;
        out.to = party(tx, leg.to_facility, Some(leg.to_department), Some(outcome.by)).await?;
    }
    Ok(Back { out, outcome, stay, is_return })
}

async fn party(
    tx: &mut impl Query,
    facility: FacilityId,
    department: Option<DepartmentId>,
    doctor: Option<UserId>,
) -> Result<Party, StoreError> {
    let house = directory::facility(tx, facility).await?;
    let department = match department {
        Some(department) => directory::department(tx, department).await?,
        None => None,
    };
    let mut party = Party {
        facility: house.as_ref().map(|house| house.name.clone()).unwrap_or_default(),
        phone_24h: house.map(|house| house.phone_24h).unwrap_or_default(),
        desk_phone: department.as_ref().map(|department| department.phone.clone()),
        department: department.map(|department| department.name),
        ..Party::default()
    };
    if let Some(doctor) = doctor
        && let Some(person) = directory::person(tx, doctor).await?
    {
        party.phone = store::phone_of(tx, doctor).await?;
        (party.doctor, party.title) = (Some(person.name), person.title);
    }
    Ok(party)
}

async fn opinion(
    ctx: &Ctx,
    tx: &mut impl Query,
    consult: crate::kernel::ConsultId,
) -> Result<Option<Opinion>, StoreError> {
    let Some(opinion) = consult::opinion(ctx, tx, consult).await? else { return Ok(None) };
    let author = directory::person(tx, opinion.author).await?;
    Ok(Some(Opinion {
        author: author.map(|person| format!("{} {}", person.name, person.title)).unwrap_or_default(),
        at: opinion.signed_at,
        conclusion: opinion.text.conclusion,
        advice: opinion.text.advice,
    }))
}

/// The opinion in the version that is asked for, the newest if none is.
pub async fn answered(
    ctx: &Ctx,
    tx: &mut impl Query,
    consult: Consult,
    version: Option<i64>,
) -> Result<Answered, Error> {
    let mut versions = Vec::new();
    for opinion in consult::opinions(ctx, tx, consult.id).await? {
        let author = directory::person(tx, opinion.author).await?;
        let author = author.map(|person| format!("{} {}", person.name, person.title)).unwrap_or_default();
        versions.push((opinion, author));
    }
    let shown = match version {
        None if versions.is_empty() => return Err(Error::NotYet("no_opinion")),
        None => 0,
        Some(version) => {
            let at = versions.iter().position(|(opinion, _)| opinion.version_no == version);
            at.ok_or(Error::NotFound)?
        }
    };
    let opinion = &versions[shown].0;
    let acknowledged_by = match &opinion.ack {
        Some(ack) => directory::person(tx, ack.by).await?.map(|person| person.name),
        None => None,
    };
    let patient = patients::snapshot(ctx, tx, consult.patient).await?;
    Ok(Answered {
        letter: consult::letter(ctx, tx, consult.id).await?,
        card: card(&patient)?,
        from: party(tx, consult.from_facility, None, Some(consult.from_user)).await?,
        to: party(tx, consult.to_facility, Some(consult.to_department), Some(opinion.author)).await?,
        consent: consents::newest(ctx, tx, Subject::Consult(consult.id)).await?,
        acknowledged_by,
        versions,
        shown,
        consult,
    })
}

/// What an opinion says, as a digest of what was signed.
pub fn opinion_digest(ctx: &Ctx, opinion: &consult::Opinion) -> String {
    ctx.vault.term("paper digest", &format!("opinion/{}/{}", opinion.version_no, opinion.content_hash))
}

fn card(patient: &serde_json::Value) -> Result<Card, StoreError> {
    Card::deserialize(patient)
        .map_err(|_| StoreError::Broken { column: "referrals.snapshot".into(), why: "is not a card".into() })
}

/// What a letter says, as a digest under the key of this installation: it tells nobody anything
/// and differs as soon as a word does. What the receiving side adds below is not in it, nor are
/// files, which come and go without the letter changing.
pub fn digest(ctx: &Ctx, kind: Kind, out: &Out, back: Option<&Back>) -> String {
    let r = &out.referral;
    let opinion = out.opinion.as_ref().map(|opinion| (opinion.at, &opinion.conclusion, &opinion.advice));
    let outcome = back.and_then(|back| back.outcome.as_ref());
    let said = json!({
        "kind": kind, "no": r.no, "direction": r.direction, "urgency": r.urgency, "sent": r.submitted_at,
        "from": [r.from_facility.to_string(), r.from_user.to_string()],
        "to": [r.leg.to_facility.to_string(), r.leg.to_department.to_string()],
        "letter": r.letter, "patient": r.snapshot, "opinion": opinion, "outcome": outcome,
    });
    ctx.vault.term("paper digest", &said.to_string())
}
