//! The nouns of a referral: the letter, the legs, the outcome.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use crate::{auth::policy::Direction, consult::Urgency, kernel::Note};

use super::state::{Action, Facts, MACHINE, State, deadline};
pub use super::vocabulary::*;
use crate::{
    auth::policy::Sides,
    kernel::{
        BedPoolId, ConsultId, DepartmentId, FacilityId, LegId, Line, PatientId, ReferralId, SlotId,
        Timestamp, UserId,
    },
};

/// One diagnosis of the letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReferralDiagnosis)]
pub struct Diagnosis {
    /// ICD-10, where it is known.
    #[serde(default)]
    pub code: Option<String>,
    /// In words.
    pub text: Line,
    /// The one the letter is about, or another.
    #[serde(default = "primary")]
    pub role: DiagnosisRole,
}

fn primary() -> DiagnosisRole {
    DiagnosisRole::Primary
}

/// How the patient agreed to the referral.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReferralConsent)]
pub struct Consent {
    /// In which form.
    pub method: ConsentMethod,
    /// Who agreed.
    pub signer: Signer,
    /// Who heard it, if it was only said.
    #[serde(default)]
    pub witness: Option<Line>,
}

/// How the patient travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Transport {
    /// By what.
    pub mode: TransportMode,
    /// Who goes along.
    #[serde(default)]
    pub crew: Option<Line>,
    /// The vehicle.
    #[serde(default)]
    pub plate: Option<Line>,
    /// Where the crew is reached.
    #[serde(default)]
    pub phone: Option<Line>,
    /// When it leaves.
    #[serde(default)]
    pub depart_at: Option<Timestamp>,
    /// When it should arrive.
    #[serde(default)]
    pub eta: Option<Timestamp>,
    /// When it arrived.
    #[serde(default)]
    pub arrive_at: Option<Timestamp>,
    /// Who handed the patient over.
    #[serde(default)]
    pub handover_by: Option<Line>,
}

/// Who pays, as far as the letter needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = InsuranceNote)]
pub struct Insurance {
    /// Its kind, in the words of the patient's record.
    #[serde(rename = "type", default)]
    pub kind: Option<Line>,
    /// The insurance knows of the referral.
    #[serde(default)]
    pub filed: bool,
}

/// What the sender writes. Free while a draft, frozen once sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Letter {
    /// Coded reasons.
    pub reason_codes: Vec<String>,
    /// The reason in words.
    pub reason_text: Option<Note>,
    /// The impression; the first one leads.
    pub diagnoses: Vec<Diagnosis>,
    /// The present illness.
    pub present_illness: Option<Note>,
    /// The past history.
    pub past_history: Option<Note>,
    /// What was done so far.
    pub treatment_so_far: Option<Note>,
    /// What was found.
    pub key_results: Option<Note>,
    /// The allergies were read and hold.
    pub allergies_ack: bool,
    /// Infectious.
    pub infection_flag: bool,
    /// What is needed over there.
    pub requested_service: Option<Service>,
    /// How the patient travels.
    pub transport: Option<Transport>,
    /// Who pays.
    pub insurance: Option<Insurance>,
    /// Who comes along.
    pub companion: Option<Line>,
    /// How the patient agreed.
    pub consent: Option<Consent>,
    /// In an emergency: why nobody could be asked.
    pub override_reason: Option<Note>,
    /// Why a second letter, when one is open for the same.
    pub duplicate_reason: Option<Note>,
    /// On the way down: how to go on.
    pub rehab_plan: Option<Note>,
    /// On the way down: what the patient takes.
    pub medications: Vec<Line>,
    /// On the way down: when to come again; "not needed" is an answer, blank is none.
    pub next_visit: Option<Line>,
    /// On the way down: what must bring the patient back at once.
    pub red_flags: Option<Note>,
    /// On the way down: until when the plan runs.
    pub follow_up_due: Option<Timestamp>,
}

/// What came out of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// In one word.
    pub code: OutcomeCode,
    /// In sentences.
    pub summary: Note,
    /// Who wrote it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// What is said about a leg and must be sealed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LegWords {
    /// Why it was decided so.
    pub reason: Option<Note>,
    /// Whom to ask for.
    pub contact: Option<Line>,
    /// Where to go.
    pub location: Option<Line>,
    /// The bed or slot.
    pub bed: Option<Line>,
    /// Who receives the patient.
    pub received_by: Option<Line>,
    /// What the patient should know.
    pub instructions: Option<Note>,
    /// The number under which the patient was admitted.
    pub inpatient_no: Option<Line>,
}

/// A move inside the same house.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: UserId,
    /// Where the patient was before.
    pub from: DepartmentId,
}

/// One stretch of a referral towards one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// Its id.
    pub id: LegId,
    /// First, second, …
    pub seq: i64,
    /// The facility that is asked.
    pub to_facility: FacilityId,
    /// The department that is asked; after a move the one the patient is in.
    pub to_department: DepartmentId,
    /// The person that is asked.
    pub to_user: Option<UserId>,
    /// The referral's state, or `redirected` once it went on.
    pub state: LegState,
    /// When the target was asked.
    pub offered_at: Option<Timestamp>,
    /// When somebody there looked first.
    pub first_viewed_at: Option<Timestamp>,
    /// Who that was.
    pub first_viewed_by: Option<UserId>,
    /// When the target decided.
    pub decided_at: Option<Timestamp>,
    /// Who decided.
    pub decided_by: Option<UserId>,
    /// The coded reason.
    pub decision_code: Option<String>,
    /// When the referral went on to another leg.
    pub ended_at: Option<Timestamp>,
    /// The time that was given.
    pub appointment_at: Option<Timestamp>,
    /// The place that is kept for the patient.
    pub held: Option<Held>,
    /// When the patient was there.
    pub arrived_at: Option<Timestamp>,
    /// When treatment began.
    pub admitted_at: Option<Timestamp>,
    /// When it ended.
    pub discharged_at: Option<Timestamp>,
    /// Moves inside the house.
    pub moves: Vec<Move>,
    /// What is sealed.
    pub words: LegWords,
}

/// A place that is kept for a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// In a slot of the department.
    Slot(SlotId),
    /// A bed of a kind.
    Bed(BedPoolId),
}

/// Where a leg stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegState {
    /// Where the referral stands.
    At(State),
    /// The referral went on from here.
    Redirected,
}

impl LegState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::At(state) => state.word(),
            Self::Redirected => "redirected",
        }
    }
}

impl std::str::FromStr for LegState {
    type Err = crate::kernel::workflow::NotAWord;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "redirected" { Ok(Self::Redirected) } else { text.parse().map(Self::At) }
    }
}

impl Leg {
    /// A leg towards a target that was not asked yet.
    pub fn towards(id: LegId, seq: i64, to: (FacilityId, DepartmentId), state: State) -> Self {
        Self {
            id,
            seq,
            to_facility: to.0,
            to_department: to.1,
            to_user: None,
            state: LegState::At(state),
            offered_at: None,
            first_viewed_at: None,
            first_viewed_by: None,
            decided_at: None,
            decided_by: None,
            decision_code: None,
            ended_at: None,
            appointment_at: None,
            held: None,
            arrived_at: None,
            admitted_at: None,
            discharged_at: None,
            moves: Vec::new(),
            words: LegWords::default(),
        }
    }
}

/// One referral with its current leg.
#[derive(Debug, Clone)]
pub struct Referral {
    /// Its id.
    pub id: ReferralId,
    /// The number people say on the telephone.
    pub no: String,
    /// The first referral of the chain.
    pub chain: ReferralId,
    /// The referral this one answers or continues.
    pub parent: Option<ReferralId>,
    /// Born from the parent's `refer_back`.
    pub is_return: bool,
    /// The consult it came from.
    pub source_consult: Option<ConsultId>,
    /// Which way.
    pub direction: Direction,
    /// Whom it is about.
    pub patient: PatientId,
    /// The sending facility.
    pub from_facility: FacilityId,
    /// The sending department, where the sender has one.
    pub from_department: Option<DepartmentId>,
    /// Who answers for the letter.
    pub from_user: UserId,
    /// When it was begun.
    pub created_at: Timestamp,
    /// Who began it.
    pub created_by: UserId,
    /// How urgent.
    pub urgency: Urgency,
    /// What the sender wrote.
    pub letter: Letter,
    /// The patient's record as it was when the letter was sent.
    pub snapshot: Option<serde_json::Value>,
    /// Where it stands.
    pub state: State,
    /// Since when.
    pub state_since: Timestamp,
    /// What was done last, by whom and when: told to whoever came second.
    pub last: Last,
    /// The current leg.
    pub leg: Leg,
    /// When it was first sent.
    pub submitted_at: Option<Timestamp>,
    /// The answer's clock.
    pub answer: AnswerClock,
    /// Who at the receiving side looks after it.
    pub assigned_to: Option<UserId>,
    /// When time acts.
    pub deadline_at: Option<Timestamp>,
    /// When somebody took the patient.
    pub accepted_at: Option<Timestamp>,
    /// When the patient was there.
    pub arrived_at: Option<Timestamp>,
    /// The patient came before anybody answered.
    pub auto_accepted: bool,
    /// Time closed it and nobody had read the outcome.
    pub unacknowledged: bool,
    /// Follow-up until.
    pub plan_ends_at: Option<Timestamp>,
    /// How far the transport is.
    pub transport_state: TransportState,
    /// What came out of it.
    pub outcome: Option<Outcome>,
    /// The coded reason of its ending.
    pub end_reason: Option<String>,
    /// Counts changes; the ETag.
    pub version: i64,
}

/// The last thing that was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Last {
    /// What.
    pub action: Option<Action>,
    /// By whom; `None` is time itself.
    pub by: Option<UserId>,
    /// When.
    pub at: Timestamp,
}

/// The clock of the answer: started when sent, stopped while the sender is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AnswerClock {
    /// When it was started.
    pub from: Option<Timestamp>,
    /// When the answer is due; `None` while stopped and once answered.
    pub due_at: Option<Timestamp>,
    /// Since when it stands still.
    pub paused_at: Option<Timestamp>,
    /// How long it stood still before.
    pub paused_ms: i64,
    /// That it ran out was told.
    pub overdue_told: bool,
    /// How long the receiving side may take, in milliseconds, as it promised; 0: as by default.
    pub within_ms: i64,
}

/// How far two urgencies are apart in the order of a desk: further than any two moments in milliseconds.
const RANK: i64 = 10_000_000_000_000_000;

impl Referral {
    /// The two sides, for the policy.
    pub fn sides(&self, lead_facility: FacilityId) -> Sides {
        Sides {
            from_facility: self.from_facility,
            from_user: self.from_user,
            to_facility: self.leg.to_facility,
            to_department: self.leg.to_department,
            direction: Some(self.direction),
            chair: None,
            lead_facility,
            released: self.submitted_at.is_some(),
        }
    }

    /// Where it stands on a desk: most urgent first, then what is due first, then the newest.
    /// What is at its end comes last. Migration 0014 has the same sum in SQL.
    pub fn desk_order(&self) -> i64 {
        const NEVER_DUE: i64 = 9_000_000_000_000_000;
        let first = if MACHINE.is_terminal(self.state) { Self::ENDED } else { rank(self.urgency) * RANK };
        first + self.answer.due_at.map_or(NEVER_DUE - self.state_since.millis(), Timestamp::millis)
    }

    /// From here on lies in the [order of a desk](Self::desk_order) what is at its end.
    pub const ENDED: i64 = 10 * RANK;

    /// When time acts on it, as it stands now.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        deadline(
            self.state,
            Facts {
                urgency: self.urgency,
                since: self.state_since,
                appointment: self.leg.appointment_at,
                plan_ends: self.plan_ends_at,
            },
        )
    }

    /// Where in the vault a sealed column of it lies.
    pub fn place(id: ReferralId, column: &str) -> String {
        format!("referrals/{column}/{id}")
    }
}
