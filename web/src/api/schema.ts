/**
 * The records as the server shows them. Field names are those of the wire.
 * What a person may do next is always in `open_actions`; the browser never guesses it.
 */

export type Role = 'rural_doctor' | 'specialist' | 'coordinator' | 'facility_admin' | 'alliance_admin' | 'auditor';
export type Presence = 'available' | 'busy' | 'on_break' | 'off';
export type Urgency = 'emergency' | 'urgent' | 'routine';
export type Sex = 'male' | 'female' | 'unknown';
export type Direction = 'up' | 'down' | 'peer';

/** One page of a list; `next` is the cursor of the following page. */
export interface Page<T> {
  items: T[];
  next?: string | null;
}

export interface FacilityRef {
  id: string;
  name: string;
  level?: string;
  phone_24h?: string | null;
}

export interface Facility extends FacilityRef {
  pinyin?: string;
  grade?: string | null;
  relation: Direction | null;
}

export interface DepartmentRef {
  id: string;
  name: string;
}

export interface PersonRef {
  id: string;
  name: string;
  title?: string | null;
}

export interface Membership {
  facility: FacilityRef;
  department: DepartmentRef | null;
  role: Role;
}

/** Who is signed in, and at which facility they act just now. */
export interface Me {
  id: string;
  name: string;
  pinyin?: string;
  title?: string | null;
  memberships: Membership[];
  acting: { facility: FacilityRef; roles: Role[]; department: DepartmentRef | null };
  presence: Presence;
}

export interface RingTier {
  tier: number;
  seconds: number;
  people: (PersonRef & { presence: Presence | null })[];
}

export interface Department extends DepartmentRef {
  facility: FacilityRef;
  scope_text: string | null;
  phone: string | null;
  accepts_consult: boolean;
  accepts_referral: boolean;
  min_dataset: string[];
  reach: { state: 'online' | 'busy' | 'nobody'; online: number };
  ring_order: RingTier[];
}

export interface Limits {
  attachment_max_bytes: number;
  [name: string]: unknown;
}

// ── patients ──────────────────────────────────────────────────────────────────

export interface PatientBrief {
  id: string;
  record_no: string;
  name: string;
  pinyin?: string | null;
  sex: Sex;
  birth_date: string;
  identity_masked: string | null;
  phone_tail: string | null;
  allergies: string[];
  home_facility: FacilityRef | null;
}

export interface Guardian {
  name: string;
  phone: string;
  relation: string;
}

export interface Patient extends PatientBrief {
  phone: string | null;
  address: string | null;
  guardian: Guardian | null;
  insurance_type: string | null;
  version: number;
  created_at: string;
}

export interface NewPatient {
  name: string;
  sex: Sex;
  birth_date: string;
  identity_number?: string;
  no_id_reason?: string;
  phone?: string;
  address?: string;
  allergies?: string[];
  guardian?: Guardian;
  insurance_type?: string;
}

// ── consults ──────────────────────────────────────────────────────────────────

export type ConsultState =
  | 'draft' | 'requested' | 'queued' | 'ringing' | 'accepted' | 'scheduled' | 'in_progress' | 'interrupted'
  | 'opinion_given' | 'closed' | 'missed' | 'declined' | 'cancelled' | 'expired' | 'entered_in_error';
export type ConsultKind = 'instant' | 'scheduled' | 'mdt' | 'async';
export type NextStep = 'treat_here' | 'refer_up' | 'follow_up' | 'admit';

export interface Exam {
  bp_sys?: number | null;
  bp_dia?: number | null;
  heart_rate?: number | null;
  temp_c?: number | null;
  spo2?: number | null;
  resp_rate?: number | null;
  glucose?: number | null;
}

export interface Diagnosis {
  code?: string | null;
  text: string;
  role?: 'primary' | 'secondary';
}

export type ConsentScope = 'consult' | 'referral';
export type ConsentRelation = 'spouse' | 'parent' | 'child' | 'sibling' | 'other';
export type OverrideReason = 'unconscious' | 'nobody_reached' | 'no_time' | 'other';

/** A signature as it was drawn, in the units of the pad. */
export interface Strokes {
  width: number;
  height: number;
  lines: [number, number][][];
}

export interface NewConsent {
  method: 'paper' | 'on_screen' | 'verbal_witness';
  signer: 'patient' | 'guardian';
  signer_name?: string;
  relation?: ConsentRelation;
  witness?: string;
  text_version?: number;
  text_lang?: 'zh' | 'en';
  signature?: Strokes;
  photo?: string;
}

export interface NewOverride {
  reason: string;
  reason_code?: OverrideReason;
}

/** What a letter says of its consent; the whole of it is in `/{record}/consents`. */
export interface Consent {
  method: NewConsent['method'];
  signer: NewConsent['signer'];
  witness?: string | null;
}

export interface ConsentView {
  id: string;
  method: NewConsent['method'] | 'override';
  signer: NewConsent['signer'] | null;
  signer_name: string | null;
  relation: ConsentRelation | null;
  witness: string | null;
  reason_code: OverrideReason | null;
  reason: string | null;
  text: { scope: ConsentScope; version: number; lang: 'zh' | 'en' } | null;
  has_signature: boolean;
  photo: string | null;
  signed_at: string;
  recorded_by: PersonRef;
  replaced_at: string | null;
  withdrawn: { at: string; by: PersonRef | null; wish: NewConsent['signer'] | null; note: string | null } | null;
}

export interface ConsentText {
  scope: ConsentScope;
  version: number;
  texts: { lang: 'zh' | 'en'; words: string; sha256: string }[];
}

/** An emergency that went ahead unsigned, for whoever looks at it afterwards. */
export interface OverrideView {
  id: string;
  record: ConsentScope;
  no: string | null;
  facility: { id: string; name: string } | null;
  recorded_by: PersonRef;
  at: string;
  reason_code: OverrideReason | null;
  reason: string | null;
  consent_since: boolean;
  own: boolean;
  review: { at: string; by: PersonRef; finding: 'justified' | 'not_justified'; note: string | null } | null;
}

export interface Side {
  facility: FacilityRef;
  department?: DepartmentRef | null;
  user?: PersonRef | null;
}

export interface Ack {
  by: PersonRef;
  at: string;
  adopted: 'full' | 'partial' | 'no';
  reason: string | null;
}

export interface Opinion {
  id: string;
  author: PersonRef;
  conclusion: string;
  advice: string;
  diagnoses: Diagnosis[];
  next: NextStep;
  signed_at: string;
  signature_kind: string;
  version_no: number;
  ack: Ack | null;
}

export interface Ring {
  user: PersonRef;
  tier: number;
  state: string;
  started_at: string;
  expires_at: string | null;
}

export interface ClosedAction {
  action: string;
  why_code: string;
}

/** What every record carries: where it stands and what this person may do with it. */
export interface Standing<S extends string> {
  id: string;
  no: string;
  state: S;
  state_since: string;
  version: number;
  open_actions: string[];
  closed_actions?: ClosedAction[];
}

export interface ConsultBrief extends Standing<ConsultState> {
  kind: ConsultKind;
  urgency: Urgency;
  from: Side;
  to: Side;
  patient: PatientBrief;
  question: string;
  created_at: string;
  opened_at?: string | null;
  answered_at?: string | null;
  ended_at?: string | null;
  scheduled_start?: string | null;
  opinion?: Pick<Opinion, 'conclusion' | 'next' | 'signed_at' | 'ack'> | null;
}

export interface ConsultView extends Omit<ConsultBrief, 'opinion'> {
  chief_complaint: string | null;
  history: string | null;
  exam: Exam | null;
  prelim_diagnoses: Diagnosis[];
  consent: ConsentView | null;
  opinion: Opinion | null;
  rings: Ring[];
  desk_phone: string | null;
  referral_ids: string[];
}

export interface NewConsult {
  patient_id: string;
  to_department: string;
  kind: ConsultKind;
  urgency: Urgency;
  question: string;
  chief_complaint?: string;
  history?: string;
  exam?: Exam;
  prelim_diagnoses?: Diagnosis[];
  consent?: NewConsent;
  override?: NewOverride;
}

export interface Message {
  id: string;
  author: PersonRef | null;
  kind: 'text' | 'system' | 'file';
  body: string;
  at: string;
  attachment_id?: string | null;
  client_msg_id?: string | null;
}

export interface HistoryItem {
  seq: number;
  at: string;
  action: string;
  actor: PersonRef | null;
  from_state: string | null;
  to_state: string | null;
  reason_code: string | null;
}

// ── referrals ─────────────────────────────────────────────────────────────────

export type ReferralState =
  | 'draft' | 'submitted' | 'more_info' | 'accepted' | 'scheduled' | 'no_show' | 'arrived' | 'in_treatment'
  | 'discharged' | 'referred_back' | 'follow_up' | 'cancel_requested' | 'closed' | 'rejected' | 'redirected'
  | 'cancelled' | 'expired' | 'entered_in_error';
export type Service = 'outpatient' | 'inpatient' | 'emergency' | 'exam' | 'rehab' | 'chronic_followup';

export interface Appointment {
  start: string | null;
  location: string | null;
  bed?: string | null;
  contact?: string | null;
  instructions: string | null;
}

export interface Leg {
  id: string;
  seq: number;
  to: Side;
  state: string;
  offered_at: string | null;
  first_viewed_at: string | null;
  decided_at: string | null;
  decided_by: PersonRef | null;
  reason_code: string | null;
  reason: string | null;
  contact: string | null;
  appointment: Appointment | null;
  arrived_at: string | null;
  admitted_at: string | null;
  inpatient_no: string | null;
  discharged_at: string | null;
}

export interface Transport {
  mode?: 'self' | 'ambulance_own' | 'ambulance_120' | 'target_vehicle' | null;
  eta?: string | null;
  depart_at?: string | null;
  plate?: string | null;
  phone?: string | null;
  state?: string | null;
}

export interface ReferralBrief extends Standing<ReferralState> {
  direction: Direction;
  urgency: Urgency;
  from: Side;
  to: Side;
  patient: PatientBrief;
  diagnosis: Diagnosis | null;
  requested_service: Service | null;
  reason_codes: string[];
  transport: Transport | null;
  source_consult_id: string | null;
  parent_id: string | null;
  chain_id: string;
  attachments: number;
  sla_due_at: string | null;
  sla_paused?: boolean;
  submitted_at: string | null;
  first_viewed_at: string | null;
  expires_at: string | null;
  appointment: Appointment | null;
}

export interface ReferralNote {
  at: string;
  kind: 'question' | 'answer' | 'interim' | 'follow_up' | 'cancel' | 'error' | 'redirect';
  author: PersonRef;
  facility: FacilityRef;
  body: string;
}

export interface ChainLink {
  id: string;
  no: string;
  direction: Direction;
  state: ReferralState;
  parent_id: string | null;
  from: FacilityRef;
  to: FacilityRef;
  submitted_at: string | null;
}

export interface ReferralView extends ReferralBrief {
  diagnoses: Diagnosis[];
  reason_text: string | null;
  present_illness: string | null;
  past_history: string | null;
  treatment_so_far: string | null;
  key_results: string | null;
  allergies_ack: boolean;
  infection_flag: boolean;
  insurance: { type?: string | null; filed?: boolean } | null;
  consent: Consent | null;
  override_reason: string | null;
  duplicate_reason: string | null;
  rehab_plan: string | null;
  medications: string[];
  next_visit: string | null;
  red_flags: string | null;
  outcome: { code: string; summary: string; at: string; by: PersonRef | null } | null;
  legs: Leg[];
  notes: ReferralNote[];
  chain: ChainLink[];
  opinion: Omit<Opinion, 'ack' | 'signature_kind'> | null;
  header_only: boolean;
  created_at: string;
  /** Of a draft: what is still missing before it may be submitted. */
  missing?: string[];
  warnings?: { code: string; referral: string; no: string; state: string }[];
}

/** A list of referrals with the number in every tab of its box. */
export interface Inbox extends Page<ReferralBrief> {
  counts?: Record<string, number>;
}

// ── files ─────────────────────────────────────────────────────────────────────

export interface Attachment {
  id: string;
  link_id: string;
  name: string;
  mime: string;
  size: number;
  sha256: string;
  linked_by: PersonRef;
  linked_at: string;
  caption: string | null;
  has_thumbnail: boolean;
  dicom: null | { modality: string | null; rows: number; cols: number; frames: number; patient_name?: string | null };
}

/** The two kinds of record that files, messages and history hang on. */
export type Owner = 'consults' | 'referrals';
