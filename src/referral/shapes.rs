//! How a referral looks on the wire, for the description of the API. What is shown is made in
//! [`super::view`], field by field for the eyes that read; the tests hold every answer they get
//! against these shapes.
#![allow(dead_code, reason = "shapes are described and never made")]

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;

use super::{
    desk::{Assigned, Pile, Tab},
    letter::Part,
    model::{
        Consent, Diagnosis, DiagnosisRole, Direction, Insurance, Note, NoteKind, OutcomeCode, Service,
        Transport, TransportMode, TransportState, Urgency,
    },
    state::{Action, State},
};
use crate::{
    auth::{DepartmentName, FacilityName},
    consult::{self, ConsultView},
    directory::PersonName,
    kernel::{
        BedPoolId, ConsultId, DepartmentId, LegId, Line, OpinionId, PatientId, ReferralId, SlotId, Timestamp,
    },
    patients::PatientBrief,
};

/// Who sends.
#[derive(ToSchema)]
#[schema(as = ReferralFrom)]
pub struct From {
    facility: FacilityName,
    department: Option<DepartmentName>,
    user: PersonName,
}

/// Who is asked.
#[derive(ToSchema)]
#[schema(as = ReferralTo)]
pub struct To {
    facility: FacilityName,
    department: DepartmentName,
    user: Option<PersonName>,
}

/// The diagnosis that leads.
#[derive(ToSchema)]
pub struct LeadingDiagnosis {
    code: Option<String>,
    text: String,
}

/// How the patient travels, and how far that is.
#[derive(ToSchema)]
pub struct TransportView {
    mode: Option<TransportMode>,
    crew: Option<String>,
    plate: Option<String>,
    phone: Option<String>,
    depart_at: Option<Timestamp>,
    eta: Option<Timestamp>,
    arrive_at: Option<Timestamp>,
    handover_by: Option<String>,
    state: TransportState,
}

/// When and where the patient is expected.
#[derive(ToSchema)]
pub struct Appointment {
    start: Timestamp,
    location: Option<String>,
    bed: Option<String>,
    received_by: Option<String>,
    contact: Option<String>,
    instructions: Option<String>,
    slot_id: Option<SlotId>,
    bed_pool_id: Option<BedPoolId>,
}

/// What was done last.
#[derive(ToSchema)]
pub struct LastStep {
    action: Option<String>,
    at: Option<Timestamp>,
}

/// One line of a list of referrals.
#[derive(ToSchema)]
pub struct ReferralBrief {
    id: ReferralId,
    no: String,
    direction: Direction,
    chain_id: ReferralId,
    parent_id: Option<ReferralId>,
    source_consult_id: Option<ConsultId>,
    urgency: Urgency,
    state: State,
    state_since: Timestamp,
    version: i64,
    from: From,
    to: To,
    patient: PatientBrief,
    diagnosis: Option<LeadingDiagnosis>,
    requested_service: Option<Service>,
    reason_codes: Vec<String>,
    transport: TransportView,
    /// How many files hang on it.
    attachments: i64,
    /// When an answer is due.
    sla_due_at: Option<Timestamp>,
    /// When four fifths of that time are gone.
    sla_warn_at: Option<Timestamp>,
    sla_paused: bool,
    /// Who at the receiving side looks after it.
    assigned_to: Option<PersonName>,
    /// Time closed it and nobody had read the outcome.
    unacknowledged: bool,
    submitted_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    deadline_at: Option<Timestamp>,
    first_viewed_at: Option<Timestamp>,
    appointment: Option<Appointment>,
    last: LastStep,
    /// What the caller may do now, in order.
    open_actions: Vec<Action>,
}

/// What came out of it.
#[derive(ToSchema)]
pub struct OutcomeView {
    code: OutcomeCode,
    summary: String,
    at: Timestamp,
    by: PersonName,
}

/// The target of one stretch.
#[derive(ToSchema)]
pub struct LegTo {
    facility: FacilityName,
    department: DepartmentName,
}

/// A move inside the same house.
#[derive(ToSchema)]
pub struct MoveView {
    at: Timestamp,
    by: PersonName,
    from: DepartmentName,
}

/// One stretch towards one target.
#[derive(ToSchema)]
pub struct LegView {
    id: LegId,
    seq: i64,
    to: LegTo,
    state: String,
    offered_at: Option<Timestamp>,
    first_viewed_at: Option<Timestamp>,
    decided_at: Option<Timestamp>,
    decided_by: Option<PersonName>,
    reason_code: Option<String>,
    reason: Option<String>,
    contact: Option<String>,
    appointment: Option<Appointment>,
    arrived_at: Option<Timestamp>,
    admitted_at: Option<Timestamp>,
    inpatient_no: Option<String>,
    discharged_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    moves: Vec<MoveView>,
}

/// A question, an answer, a word from the ward.
#[derive(ToSchema)]
pub struct NoteView {
    at: Timestamp,
    kind: NoteKind,
    author: PersonName,
    facility: FacilityName,
    body: String,
}

/// A target that was asked before.
#[derive(ToSchema)]
pub struct EarlierLeg {
    to: FacilityName,
    state: String,
    offered_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
}

/// One letter of the same story.
#[derive(ToSchema)]
pub struct ChainLink {
    id: ReferralId,
    no: String,
    chain_id: ReferralId,
    parent_id: Option<ReferralId>,
    direction: Direction,
    urgency: Urgency,
    state: State,
    state_since: Timestamp,
    from: FacilityName,
    to: FacilityName,
    department: DepartmentName,
    created_at: Timestamp,
    submitted_at: Option<Timestamp>,
    accepted_at: Option<Timestamp>,
    appointment_at: Option<Timestamp>,
    arrived_at: Option<Timestamp>,
    /// When the patient was no longer there.
    left_at: Option<Timestamp>,
    /// What came out of it, for those who may read the letter.
    outcome_code: Option<OutcomeCode>,
    unacknowledged: bool,
    sla_due_at: Option<Timestamp>,
    /// Whom it asked before, first to last.
    earlier: Vec<EarlierLeg>,
    /// Whether the caller may open it.
    readable: bool,
}

/// What the specialist concluded, as it stands now.
#[derive(ToSchema)]
pub struct ReferralOpinion {
    id: OpinionId,
    author: PersonName,
    conclusion: String,
    advice: String,
    diagnoses: Vec<consult::Diagnosis>,
    next: consult::NextStep,
    signed_at: Timestamp,
    version_no: i64,
}

/// Something a sender should look at before sending.
#[derive(ToSchema)]
pub struct Warning {
    code: String,
    referral: ReferralId,
    no: String,
    state: State,
}

/// An action that the table opens and something else keeps shut.
#[derive(ToSchema)]
pub struct ReferralClosedAction {
    action: Action,
    why_code: String,
}

/// The whole of a referral. Clinical parts are null to eyes that may see its head only.
#[derive(ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "the shape of an answer")]
pub struct ReferralView {
    #[serde(flatten)]
    brief: ReferralBrief,
    reason_text: Option<String>,
    diagnoses: Vec<Diagnosis>,
    present_illness: Option<String>,
    past_history: Option<String>,
    treatment_so_far: Option<String>,
    key_results: Option<String>,
    allergies_ack: bool,
    infection_flag: bool,
    insurance: Option<Insurance>,
    companion: Option<String>,
    consent: Option<Consent>,
    override_reason: Option<String>,
    duplicate_reason: Option<String>,
    rehab_plan: Option<String>,
    medications: Option<Vec<String>>,
    next_visit: Option<String>,
    red_flags: Option<String>,
    follow_up_due: Option<Timestamp>,
    header_only: bool,
    created_at: Timestamp,
    created_by: PersonName,
    accepted_at: Option<Timestamp>,
    arrived_at: Option<Timestamp>,
    auto_accepted: bool,
    end_reason: Option<String>,
    plan_ends_at: Option<Timestamp>,
    /// The patient as he was when the letter was sent.
    #[schema(value_type = Option<Object>)]
    patient_snapshot: Option<Value>,
    outcome: Option<OutcomeView>,
    legs: Vec<LegView>,
    notes: Vec<NoteView>,
    chain: Vec<ChainLink>,
    opinion: Option<ReferralOpinion>,
    closed_actions: Vec<ReferralClosedAction>,
    /// Of a draft: what it may not be sent without.
    missing: Vec<Part>,
    /// Of a draft: what its sender should look at first.
    warnings: Vec<Warning>,
}

/// A referral after a step, and the one that came of the step.
#[derive(ToSchema)]
pub struct ReferralActed {
    #[serde(flatten)]
    referral: ReferralView,
    created_referral_id: Option<ReferralId>,
}

/// A pile of referrals, and how many lie in each of its tabs.
#[derive(ToSchema)]
pub struct ReferralPile {
    items: Vec<ReferralBrief>,
    /// The cursor of the next page, if there is one.
    next: Option<String>,
    /// How many lie in each tab; a thousand means a thousand or more.
    counts: BTreeMap<String, i64>,
}

/// One line of a referral's history.
#[derive(ToSchema)]
pub struct ReferralHistoryItem {
    seq: i64,
    at: Timestamp,
    action: String,
    actor: Option<PersonName>,
    from_state: Option<String>,
    to_state: Option<String>,
    reason_code: Option<String>,
    #[schema(value_type = Object)]
    payload: Value,
}

/// What comes of an escalated consult: both records, and what to look at before sending.
#[derive(ToSchema)]
pub struct Escalated {
    consult: ConsultView,
    referral_id: ReferralId,
    no: String,
    warnings: Vec<Warning>,
}

/// Nothing need be said.
#[derive(ToSchema)]
pub struct EscalateForm {}

/// Why nobody could be asked.
#[derive(ToSchema)]
pub struct Overriding {
    reason: Note,
}

/// A letter that is begun: to whom, about whom, and any part of it.
#[derive(ToSchema)]
pub struct NewReferral {
    patient_id: PatientId,
    /// By the relation of the two facilities, if not said.
    direction: Option<Direction>,
    to_department: DepartmentId,
    urgency: Option<Urgency>,
    #[serde(flatten)]
    letter: ReferralPatch,
}

/// Any part of a letter; what is named is replaced, null empties it.
#[derive(ToSchema)]
pub struct ReferralPatch {
    to_department: Option<DepartmentId>,
    direction: Option<Direction>,
    urgency: Option<Urgency>,
    reason_codes: Option<Vec<String>>,
    reason_text: Option<String>,
    diagnoses: Option<Vec<DiagnosisForm>>,
    present_illness: Option<String>,
    past_history: Option<String>,
    treatment_so_far: Option<String>,
    key_results: Option<String>,
    allergies_ack: Option<bool>,
    infection_flag: Option<bool>,
    requested_service: Option<Service>,
    transport: Option<Transport>,
    insurance: Option<Insurance>,
    companion: Option<String>,
    consent: Option<Consent>,
    #[schema(rename = "override")]
    overriding: Option<Overriding>,
    override_reason: Option<String>,
    duplicate_reason: Option<String>,
    rehab_plan: Option<String>,
    medications: Option<Vec<Line>>,
    next_visit: Option<String>,
    red_flags: Option<String>,
    follow_up_due: Option<Timestamp>,
}

/// A diagnosis as it is written.
#[derive(ToSchema)]
pub struct DiagnosisForm {
    code: Option<String>,
    text: Line,
    role: Option<DiagnosisRole>,
}

/// Everything an action can be sent with; each takes what it needs.
#[derive(ToSchema)]
pub struct ReferralActionForm {
    contact: Option<Line>,
    note: Option<Note>,
    question: Option<Note>,
    text: Option<Note>,
    reason: Option<Note>,
    reason_code: Option<String>,
    summary: Option<Note>,
    start: Option<Timestamp>,
    location: Option<Line>,
    bed: Option<Line>,
    slot_id: Option<SlotId>,
    bed_pool_id: Option<BedPoolId>,
    received_by: Option<Line>,
    instructions: Option<Note>,
    to_department: Option<DepartmentId>,
    sender_agreed: Option<bool>,
    admitted: Option<bool>,
    inpatient_no: Option<Line>,
    outcome_code: Option<OutcomeCode>,
    outcome_summary: Option<Note>,
    plan: Option<Note>,
    medications: Option<Vec<Line>>,
    next_visit: Option<Line>,
    red_flags: Option<Note>,
    follow_up_due: Option<Timestamp>,
    direction: Option<Direction>,
    urgency: Option<Urgency>,
    duplicate_reason: Option<Note>,
}

/// What a list of referrals is asked for.
#[derive(ToSchema)]
pub struct ReferralsAsk {
    /// Which pile.
    r#box: Option<Pile>,
    /// One of its tabs; all if not said.
    tab: Option<Tab>,
    /// A record number, or what a patient is found by.
    q: Option<String>,
    /// Whose, in the pile of one patient.
    patient: Option<PatientId>,
    /// Only what the caller, or nobody, looks after.
    assigned: Option<Assigned>,
}
