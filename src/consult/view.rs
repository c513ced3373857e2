//! A consult as one person may see it.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Error, around,
    model::{Adopted, Consult, Diagnosis, Exam, Kind, NextStep, Opinion, RingState, Slot, Urgency},
    state::{Action, State},
    step,
    store::{self, lists, people, said},
};
use crate::{
    auth::{DepartmentName, FacilityName, policy::Actor},
    consents::{self, ConsentView, Subject},
    ctx::Ctx,
    directory::{Mentioned, Names, PersonName},
    journal::{self, Entity, HistoryLine, Told},
    kernel::{
        AttachmentId, ConsultId, MessageId, OpinionId, Page, PageAsk, PatientId, ReferralId, RingId,
        Timestamp, UserId,
    },
    patients::{self, PatientBrief},
    store::{Query, StoreError},
};

/// Who asks.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ConsultFrom)]
pub struct From {
    /// Where.
    pub facility: FacilityName,
    /// The doctor.
    pub user: PersonName,
}

/// Who is asked.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ConsultTo)]
pub struct To {
    /// Where.
    pub facility: FacilityName,
    /// Which department.
    pub department: DepartmentName,
    /// The doctor who took it.
    pub user: Option<PersonName>,
}

/// An action that the table opens and something else keeps shut.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClosedAction {
    /// What.
    pub action: Action,
    /// Why, as a word.
    pub why_code: &'static str,
}

/// One line of a list of consults.
#[derive(Serialize, ToSchema)]
pub struct ConsultBrief {
    id: ConsultId,
    no: String,
    kind: Kind,
    urgency: Urgency,
    state: State,
    state_since: Timestamp,
    version: i64,
    from: From,
    to: To,
    patient: PatientBrief,
    question: String,
    created_at: Timestamp,
    opened_at: Option<Timestamp>,
    answered_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    scheduled: Option<Slot>,
    unacknowledged: bool,
    /// What was concluded, once an opinion is signed.
    answer: Option<AnswerView>,
    referral_ids: Vec<ReferralId>,
    open_actions: Vec<Action>,
    closed_actions: Vec<ClosedAction>,
}

/// The newest opinion in one line.
#[derive(Serialize, ToSchema)]
#[schema(as = Answer)]
pub struct AnswerView {
    conclusion: String,
    next: NextStep,
    signed_at: Timestamp,
}

/// The whole of a consult.
#[derive(Serialize, ToSchema)]
pub struct ConsultView {
    #[serde(flatten)]
    brief: ConsultBrief,
    chief_complaint: Option<String>,
    history: Option<String>,
    exam: Option<Exam>,
    prelim_diagnoses: Vec<Diagnosis>,
    consent: Option<ConsentView>,
    opinion: Option<OpinionView>,
    rings: Vec<RingView>,
    chair: Option<PersonName>,
    /// Who is asked to an agreed time besides the author and the doctor.
    invited: Vec<PersonName>,
    desk_phone: String,
    close_reason: Option<String>,
    close_note: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Opinion)]
struct OpinionView {
    id: OpinionId,
    author: PersonName,
    conclusion: String,
    advice: String,
    diagnoses: Vec<Diagnosis>,
    next: NextStep,
    signed_at: Timestamp,
    signature_kind: String,
    content_hash: String,
    version_no: i64,
    reason_code: Option<String>,
    ack: Option<AckView>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Ack)]
struct AckView {
    by: PersonName,
    at: Timestamp,
    adopted: Adopted,
    reason: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Ring)]
struct RingView {
    id: RingId,
    user: PersonName,
    tier: i64,
    state: RingState,
    started_at: Timestamp,
    expires_at: Timestamp,
}

/// What a doctor sees while it rings.
#[derive(Serialize, Clone, ToSchema)]
pub struct RingCard {
    /// The ring.
    pub ring: RingId,
    /// For which consult.
    pub consult: ConsultId,
    /// Its number.
    pub no: String,
    /// How soon.
    pub urgency: Urgency,
    /// Who asks.
    pub from: From,
    /// Name, sex, birth date and allergies.
    pub patient: PatientBrief,
    /// What is asked.
    pub question: String,
    /// The signs.
    pub exam: Option<Exam>,
    /// A picture to look at while it rings.
    pub first_picture: Option<AttachmentId>,
    /// Which department is asked.
    pub department: DepartmentName,
    /// Which tier rings.
    pub tier: i64,
    /// Since when.
    pub started_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A message as it is shown.
#[derive(Serialize, Clone, ToSchema)]
#[schema(as = Message)]
pub struct MessageView {
    /// Which.
    pub id: MessageId,
    /// Who; nobody for the system.
    pub author: Option<PersonName>,
    /// `text`, `system` or `file`.
    pub kind: String,
    /// The words.
    pub body: String,
    /// When.
    pub at: Timestamp,
    /// The file, if it is one.
    pub attachment_id: Option<AttachmentId>,
    /// The sender's own key.
    pub client_msg_id: Option<String>,
}

/// One line of the history.
#[derive(Serialize, ToSchema)]
#[schema(as = HistoryItem)]
pub struct HistoryView {
    seq: i64,
    at: Timestamp,
    action: String,
    actor: Option<PersonName>,
    from_state: Option<String>,
    to_state: Option<String>,
    reason_code: Option<String>,
}

/// What the lines of a list name, read in a handful of questions however many lines there are.
pub struct Around {
    names: Names,
    patients: BTreeMap<PatientId, PatientBrief>,
    questions: BTreeMap<ConsultId, String>,
    opinions: BTreeMap<ConsultId, Opinion>,
    referrals: BTreeMap<ConsultId, Vec<ReferralId>>,
}

impl Around {
    /// Reads what these consults name.
    pub async fn of(ctx: &Ctx, tx: &mut impl Query, consults: &[Consult]) -> Result<Self, Error> {
        let ids: Vec<ConsultId> = consults.iter().map(|consult| consult.id).collect();
        let patients: Vec<PatientId> = consults.iter().map(|consult| consult.patient).collect();
        let mut mentioned = Mentioned::default();
        for consult in consults {
            mentioned.people.push(consult.from_user);
            mentioned.people.extend(consult.to_user);
            mentioned.facilities.extend([consult.from_facility, consult.to_facility]);
            mentioned.departments.push(consult.to_department);
        }
        Ok(Self {
            names: Names::of(tx, mentioned).await?,
            patients: patients::briefs(ctx, tx, &patients).await?,
            questions: lists::questions(ctx, tx, &ids).await?,
            opinions: said::newest_of(ctx, tx, &ids).await?,
            referrals: lists::referrals_of(tx, &ids).await?,
        })
    }
}

/// One line of a list, for somebody who plays `parts`.
pub fn brief(
    around: &Around,
    consult: &Consult,
    parts: &[Actor],
    now: Timestamp,
) -> Result<ConsultBrief, Error> {
    let names = &around.names;
    let (open_actions, shut) = step::open_and_shut(consult, parts, now);
    let closed_actions =
        shut.into_iter().map(|(action, why)| ClosedAction { action, why_code: why.word() }).collect();
    let facility = |id| names.facility(id).cloned().ok_or(StoreError::NoRow);
    let person = |id| names.person(id).cloned().ok_or(StoreError::NoRow);
    Ok(ConsultBrief {
        id: consult.id,
        no: consult.no.clone(),
        kind: consult.kind,
        urgency: consult.urgency,
        state: consult.state,
        state_since: consult.state_since,
        version: consult.version,
        from: From { facility: facility(consult.from_facility)?, user: person(consult.from_user)? },
        to: To {
            facility: facility(consult.to_facility)?,
            department: names.department(consult.to_department).ok_or(StoreError::NoRow)?.name(),
            user: consult.to_user.map(person).transpose()?,
        },
        patient: around.patients.get(&consult.patient).cloned().ok_or(StoreError::NoRow)?,
        question: around.questions.get(&consult.id).cloned().unwrap_or_default(),
        created_at: consult.created_at,
        opened_at: consult.opened_at,
        answered_at: consult.answered_at,
        ended_at: consult.ended_at,
        scheduled: consult.slot,
        unacknowledged: consult.unacknowledged,
        answer: around.opinions.get(&consult.id).map(|opinion| AnswerView {
            conclusion: opinion.text.conclusion.clone(),
            next: opinion.next,
            signed_at: opinion.signed_at,
        }),
        referral_ids: around.referrals.get(&consult.id).cloned().unwrap_or_default(),
        open_actions,
        closed_actions,
    })
}

async fn from(tx: &mut impl Query, names: &mut Names, consult: &Consult) -> Result<From, Error> {
    Ok(From {
        facility: names.read_facility(tx, consult.from_facility).await?,
        user: names.read_person(tx, consult.from_user).await?,
    })
}

/// The whole consult, for somebody who plays `parts`.
pub async fn whole(
    ctx: &Ctx,
    tx: &mut impl Query,
    consult: &Consult,
    parts: &[Actor],
) -> Result<ConsultView, Error> {
    let mut around = Around::of(ctx, tx, std::slice::from_ref(consult)).await?;
    let brief = brief(&around, consult, parts, ctx.clock.now())?;
    let opinion = around.opinions.remove(&consult.id);
    let names = &mut around.names;
    let letter = store::letter(ctx, tx, consult.id).await?;
    let rung = people::rings(tx, consult.id).await?;
    let mentioned = rung.iter().map(|ring| ring.user).collect();
    names.add(tx, Mentioned { people: mentioned, ..Mentioned::default() }).await?;
    let mut rings = Vec::new();
    for ring in rung {
        rings.push(RingView {
            id: ring.id,
            user: names.read_person(tx, ring.user).await?,
            tier: ring.tier,
            state: ring.state,
            started_at: ring.started_at,
            expires_at: ring.expires_at,
        });
    }
    let opinion = match opinion {
        None => None,
        Some(opinion) => Some(opinion_view(tx, names, opinion).await?),
    };
    let mut invited = Vec::new();
    if consult.slot.is_some() {
        for user in people::invited(tx, consult).await? {
            invited.push(names.read_person(tx, user).await?);
        }
    }
    Ok(ConsultView {
        chief_complaint: letter.chief_complaint,
        history: letter.history,
        exam: letter.exam,
        prelim_diagnoses: letter.prelim_diagnoses,
        consent: consent(ctx, tx, consult.id).await?,
        opinion,
        rings,
        chair: maybe(tx, names, consult.chair).await?,
        invited,
        desk_phone: names.read_department(tx, consult.to_department).await?.phone,
        close_reason: consult.close_reason.clone(),
        close_note: store::close_note(ctx, tx, consult.id).await?,
        brief,
    })
}

/// The consent that holds, or the one that was taken back.
async fn consent(ctx: &Ctx, tx: &mut impl Query, id: ConsultId) -> Result<Option<ConsentView>, Error> {
    match consents::newest(ctx, tx, Subject::Consult(id)).await? {
        None => Ok(None),
        Some(held) => Ok(Some(consents::shown(tx, held).await?)),
    }
}

async fn opinion_view(
    tx: &mut impl Query,
    names: &mut Names,
    opinion: Opinion,
) -> Result<OpinionView, Error> {
    let ack = match opinion.ack {
        None => None,
        Some(ack) => Some(AckView {
            by: names.read_person(tx, ack.by).await?,
            at: ack.at,
            adopted: ack.adopted,
            reason: ack.reason,
        }),
    };
    Ok(OpinionView {
        id: opinion.id,
        author: names.read_person(tx, opinion.author).await?,
        conclusion: opinion.text.conclusion,
        advice: opinion.text.advice,
        diagnoses: opinion.text.diagnoses,
        next: opinion.next,
        signed_at: opinion.signed_at,
        signature_kind: opinion.signature_kind,
        content_hash: opinion.content_hash,
        version_no: opinion.version_no,
        reason_code: opinion.reason_code,
        ack,
    })
}

/// What rings at a person now, most urgent first.
pub async fn ring_cards(ctx: &Ctx, user: UserId) -> Result<Vec<RingCard>, Error> {
    let names = &mut Names::default();
    let mut tx = ctx.db.read().await?;
    let mut cards = Vec::new();
    for (id, ring) in people::ringing_at(&mut tx, user, ctx.clock.now()).await? {
        let Some(consult) = store::load(&mut tx, id).await? else { continue };
        let letter = store::letter(ctx, &mut tx, id).await?;
        cards.push(RingCard {
            ring: ring.id,
            consult: id,
            no: consult.no.clone(),
            urgency: consult.urgency,
            from: from(&mut tx, names, &consult).await?,
            patient: patients::brief(ctx, &mut tx, consult.patient).await?,
            question: letter.question,
            exam: letter.exam,
            first_picture: around::first_picture(ctx, &mut tx, id).await?,
            department: names.read_department(&mut tx, consult.to_department).await?.name(),
            tier: ring.tier,
            started_at: ring.started_at,
            expires_at: ring.expires_at,
        });
    }
    cards.sort_by_key(|card| (card.urgency, card.started_at));
    Ok(cards)
}

async fn maybe(
    tx: &mut impl Query,
    names: &mut Names,
    id: Option<UserId>,
) -> Result<Option<PersonName>, Error> {
    match id {
        None => Ok(None),
        Some(id) => Ok(Some(names.read_person(tx, id).await?)),
    }
}

/// Messages as they are shown.
pub async fn messages(
    tx: &mut impl Query,
    said: Vec<super::model::Message>,
) -> Result<Vec<MessageView>, Error> {
    let people = said.iter().filter_map(|message| message.author).collect();
    let mut names = Names::of(tx, Mentioned { people, ..Mentioned::default() }).await?;
    let mut views = Vec::with_capacity(said.len());
    for one in said {
        views.push(message(tx, &mut names, one).await?);
    }
    Ok(views)
}

/// A message as it is shown.
pub async fn message(
    tx: &mut impl Query,
    names: &mut Names,
    message: super::model::Message,
) -> Result<MessageView, Error> {
    Ok(MessageView {
        id: message.id,
        author: maybe(tx, names, message.author).await?,
        kind: message.kind,
        body: message.body,
        at: message.at,
        attachment_id: message.attachment,
        client_msg_id: message.client_msg_id,
    })
}

/// A page of what happened to a consult, oldest first. Who read it and who sat where is the
/// audit's business.
pub async fn history(
    tx: &mut impl Query,
    id: ConsultId,
    ask: &PageAsk<i64>,
) -> Result<Page<HistoryView>, Error> {
    let steps = journal::history(tx, &Entity::Consult(id), Told::Steps, ask).await?;
    let people = steps.items.iter().filter_map(|line| line.actor.parse().ok()).collect();
    let names = Names::of(tx, Mentioned { people, ..Mentioned::default() }).await?;
    let shown = |line: &HistoryLine| HistoryView {
        seq: line.seq,
        at: line.at,
        action: line.action.strip_prefix("consult.").unwrap_or(&line.action).to_owned(),
        actor: line.actor.parse().ok().and_then(|user| names.person(user).cloned()),
        from_state: line.from_state.clone(),
        to_state: line.to_state.clone(),
        reason_code: line.reason_code.clone(),
    };
    let items = steps.items.iter().map(shown).collect();
    Ok(steps.with(items))
}
