/**
 * Written by `causeway openapi --types` from the server's OpenAPI document: changes belong into the Rust types.
 * What a person may do next is always in `open_actions`; the browser never guesses it.
 */

/** From when to when somebody is away. */
export interface Absence {
  /** Up to this moment: then they are back. */
  ends_at: Timestamp;
  /** Which. */
  id: AbsenceId;
  /** From this moment on. */
  starts_at: Timestamp;
  /** Who. */
  user: PersonName;
}

export type AbsenceId = string;

export type Accepts = 'consult' | 'referral';

export interface Ack {
  adopted: Adopted;
  at: Timestamp;
  by: PersonName;
  reason: string | null;
}

/** For whom a person acts. */
export interface Acting {
  department: DepartmentName | null;
  /** The facility. */
  facility: FacilityName;
  /** The roles there. */
  roles: Role[];
}

export type Adopted = 'full' | 'partial' | 'no';

/** With what a period is compared. */
export type Against = 'before' | 'year';

/** What ids are called. */
export interface AllNames {
  /** Departments, each with its facility in front. */
  departments: BTreeMap;
  /** Facilities. */
  facilities: BTreeMap;
}

/** The newest opinion in one line. */
export interface Answer {
  conclusion: string;
  next: NextStep;
  signed_at: Timestamp;
}

/** When and where the patient is expected. */
export interface Appointment {
  bed: string | null;
  bed_pool_id: BedPoolId | null;
  contact: string | null;
  instructions: string | null;
  location: string | null;
  received_by: string | null;
  slot_id: SlotId | null;
  start: Timestamp;
}

/** Who looks after a letter from now on; nobody in particular, if null. */
export interface AssignForm {
  user?: UserId | null;
}

export type Assigned = 'me' | 'nobody';

/** A file as it goes out. */
export interface Attachment {
  dicom: DicomFacts | null;
  has_thumbnail: boolean;
  height: number | null;
  id: AttachmentId;
  link_id: LinkId;
  linked_at: Timestamp;
  linked_by: LinkedBy;
  mime: string;
  name: string;
  sha256: string;
  size: number;
  width: number | null;
}

export type AttachmentId = string;

export type BTreeMap = Record<string, string>;

/** A cell that cannot be taken. */
export interface BadRow {
  /** What is wrong, as for a form's field. */
  code: string;
  /** The column's name, if it is one cell. */
  column: string | null;
  /** The row, as a spreadsheet numbers them; the headings are row 1. */
  line: number;
  /** What stands there. */
  text: string;
}

export type BedPoolId = string;

/** A department's beds. */
export interface BedPoolsForm {
  /** Each kind once. */
  beds: BedsForm[];
}

/** The beds of one kind as the ward counts them. */
export interface BedsForm {
  /** How many are free. */
  free: number;
  /** In the ward's words. */
  kind: Line;
  /** How many there are. */
  total: number;
}

/** The beds of one kind. */
export interface BedsView {
  /** How many are free. */
  free: number;
  /** Which ones. */
  id: BedPoolId;
  /** In the ward's words. */
  kind: string;
  /** How many there are. */
  total: number;
  /** When that was said. */
  updated_at: Timestamp;
  updated_by: PersonName | null;
}

/** What a department can give. */
export interface Capacity {
  /** Its beds. */
  beds: BedsView[];
  /** Which department. */
  department: DepartmentId;
  /** From when the slots are shown. */
  from: Timestamp;
  /** Whether the caller plans them. */
  may_edit: boolean;
  /** Its slots, earliest first. */
  slots: SlotView[];
  /** Until when. */
  until: Timestamp;
}

/** One letter of the same story. */
export interface ChainLink {
  accepted_at: Timestamp | null;
  appointment_at: Timestamp | null;
  arrived_at: Timestamp | null;
  chain_id: ReferralId;
  created_at: Timestamp;
  department: DepartmentName;
  direction: Direction;
  /** Whom it asked before, first to last. */
  earlier: EarlierLeg[];
  from: FacilityName;
  id: ReferralId;
  left_at: Timestamp | null;
  no: string;
  outcome_code: OutcomeCode | null;
  parent_id: ReferralId | null;
  /** Whether the caller may open it. */
  readable: boolean;
  sla_due_at: Timestamp | null;
  state: ReferralState;
  state_since: Timestamp;
  submitted_at: Timestamp | null;
  to: FacilityName;
  unacknowledged: boolean;
  urgency: Urgency;
}

export interface ChangePassword {
  /** The one there is. */
  old: string;
  /** The one there shall be. */
  password: string;
}

/** An action that the table opens and something else keeps shut. */
export interface ClosedAction {
  /** What. */
  action: ConsultAction;
  /** Why, as a word. */
  why_code: string;
}

/** The code on a paper. */
export interface CodeForm {
  /** Sixteen signs, with or without dashes. */
  code: string;
}

/** A code that fits. */
export interface CodeFound {
  /** The code. */
  code: string;
  /** Whether this person or department has written it before. */
  favourite: boolean;
  /** What it stands for. */
  text: string;
}

export interface Colleague {
  user_id: UserId;
}

/** A figure beside what it was. */
export type Compared = Figure & {
  before: Past | null;
};

/** A consent as it is sent. */
export interface ConsentForm {
  /** How. */
  method: Method;
  photo?: AttachmentId | null;
  relation?: Relation | null;
  signature?: Strokes | null;
  /** By whom. */
  signer: ConsentsSigner;
  /** A guardian's name. */
  signer_name?: string | null;
  text_lang?: TextLang | null;
  /** Which text was read. */
  text_version?: number | null;
  /** Before whom. */
  witness?: string | null;
}

export type ConsentId = string;

/** A consent, without the signature itself: that has an address of its own. */
export interface ConsentView {
  has_signature: boolean;
  id: ConsentId;
  method: Method;
  photo: AttachmentId | null;
  reason: string | null;
  reason_code: Reason | null;
  recorded_by: PersonName;
  relation: Relation | null;
  replaced_at: Timestamp | null;
  signed_at: Timestamp;
  signer: ConsentsSigner | null;
  signer_name: string | null;
  text: TextRef | null;
  withdrawn: WithdrawnView | null;
  witness: string | null;
}

export type ConsentsSigner = 'patient' | 'guardian';

export type ConsultAction = 'submit' | 'route_ring' | 'route_queue' | 'offer' | 'refuse' | 'wait_over' | 'accept' | 'take' | 'decline' | 'ring_next' | 'exhausted' | 'timeout' | 'redial' | 'redirect' | 'schedule' | 'to_async' | 'cancel' | 'reschedule' | 'start' | 'no_show' | 'join' | 'join_timeout' | 'release' | 'lost' | 'rejoin' | 'transfer' | 'give_opinion' | 'amend_opinion' | 'acknowledge' | 'auto_close' | 'end_without_opinion' | 'expire' | 'enter_in_error' | 'escalate';

/** Everything an action can be sent with; each takes what it needs. */
export interface ConsultActionForm {
  adopted?: Adopted | null;
  /** What to do. */
  advice?: string | null;
  chair?: UserId | null;
  /** What it is. */
  conclusion?: string | null;
  /** The diagnoses. */
  diagnoses?: Diagnosis[];
  end?: Timestamp | null;
  /** Who else is asked to come. */
  invitees?: UserId[];
  next?: NextStep | null;
  /** A remark. */
  note?: string | null;
  /** Why, in words. */
  reason?: string | null;
  /** Why, as a code. */
  reason_code?: string | null;
  start?: Timestamp | null;
  to_department?: DepartmentId | null;
}

/** One line of a list of consults. */
export interface ConsultBrief {
  answer: Answer | null;
  answered_at: Timestamp | null;
  closed_actions: ClosedAction[];
  created_at: Timestamp;
  ended_at: Timestamp | null;
  from: ConsultFrom;
  id: ConsultId;
  kind: ConsultKind;
  no: string;
  open_actions: ConsultAction[];
  opened_at: Timestamp | null;
  patient: PatientBrief;
  question: string;
  referral_ids: ReferralId[];
  scheduled: Slot | null;
  state: ConsultState;
  state_since: Timestamp;
  to: ConsultTo;
  unacknowledged: boolean;
  urgency: Urgency;
  version: number;
}

/** A consult as its author writes it. A new one needs patient, department, kind and urgency; of a draft, what is absent stays and an empty text takes a text away. */
export interface ConsultForm {
  /** Why the patient came. */
  chief_complaint?: string | null;
  consent?: ConsentForm | null;
  exam?: Exam | null;
  /** What went before. */
  history?: string | null;
  kind?: ConsultKind | null;
  override?: OverrideForm | null;
  patient_id?: PatientId | null;
  /** What the requester thinks it is. */
  prelim_diagnoses?: Diagnosis[] | null;
  /** What is asked. */
  question?: string | null;
  to_department?: DepartmentId | null;
  urgency?: Urgency | null;
}

/** Who asks. */
export interface ConsultFrom {
  /** Where. */
  facility: FacilityName;
  /** The doctor. */
  user: PersonName;
}

export type ConsultId = string;

export type ConsultKind = 'instant' | 'scheduled' | 'mdt' | 'async';

export type ConsultState = 'draft' | 'requested' | 'queued' | 'ringing' | 'accepted' | 'scheduled' | 'in_progress' | 'interrupted' | 'opinion_given' | 'closed' | 'missed' | 'declined' | 'cancelled' | 'expired' | 'entered_in_error';

/** Who is asked. */
export interface ConsultTo {
  /** Which department. */
  department: DepartmentName;
  /** Where. */
  facility: FacilityName;
  user: PersonName | null;
}

/** The whole of a consult. */
export type ConsultView = ConsultBrief & {
  chair: PersonName | null;
  chief_complaint: string | null;
  close_note: string | null;
  close_reason: string | null;
  consent: ConsentView | null;
  desk_phone: string;
  exam: Exam | null;
  history: string | null;
  /** Who is asked to an agreed time besides the author and the doctor. */
  invited: PersonName[];
  opinion: Opinion | null;
  prelim_diagnoses: Diagnosis[];
  rings: Ring[];
};

/** How much of the journal was counted. */
export interface Counted {
  at: Timestamp | null;
  /** The last entry. */
  seq: number;
}

export type Deed = 'edit' | 'roles' | 'password_link' | 'sessions' | 'suspend' | 'reinstate';

export type DeliveryId = string;

export type DeliveryState = 'waiting' | 'delivered' | 'dead';

export type DeliveryTrouble = 'bad_address' | 'no_such_host' | 'forbidden_address' | 'forbidden_port' | 'no_connection' | 'no_tls' | 'too_slow' | 'broken_answer' | 'redirected' | 'not_taken';

/** A message as its administrator sees it. */
export interface DeliveryView {
  /** What is sent: ids and codes. */
  body: string;
  /** Made. */
  created_at: Timestamp;
  /** What it tells. */
  event: HookEvent;
  /** Which one: the header `webhook-id`. */
  id: DeliveryId;
  /** The last tries, newest first. */
  log: TryView[];
  /** When it is tried next, while it waits. */
  next_at: Timestamp;
  /** How it stands. */
  state: DeliveryState;
  /** How often it was tried. */
  tries: number;
}

/** A department as one looks it up before calling. */
export interface Department {
  /** May be asked for a consult. */
  accepts_consult: boolean;
  /** May be sent a patient. */
  accepts_referral: boolean;
  /** Of which facility. */
  facility: FacilityName;
  /** Which one. */
  id: DepartmentId;
  /** What must be filled in before it is asked. */
  min_dataset: string[];
  /** Its name. */
  name: string;
  /** Its desk's telephone. */
  phone: string;
  /** Its name in pinyin. */
  pinyin: string;
  /** Whether somebody is there. */
  reach: Reach;
  relation: Direction | null;
  /** Who is rung, in which order. */
  ring_order: RingTier[];
  /** What it takes and what it does not. */
  scope_text: string;
}

/** A department as it is sent; it stays in its facility. */
export interface DepartmentForm {
  /** May be asked for a consult. */
  accepts_consult: boolean;
  /** May be sent a patient. */
  accepts_referral: boolean;
  /** Fields that must be filled in before it is asked. */
  min_dataset?: string[];
  /** Its name. */
  name: Line;
  /** Its desk's telephone. */
  phone: Line;
  /** How long each tier is rung, 10 to 300 seconds. */
  ring_seconds: number;
  scope_text?: Note | null;
}

export type DepartmentId = string;

/** A department as shown beside a name. */
export interface DepartmentName {
  /** Which one. */
  id: DepartmentId;
  /** Its name. */
  name: string;
}

/** A department with what only its administrators need. */
export interface DepartmentRecord {
  /** May be asked for a consult. */
  accepts_consult: boolean;
  /** May be sent a patient. */
  accepts_referral: boolean;
  /** Of which facility. */
  facility: FacilityName;
  /** Which one. */
  id: DepartmentId;
  /** True if only those on duty are rung; false if all its doctors are. */
  keeps_rota: boolean;
  /** Fields that must be filled in before it is asked. */
  min_dataset: string[];
  /** Its name. */
  name: string;
  /** Its desk's telephone. */
  phone: string;
  /** How long each tier is rung, in seconds. */
  ring_seconds: number;
  /** What it takes and what it does not, shown before the call. */
  scope_text: string;
  /** Counts the changes. */
  version: number;
}

/** A diagnosis as a doctor writes it. */
export interface Diagnosis {
  /** ICD-10, if one was picked. */
  code?: string | null;
  /** In words. */
  text: string;
}

/** A diagnosis as it is written. */
export interface DiagnosisForm {
  code?: string | null;
  role?: DiagnosisRole | null;
  text: Line;
}

export type DiagnosisRole = 'primary' | 'secondary';

/** What a DICOM header says that a doctor wants to see beside the picture. */
export interface DicomFacts {
  /** Columns of one frame. */
  cols: number;
  /** Frames. */
  frames: number;
  /** `CT`, `MR`, `US`, `CR`, … */
  modality: string | null;
  /** The name in the header, so that a mix-up is seen. */
  patient_name: string | null;
  /** Rows of one frame. */
  rows: number;
}

export type Direction = 'up' | 'down' | 'peer';

/** A key for what a person writes while the line is gone. */
export interface DraftKey {
  /** 256 bits in hex. */
  key: string;
}

/** One duty in a week of the rota. */
export interface Duty {
  /** Up to this moment, which is the next one's. */
  ends_at: Timestamp;
  /** From this moment on. */
  starts_at: Timestamp;
  /** 1 is rung first, then 2. */
  tier: number;
  /** Who. */
  user: UserId;
}

/** A target that was asked before. */
export interface EarlierLeg {
  ended_at: Timestamp | null;
  offered_at: Timestamp | null;
  state: string;
  to: FacilityName;
}

/** Nothing need be said. */
export type EscalateForm = Record<string, unknown>;

/** What comes of an escalated consult: both records, and what to look at before sending. */
export interface Escalated {
  consult: ConsultView;
  no: string;
  referral_id: ReferralId;
  warnings: Warning[];
}

/** The signs, as far as they were taken. */
export interface Exam {
  /** Diastolic pressure, mmHg. */
  bp_dia?: number | null;
  /** Systolic pressure, mmHg. */
  bp_sys?: number | null;
  /** mmol/l. */
  glucose?: number | null;
  /** Beats per minute. */
  heart_rate?: number | null;
  /** Breaths per minute. */
  resp_rate?: number | null;
  /** Percent. */
  spo2?: number | null;
  /** Degrees Celsius. */
  temp_c?: number | null;
}

/** A facility in the list of places. */
export interface Facility {
  /** Its grade. */
  grade: string | null;
  /** Which one. */
  id: FacilityId;
  /** Its level. */
  level: Level;
  /** Its name. */
  name: string;
  /** The telephone that is answered day and night. */
  phone_24h: string;
  /** Its name in pinyin. */
  pinyin: string;
  relation: Direction | null;
}

/** A facility as it is sent. */
export interface FacilityForm {
  grade?: Line | null;
  /** What it can do. */
  level: Level;
  /** Its name. */
  name: Line;
  /** The telephone that is answered day and night. */
  phone_24h: Line;
}

export type FacilityId = string;

/** A facility as shown beside a name. */
export interface FacilityName {
  /** Which one. */
  id: FacilityId;
  /** Its level: `township`, `tertiary`, … */
  level: string;
  /** Its name. */
  name: string;
  /** The telephone that is answered day and night. */
  phone_24h: string;
}

/** A facility with what only its administrators need. */
export interface FacilityRecord {
  /** How many departments it has. */
  departments: number;
  /** Its grade, such as 三级甲等. */
  grade: string | null;
  /** Which one. */
  id: FacilityId;
  /** True for the one that leads the alliance. */
  leads: boolean;
  /** What it can do. */
  level: Level;
  /** Its name. */
  name: string;
  /** How many people have a role there. */
  people: number;
  /** The telephone that is answered day and night. */
  phone_24h: string;
  /** Counts the changes. */
  version: number;
}

export type FacilityRelation = 'up' | 'down' | 'peer' | 'none';

/** One field of a form that is not right. */
export interface FieldError {
  /** What is wrong, as a word: `required`, `too_long`, `too_short`, `checksum`, … */
  code: string;
  /** Its name, with dots into nested objects. */
  field: string;
  /** Numbers for the sentence, such as `max`. */
  params?: unknown;
}

/** One figure. */
export interface Figure {
  /** What is counted, for the rows behind it. */
  behind: string | null;
  /** Out of what, for the rows behind that. */
  behind_of: string | null;
  /** Not told: fewer than six to take the middle of. */
  few: boolean;
  /** Not told: between one and four, and not of one's own house. */
  hidden: boolean;
  /** Its name; the page and the definitions know it by this. */
  key: string;
  /** How many it counts. */
  n: number | null;
  /** Out of how many. */
  of: number | null;
  /** In what it is told. */
  unit: Unit;
  /** What it comes to; nothing if there is nothing to count, or too little to tell. */
  value: number | null;
}

export type Finding = 'justified' | 'not_justified';

export interface FirstFacility {
  level: Level;
  name: Line;
  phone_24h: Line;
}

/** What a fresh alliance needs before its first consult, and what of it is done. */
export interface FirstSteps {
  /** A consult was asked for. */
  consult: boolean;
  /** A department takes consults. */
  department: boolean;
  /** There is a facility beside the one that leads. */
  facility: boolean;
  /** A doctor has set a password. */
  people: boolean;
  /** Somebody is on a rota. */
  rota: boolean;
}

/** What a department has free in the next days, in numbers. */
export interface Free {
  /** Free beds. */
  beds: number;
  /** Which department. */
  department: DepartmentId;
  first: Timestamp | null;
  /** Free places in its slots of the next seven days. */
  places: number;
}

/** Who speaks for a child or a patient who cannot. */
export interface Guardian {
  /** Their name. */
  name: string;
  /** Their telephone. */
  phone: string | null;
  /** What they are to the patient. */
  relation: string | null;
}

/** A number with its heading; nothing if it is not told. */
export interface Heading {
  /** A code or an id. */
  key: string;
  /** How many, or nothing: fewer than five, and not of one's own house. */
  n: number | null;
}

export interface Held {
  token: string;
}

/** One line of the history. */
export interface HistoryItem {
  action: string;
  actor: PersonName | null;
  at: Timestamp;
  from_state: string | null;
  reason_code: string | null;
  seq: number;
  to_state: string | null;
}

/** A facility beside a patient. */
export interface Home {
  /** Which one. */
  id: FacilityId;
  /** Its name. */
  name: string;
}

export type HookEvent = 'ring' | 'urgent_referral' | 'test';

/** What may change. */
export interface HookForm {
  /** What it is told. */
  events: HookEvent[];
  /** Active or paused. */
  standing: HookStanding;
  /** Where it is; `https` only. */
  url: string;
}

export type HookId = string;

export type HookStanding = 'active' | 'paused' | 'removed';

/** An address as its administrator sees it. */
export interface HookView {
  /** Entered. */
  created_at: Timestamp;
  /** Messages that were given up. */
  dead: number;
  delivered_at: Timestamp | null;
  /** What it is told. */
  events: HookEvent[];
  /** Whose. */
  facility: FacilityName;
  /** Which one. */
  id: HookId;
  old_secret_until: Timestamp | null;
  /** Whether it is told anything. */
  standing: HookStanding;
  /** Where it is. */
  url: string;
  /** Raised by every change. */
  version: number;
  /** Messages that will be tried, or tried again. */
  waiting: number;
}

/** A table to be read. */
export interface ImportAsk {
  /** False: only say what it would do. */
  confirm?: boolean;
  /** The file as it is, in base64: UTF-8 or GB18030, as spreadsheets write it. */
  file: string;
  /** Of what. */
  table: Table;
}

/** What a table would do, or did. */
export interface Imported {
  /** Rows that are new. */
  added: number;
  /** What is wrong; as long as there is any, nothing is taken. */
  bad: BadRow[];
  /** True if it was done, false if it was only looked through. */
  done: boolean;
  /** Rows that are there already and stay as they are. */
  known: number;
  /** Rows read. */
  rows: number;
}

export type Insurance = 'employee' | 'resident' | 'self_pay' | 'other';

/** Who pays, as far as the letter needs it. */
export interface InsuranceNote {
  /** The insurance knows of the referral. */
  filed?: boolean;
  type?: Line | null;
}

/** Whom a link is for, shown to whoever holds it. */
export interface Invited {
  /** The link is of no use from then on. */
  expires_at: Timestamp;
  /** What they sign in as. */
  login: string;
  /** Their name. */
  name: string;
}

/** Phrases to keep, in their order. */
export interface KeptPhrases {
  items: Phrase[];
}

/** What was done last. */
export interface LastStep {
  action: string | null;
  at: Timestamp | null;
}

/** The diagnosis that leads. */
export interface LeadingDiagnosis {
  code: string | null;
  text: string;
}

export type LegId = string;

/** The target of one stretch. */
export interface LegTo {
  department: DepartmentName;
  facility: FacilityName;
}

/** One stretch towards one target. */
export interface LegView {
  admitted_at: Timestamp | null;
  appointment: Appointment | null;
  arrived_at: Timestamp | null;
  contact: string | null;
  decided_at: Timestamp | null;
  decided_by: PersonName | null;
  discharged_at: Timestamp | null;
  ended_at: Timestamp | null;
  first_viewed_at: Timestamp | null;
  id: LegId;
  inpatient_no: string | null;
  moves: MoveView[];
  offered_at: Timestamp | null;
  reason: string | null;
  reason_code: string | null;
  seq: number;
  state: string;
  to: LegTo;
}

export type Level = 'village' | 'township' | 'community' | 'county' | 'tertiary' | 'specialised';

/** How large things may be. */
export interface Limits {
  /** The largest file, in bytes. */
  attachment_max_bytes: number;
  /** The largest form, in bytes. */
  form_max_bytes: number;
}

export type Line = string;

export type LinkId = string;

/** A one-time link, shown this once. The page puts its own address in front. */
export interface LinkView {
  /** Of no use from then on. */
  expires_at: Timestamp;
  /** What stands behind the `#` of `/welcome#…`. */
  token: string;
}

/** A person beside a file. */
export interface LinkedBy {
  id: UserId;
  name: string;
}

/** The two machines, each in the shape of the table it is tested against. */
export type Machines = Record<string, unknown>;

/** A webhook with its secret, shown this once. */
export interface MadeHook {
  /** As it stands in the list. */
  hook: HookView;
  /** What a receiver checks signatures with. */
  secret: string;
}

/** A token that was just made. */
export interface MadeToken {
  /** As it stands in the list. */
  line: TokenLine;
  /** What a program sends as `Authorization: Bearer …`; shown this once. */
  token: string;
}

/** Whose figures a person may see. */
export interface May {
  /** The whole alliance's. */
  all: boolean;
  /** Departments'. */
  departments: DepartmentId[];
  /** Whole houses'; these are their own, where small numbers are told. */
  facilities: FacilityId[];
  /** One's own. */
  own: boolean;
}

/** A signed-in person, as they see themselves. */
export interface Me {
  /** For whom they act. */
  acting: Acting;
  /** Who. */
  id: UserId;
  /** Their active roles. */
  memberships: Membership[];
  /** Their name. */
  name: string;
  /** Their name in Latin letters. */
  pinyin: string;
  /** What they say about themselves. */
  presence: Status;
  /** Their title, such as 副主任医师. */
  title: string;
}

/** One figure in words. */
export interface Meaning {
  /** The same in English. */
  en: Said;
  /** Which figure. */
  key: string;
  /** Its name and definition in Chinese. */
  zh: Said;
}

/** A membership as its owner sees it. */
export interface Membership {
  department: DepartmentName | null;
  /** Where. */
  facility: FacilityName;
  /** As what. */
  role: Role;
}

/** A message as it is shown. */
export interface Message {
  /** When. */
  at: Timestamp;
  attachment_id: AttachmentId | null;
  author: PersonName | null;
  /** The words. */
  body: string;
  /** The sender's own key. */
  client_msg_id: string | null;
  /** Which. */
  id: MessageId;
  /** `text`, `system` or `file`. */
  kind: string;
}

export type MessageId = string;

export type Method = 'paper' | 'on_screen' | 'verbal_witness' | 'override';

/** A move inside the same house. */
export interface MoveView {
  at: Timestamp;
  by: PersonName;
  from: DepartmentName;
}

/** An absence as it is said. */
export interface NewAbsence {
  /** Up to this moment. */
  ends_at: Timestamp;
  /** From this moment on. */
  starts_at: Timestamp;
  user?: UserId | null;
}

/** A department that is not there yet. */
export type NewDepartmentForm = DepartmentForm & {
  /** Of which facility. */
  facility: FacilityId;
};

/** A guardian as typed. */
export interface NewGuardian {
  name: Line;
  phone?: string | null;
  relation?: Line | null;
}

/** An address to be told. */
export interface NewHook {
  /** What it is told. */
  events: HookEvent[];
  /** Of which facility. */
  facility: FacilityId;
  /** Where it is; `https` only. */
  url: string;
}

export interface NewMessage {
  body: string;
  client_msg_id?: string | null;
}

export interface NewPassword {
  password: string;
  token: string;
}

/** A patient as typed. */
export interface NewPatient {
  address?: Line | null;
  allergies?: Line[];
  birth_date?: string | null;
  guardian?: NewGuardian | null;
  identity_number?: string | null;
  insurance_type?: Insurance | null;
  name: Line;
  no_id_reason?: NoIdentity | null;
  phone?: string | null;
  sex?: Sex | null;
}

/** A letter that is begun: to whom, about whom, and any part of it. */
export type NewReferral = ReferralPatch & {
  direction?: Direction | null;
  patient_id: PatientId;
  to_department: DepartmentId;
  urgency?: Urgency | null;
};

/** Somebody to enter. */
export interface NewStaff {
  /** What they sign in as: letters, digits, `.`, `-`, `_`, `@`. */
  login: Line;
  /** What they are where, the first one first. */
  memberships: RoleAsk[];
  /** Their name. */
  name: Line;
  /** Their telephone. */
  phone?: string | null;
  /** Their title. */
  title?: string;
}

/** A token to be made. */
export interface NewTokenForm {
  /** For how many days. */
  days: number;
  /** What the journal calls it, such as "HIS of Luwan". */
  name: Line;
  /** What it may do. */
  scopes: string[];
  /** As whom it acts. */
  user: UserId;
}

export type NextStep = 'treat_here' | 'refer_up' | 'follow_up' | 'admit';

export type NoIdentity = 'newborn' | 'unconscious' | 'other_document' | 'not_at_hand';

export type Note = string;

export type NoteKind = 'question' | 'answer' | 'interim' | 'follow_up' | 'cancel' | 'error' | 'redirect';

/** A question, an answer, a word from the ward. */
export interface NoteView {
  at: Timestamp;
  author: PersonName;
  body: string;
  facility: FacilityName;
  kind: NoteKind;
}

/** Somebody in the ring order. */
export interface OnCall {
  /** Who. */
  id: UserId;
  /** Their name. */
  name: string;
  /** Whether they can be rung. */
  presence: Status;
  /** Their title. */
  title: string;
}

export interface Opinion {
  ack: Ack | null;
  advice: string;
  author: PersonName;
  conclusion: string;
  content_hash: string;
  diagnoses: Diagnosis[];
  id: OpinionId;
  next: NextStep;
  reason_code: string | null;
  signature_kind: string;
  signed_at: Timestamp;
  version_no: number;
}

export type OpinionId = string;

export type OutcomeCode = 'cured' | 'improved' | 'unchanged' | 'worse' | 'transferred' | 'left' | 'died' | 'other';

/** What came out of it. */
export interface OutcomeView {
  at: Timestamp;
  by: PersonName;
  code: OutcomeCode;
  summary: string;
}

/** Why an emergency goes ahead without a consent. */
export interface OverrideForm {
  /** In words. */
  reason: string;
  reason_code?: Reason | null;
}

/** An override for whoever looks at it: which record, who, when and why. No patient, nothing clinical. */
export interface OverrideView {
  at: Timestamp;
  consent_since: boolean;
  facility: FacilityName | null;
  id: ConsentId;
  no: string | null;
  own: boolean;
  reason: string | null;
  reason_code: Reason | null;
  record: Scope;
  recorded_by: PersonName;
  review: ReviewView | null;
}

/** Why nobody could be asked. */
export interface Overriding {
  reason: Note;
}

/** What a stranger is told of a paper. No word of it, and of the patient the initials only. */
export interface PaperCheck {
  date: Timestamp | null;
  /** From which house. */
  from: string;
  /** The patient's initials. */
  initials: string;
  /** Which form it is. */
  kind: PaperKind;
  /** Its number. */
  no: string;
  /** When this content was printed first. */
  printed_at: Timestamp;
  /** How it stands. */
  standing: PaperStanding;
  /** To which house. */
  to: string;
}

export type PaperKind = 'out' | 'back' | 'opinion';

export type PaperStanding = 'genuine' | 'changed' | 'withdrawn';

export type Part = 'consent' | 'diagnoses' | 'reason_text' | 'to_department' | 'duplicate_reason' | 'present_illness' | 'past_history' | 'treatment_so_far' | 'key_results' | 'requested_service' | 'transport' | 'insurance' | 'rehab_plan' | 'medications' | 'next_visit' | 'red_flags';

/** What a figure was. */
export interface Past {
  /** Not told: too few to take the middle of. */
  few: boolean;
  /** Not told: too small a number of another house. */
  hidden: boolean;
  /** How many it counted. */
  n: number | null;
  /** Out of how many. */
  of: number | null;
  /** What it came to. */
  value: number | null;
}

/** A patient as the people who treat them see them. The identity number stays masked. */
export type Patient = PatientBrief & {
  /** Where they live. */
  address: string | null;
  /** When they were entered. */
  created_at: Timestamp;
  guardian: Guardian | null;
  /** Who pays. */
  insurance_type: string | null;
  /** Records of the same person that were merged into this one. */
  merged: PatientBrief[];
  merged_into: PatientId | null;
  /** Why there is no identity number. */
  no_id_reason: string | null;
  /** The telephone. */
  phone: string | null;
  /** Counts changes. */
  version: number;
};

/** A patient in a list, on a ring card, beside a consult or referral. */
export interface PatientBrief {
  /** What they must not be given. */
  allergies: string[];
  /** `1968-03-12`, if known. */
  birth_date: string | null;
  /** The facility that entered them. */
  home_facility: Home;
  /** Which one. */
  id: PatientId;
  /** `990102********123X`, if there is one. */
  identity_masked: string | null;
  /** The name. */
  name: string;
  /** The last four digits of the telephone. */
  phone_tail: string | null;
  /** The name in Latin letters. */
  pinyin: string;
  /** `P-000123` */
  record_no: string;
  /** As far as care needs it. */
  sex: Sex;
}

export type PatientId = string;

/** The record that is one person with this one. */
export interface PatientMerge {
  /** Which one. */
  other: PatientId;
}

/** A member of staff as shown beside what they did. */
export interface PersonName {
  /** Who. */
  id: UserId;
  /** Their name. */
  name: string;
  /** Their title. */
  title: string;
}

/** A phrase. `＿` stands where something is still to be written. */
export interface Phrase {
  /** Where it belongs. */
  place: PhrasePlace;
  /** The coded reason that goes with a reason. */
  reason_code?: string | null;
  /** Its words. */
  text: Note;
}

export type PhrasePlace = 'reason' | 'illness' | 'treated';

/** The phrases a writer is offered. */
export interface Phrases {
  /** Those of the department that is written to; those that come with the program while it has none. */
  department: Phrase[];
  /** Whether the caller may change the department's. */
  may_change: boolean;
  /** The writer's own. */
  mine: Phrase[];
}

export type Pile = 'in' | 'out' | 'mine' | 'patient';

/** Letters of one day or month; a number that is not told is missing. */
export interface Point {
  /** Down. */
  down: number | null;
  /** Its first day. */
  from: string;
  /** Between equals. */
  peer: number | null;
  /** Up. */
  up: number | null;
}

/** A refusal (RFC 9457). */
export interface Problem {
  code: 'bad_json' | 'bad_request' | 'idempotency_key_missing' | 'not_signed_in' | 'sign_in_refused' | 'forbidden' | 'no_scope' | 'wrong_origin' | 'setup_link_dead' | 'password_link_dead' | 'not_found' | 'method_not_allowed' | 'wrong_state' | 'someone_was_faster' | 'already_there' | 'last_administrator' | 'patient_exists' | 'in_flight' | 'stale' | 'too_large' | 'not_accepted' | 'invalid_field' | 'incomplete' | 'content_mismatch' | 'no_glyph' | 'idempotency_key_reused' | 'if_match_missing' | 'slow_down' | 'internal' | 'unavailable' | 'disk_full';
  detail?: string;
  errors?: FieldError[];
  status: number;
  title: string;
  type: string;
  [more: string]: unknown;
}

/** How soon a house promises to answer, as it is set. */
export interface PromiseForm {
  /** An emergency. */
  emergency_minutes: number;
  /** Any other. */
  routine_minutes: number;
  /** An urgent letter. */
  urgent_minutes: number;
}

/** How soon a house promises to answer, in minutes. */
export interface PromiseView {
  /** An emergency. */
  emergency_minutes: number;
  /** Whose. */
  facility: FacilityId;
  /** Any other. */
  routine_minutes: number;
  /** An urgent letter. */
  urgent_minutes: number;
  /** Counts changes; 0 while it is the alliance's default. */
  version: number;
}

/** Whether a department can be reached just now, and how many are free. */
export interface Reach {
  /** How many are there and free. */
  online: number;
  /** In one word. */
  state: Reachable;
}

export type Reachable = 'online' | 'busy' | 'nobody';

export type Reason = 'unconscious' | 'nobody_reached' | 'no_time' | 'other';

/** A referral after a step, and the one that came of the step. */
export type ReferralActed = ReferralView & {
  created_referral_id: ReferralId | null;
};

export type ReferralAction = 'submit' | 'discard' | 'request_info' | 'supply_info' | 'accept' | 'accept_and_schedule' | 'reject' | 'resubmit' | 'redirect_after_reject' | 'close' | 'auto_close' | 'redirect' | 'redirect_by_sender' | 'schedule' | 'reschedule' | 'appointment_cancel' | 'no_show' | 'arrive' | 'emergency_arrive' | 'move_department' | 'treat' | 'interim_note' | 'discharge' | 'outcome' | 'refer_back' | 'down_accepted' | 'down_ended' | 'record_follow_up' | 'complete' | 'acknowledge' | 'cancel' | 'request_cancel' | 'confirm_cancel' | 'patient_already_here' | 'withdraw_cancel' | 'expire' | 'patient_died' | 'enter_in_error' | 'view' | 'refer_on';

/** Everything an action can be sent with; each takes what it needs. */
export interface ReferralActionForm {
  admitted?: boolean | null;
  bed?: Line | null;
  bed_pool_id?: BedPoolId | null;
  contact?: Line | null;
  direction?: Direction | null;
  duplicate_reason?: Note | null;
  follow_up_due?: Timestamp | null;
  inpatient_no?: Line | null;
  instructions?: Note | null;
  location?: Line | null;
  medications?: Line[] | null;
  next_visit?: Line | null;
  note?: Note | null;
  outcome_code?: OutcomeCode | null;
  outcome_summary?: Note | null;
  plan?: Note | null;
  question?: Note | null;
  reason?: Note | null;
  reason_code?: string | null;
  received_by?: Line | null;
  red_flags?: Note | null;
  sender_agreed?: boolean | null;
  slot_id?: SlotId | null;
  start?: Timestamp | null;
  summary?: Note | null;
  text?: Note | null;
  to_department?: DepartmentId | null;
  urgency?: Urgency | null;
}

/** One line of a list of referrals. */
export interface ReferralBrief {
  appointment: Appointment | null;
  assigned_to: PersonName | null;
  /** How many files hang on it. */
  attachments: number;
  chain_id: ReferralId;
  deadline_at: Timestamp | null;
  diagnosis: LeadingDiagnosis | null;
  direction: Direction;
  expires_at: Timestamp | null;
  first_viewed_at: Timestamp | null;
  from: ReferralFrom;
  id: ReferralId;
  last: LastStep;
  no: string;
  /** What the caller may do now, in order. */
  open_actions: ReferralAction[];
  parent_id: ReferralId | null;
  patient: PatientBrief;
  reason_codes: string[];
  requested_service: Service | null;
  sla_due_at: Timestamp | null;
  sla_paused: boolean;
  sla_warn_at: Timestamp | null;
  source_consult_id: ConsultId | null;
  state: ReferralState;
  state_since: Timestamp;
  submitted_at: Timestamp | null;
  to: ReferralTo;
  transport: TransportView;
  /** Time closed it and nobody had read the outcome. */
  unacknowledged: boolean;
  urgency: Urgency;
  version: number;
}

/** An action that the table opens and something else keeps shut. */
export interface ReferralClosedAction {
  action: ReferralAction;
  why_code: string;
}

/** How the patient agreed to the referral. */
export interface ReferralConsent {
  /** In which form. */
  method: ReferralConsentMethod;
  /** Who agreed. */
  signer: ReferralSigner;
  witness?: Line | null;
}

export type ReferralConsentMethod = 'paper' | 'on_screen' | 'verbal_witness';

/** One diagnosis of the letter. */
export interface ReferralDiagnosis {
  /** ICD-10, where it is known. */
  code: string | null;
  /** The one the letter is about, or another. */
  role: DiagnosisRole;
  /** In words. */
  text: Line;
}

/** Who sends. */
export interface ReferralFrom {
  department: DepartmentName | null;
  facility: FacilityName;
  user: PersonName;
}

/** One line of a referral's history. */
export interface ReferralHistoryItem {
  action: string;
  actor: PersonName | null;
  at: Timestamp;
  from_state: string | null;
  payload: Record<string, unknown>;
  reason_code: string | null;
  seq: number;
  to_state: string | null;
}

export type ReferralId = string;

/** What the specialist concluded, as it stands now. */
export interface ReferralOpinion {
  advice: string;
  author: PersonName;
  conclusion: string;
  diagnoses: Diagnosis[];
  id: OpinionId;
  next: NextStep;
  signed_at: Timestamp;
  version_no: number;
}

/** Any part of a letter; what is named is replaced, null empties it. */
export interface ReferralPatch {
  allergies_ack?: boolean | null;
  companion?: string | null;
  consent?: ReferralConsent | null;
  diagnoses?: DiagnosisForm[] | null;
  direction?: Direction | null;
  duplicate_reason?: string | null;
  follow_up_due?: Timestamp | null;
  infection_flag?: boolean | null;
  insurance?: InsuranceNote | null;
  key_results?: string | null;
  medications?: Line[] | null;
  next_visit?: string | null;
  override?: Overriding | null;
  override_reason?: string | null;
  past_history?: string | null;
  present_illness?: string | null;
  reason_codes?: string[] | null;
  reason_text?: string | null;
  red_flags?: string | null;
  rehab_plan?: string | null;
  requested_service?: Service | null;
  to_department?: DepartmentId | null;
  transport?: Transport | null;
  treatment_so_far?: string | null;
  urgency?: Urgency | null;
}

/** A pile of referrals, and how many lie in each of its tabs. */
export interface ReferralPile {
  /** How many lie in each tab; a thousand means a thousand or more. */
  counts: Record<string, number>;
  items: ReferralBrief[];
  /** The cursor of the next page, if there is one. */
  next: string | null;
}

export type ReferralSigner = 'patient' | 'guardian';

export type ReferralState = 'draft' | 'submitted' | 'more_info' | 'accepted' | 'rejected' | 'scheduled' | 'no_show' | 'arrived' | 'in_treatment' | 'discharged' | 'referred_back' | 'follow_up' | 'cancel_requested' | 'closed' | 'cancelled' | 'expired' | 'entered_in_error';

/** Who is asked. */
export interface ReferralTo {
  department: DepartmentName;
  facility: FacilityName;
  user: PersonName | null;
}

/** The whole of a referral. Clinical parts are null to eyes that may see its head only. */
export type ReferralView = ReferralBrief & {
  accepted_at: Timestamp | null;
  allergies_ack: boolean;
  arrived_at: Timestamp | null;
  auto_accepted: boolean;
  chain: ChainLink[];
  closed_actions: ReferralClosedAction[];
  companion: string | null;
  consent: ReferralConsent | null;
  created_at: Timestamp;
  created_by: PersonName;
  diagnoses: ReferralDiagnosis[];
  duplicate_reason: string | null;
  end_reason: string | null;
  follow_up_due: Timestamp | null;
  header_only: boolean;
  infection_flag: boolean;
  insurance: InsuranceNote | null;
  key_results: string | null;
  legs: LegView[];
  medications: string[] | null;
  /** Of a draft: what it may not be sent without. */
  missing: Part[];
  next_visit: string | null;
  notes: NoteView[];
  opinion: ReferralOpinion | null;
  outcome: OutcomeView | null;
  override_reason: string | null;
  past_history: string | null;
  /** The patient as he was when the letter was sent. */
  patient_snapshot: Record<string, unknown> | null;
  plan_ends_at: Timestamp | null;
  present_illness: string | null;
  reason_text: string | null;
  red_flags: string | null;
  rehab_plan: string | null;
  treatment_so_far: string | null;
  /** Of a draft: what its sender should look at first. */
  warnings: Warning[];
};

export type Relation = 'spouse' | 'parent' | 'child' | 'sibling' | 'other';

/** One facility as another one's target. */
export interface RelationLine {
  by_hand: FacilityRelation | null;
  /** What follows from the levels. */
  by_level: FacilityRelation;
  /** Which one. */
  facility: FacilityName;
}

/** What is to be set for one target. */
export interface RelationSet {
  by_hand?: FacilityRelation | null;
  /** The target. */
  facility: FacilityId;
}

/** What is to be set by hand. */
export interface RelationsForm {
  /** The targets that change. */
  items: RelationSet[];
}

/** Where a facility may send patients. */
export interface RelationsView {
  /** From where. */
  from: FacilityName;
  /** To every other facility, those that can do most first. */
  items: RelationLine[];
  /** Counts the changes by hand. */
  version: number;
}

/** What came of looking at an override. */
export interface ReviewForm {
  /** As a code. */
  finding: Finding;
  /** In words; needed where it was not justified. */
  note?: string | null;
}

export interface ReviewView {
  at: Timestamp;
  by: PersonName;
  finding: Finding;
  note: string | null;
}

export interface Ring {
  expires_at: Timestamp;
  id: RingId;
  started_at: Timestamp;
  state: RingState;
  tier: number;
  user: PersonName;
}

export type RingId = string;

export type RingState = 'ringing' | 'accepted' | 'declined' | 'expired' | 'cancelled' | 'answered_elsewhere';

/** One tier of the ring order. */
export interface RingTier {
  /** Whom. */
  people: OnCall[];
  /** So long before the next tier. */
  seconds: number;
  /** 1 or 2. */
  tier: number;
}

export type Role = 'rural_doctor' | 'specialist' | 'coordinator' | 'facility_admin' | 'alliance_admin' | 'auditor';

/** A role at a place, as a form sends it. */
export interface RoleAsk {
  department?: DepartmentId | null;
  /** Where. */
  facility: FacilityId;
  /** As what. */
  role: Role;
}

/** A week of the rota as it is sent: takes the place of what began in that week. */
export interface RotaForm {
  /** The duties that begin in it. */
  duties: Duty[];
  /** The first moment of the week. */
  from: Timestamp;
}

/** Seven days of a department's rota. */
export interface RotaWeek {
  /** Who of them is away in this week: not rung, whatever the duties say. */
  absences: Absence[];
  /** Of which department. */
  department: DepartmentId;
  /** The duties that begin in this week, and those that reach into it. */
  duties: Duty[];
  /** The first moment of the week. */
  from: Timestamp;
  /** True if only those on duty are rung; false if all its doctors are. */
  keeps_rota: boolean;
  /** Who can be put on duty. */
  staff: PersonName[];
  /** The first moment after it. */
  until: Timestamp;
  /** The department's version. */
  version: number;
}

/** One record behind a figure; no patient stands in it. */
export interface Row {
  /** On which day it counts. */
  day: string;
  /** Up, down or peer. */
  direction: string;
  /** Who asks. */
  from: string | null;
  /** Which. */
  id: string;
  /** `referral`, `consult` or `export`. */
  kind: string;
  /** How much. */
  n: number;
  /** What people call it. */
  no: string | null;
  sent_at: Timestamp | null;
  /** Where it stands. */
  state: string;
  /** Who is asked now. */
  to: string | null;
  /** How urgent. */
  urgency: string;
  /** Under which heading: a code, an id or a number. */
  value: string;
}

/** A name and a definition in one language. */
export interface Said {
  /** What it means. */
  definition: string;
  /** Its name. */
  name: string;
}

export interface SayPresence {
  status: Status;
}

export type Scope = 'consult' | 'referral';

export type Service = 'outpatient' | 'inpatient' | 'emergency' | 'exam' | 'rehab' | 'chronic_followup';

export type SessionId = string;

/** One signed-in browser. */
export interface SessionView {
  /** The one that asks. */
  current: boolean;
  /** Browser and system, such as `Firefox, Windows`; empty if it did not say. */
  device: string;
  /** Over at the latest then. */
  expires_at: Timestamp;
  /** Which session. */
  id: SessionId;
  /** Last used, to five minutes. */
  last_seen: Timestamp;
  /** Signed in since. */
  since: Timestamp;
}

export interface SetUp {
  facility: FirstFacility;
  login: Line;
  name: Line;
  password: string;
  token: string;
}

export type Sex = 'male' | 'female' | 'unknown';

export interface SignIn {
  login: string;
  password: string;
}

/** An agreed time. */
export interface Slot {
  /** Until. */
  end: Timestamp;
  /** From. */
  start: Timestamp;
}

/** A slot as it is planned. */
export interface SlotForm {
  /** How many patients. */
  capacity: number;
  /** Until when. */
  end: Timestamp;
  /** From when. */
  start: Timestamp;
}

export type SlotId = string;

/** A stretch of time in which a department sees so many patients. */
export interface SlotView {
  /** How many patients. */
  capacity: number;
  /** Until when. */
  end: Timestamp;
  /** Which one. */
  id: SlotId;
  /** From when. */
  start: Timestamp;
  /** How many are coming. */
  taken: number;
}

/** A department's slots of some days: they take the place of those that were planned for these days. */
export interface SlotsForm {
  /** From when. */
  from: Timestamp;
  /** The slots between. */
  slots: SlotForm[];
  /** Until when. */
  until: Timestamp;
}

/** Some days, half open. */
export interface Span {
  /** The first day. */
  from: string;
  /** The day after the last. */
  to: string;
}

/** What to change; what is absent stays as it is. */
export interface StaffChange {
  /** What they are where, whole and in order. */
  memberships?: RoleAsk[] | null;
  name?: Line | null;
  /** Their telephone; null takes it away. */
  phone?: string | null;
  /** Their title; empty takes it away. */
  title?: string | null;
}

/** A member of staff as an administrator sees them. */
export interface StaffView {
  /** Entered. */
  created_at: Timestamp;
  /** False until they set their first password. */
  has_password: boolean;
  /** Who. */
  id: UserId;
  link_until: Timestamp | null;
  /** What they sign in as. */
  login: string;
  /** What they are where, the first one first. */
  memberships: Membership[];
  /** Their name. */
  name: string;
  /** What the caller may do with the account, in order. */
  open_actions: Deed[];
  /** Their telephone. */
  phone: string | null;
  /** Their name in Latin letters. */
  pinyin: string;
  /** In how many browsers they are signed in. */
  sessions: number;
  /** Whether the account is open. */
  standing: Standing;
  /** Their title, such as 副主任医师. */
  title: string;
  /** Raised by every change. */
  version: number;
}

export type Standing = 'active' | 'suspended';

/** All figures of a period. */
export interface Statistics {
  /** With what it is compared. */
  against: Against;
  /** How much of the journal is in it. */
  counted: Counted;
  /** The figures, in the order of the report. */
  figures: Compared[];
  /** Counts under headings, the largest first. */
  headings: Record<string, Heading[]>;
  /** What else this person may see. */
  may: May;
  /** What the ids of headings are called. */
  names: AllNames;
  /** How long the oldest letter has waited for an answer, whenever it was sent. */
  oldest_waiting_minutes: number | null;
  /** True where small numbers are told. */
  own_house: boolean;
  /** Those days. */
  past: Span;
  /** Of which days. */
  period: Span;
  /** Whose: `all`, `f:` and a facility, `d:` and a department, `u:` and a person. */
  scope: string;
  /** Letters over time. */
  trend: Trend;
}

export type Status = 'available' | 'busy' | 'on_break' | 'off';

/** The strokes of a signature. */
export interface Strokes {
  /** Height of the pad. */
  height: number;
  /** Each stroke as its points `[x, y]`. */
  lines: number[][][];
  /** Width of the pad. */
  width: number;
}

export type Tab = 'draft' | 'decide' | 'booked' | 'here' | 'back' | 'rejected' | 'done';

export type Table = 'facilities' | 'departments' | 'people';

export type TextLang = 'zh' | 'en';

/** Which text was read. */
export interface TextRef {
  lang: TextLang;
  scope: Scope;
  version: number;
}

/** A text in both languages. */
export interface TextView {
  scope: Scope;
  texts: TextWords[];
  version: number;
}

/** A text in one language. */
export interface TextWords {
  lang: TextLang;
  sha256: string;
  words: string;
}

export type Timestamp = string;

/** A token as an administrator, and whoever it acts as, sees it. */
export interface TokenLine {
  /** Made. */
  created_at: Timestamp;
  /** Until when. */
  expires_at: Timestamp;
  /** Which one. */
  id: SessionId;
  /** By sign-in name. */
  login: string;
  /** What the journal calls it. */
  name: string;
  /** By name. */
  person: string;
  revoked_at: Timestamp | null;
  /** What it may do. */
  scopes: string[];
  used_at: Timestamp | null;
  /** As whom it acts. */
  user: UserId;
}

/** The tokens, and what one can be allowed. */
export interface Tokens {
  /** Newest first. */
  items: TokenLine[];
  /** The cursor of the next page, if there is one. */
  next: string | null;
  /** Every scope there is. */
  scopes: string[];
}

/** How the patient travels. */
export interface Transport {
  arrive_at?: Timestamp | null;
  crew?: Line | null;
  depart_at?: Timestamp | null;
  eta?: Timestamp | null;
  handover_by?: Line | null;
  /** By what. */
  mode: TransportMode;
  phone?: Line | null;
  plate?: Line | null;
}

/** How the patient travels, as either side enters it. */
export interface TransportForm {
  arrive_at?: Timestamp | null;
  crew?: Line | null;
  depart_at?: Timestamp | null;
  eta?: Timestamp | null;
  handover_by?: Line | null;
  /** By what. */
  mode: TransportMode;
  phone?: Line | null;
  plate?: Line | null;
  state?: TransportState | null;
}

export type TransportMode = 'self' | 'ambulance_own' | 'ambulance_120' | 'target_vehicle';

export type TransportState = 'none' | 'to_arrange' | 'arranged' | 'en_route' | 'handed_over';

/** How the patient travels, and how far that is. */
export interface TransportView {
  arrive_at: Timestamp | null;
  crew: string | null;
  depart_at: Timestamp | null;
  eta: Timestamp | null;
  handover_by: string | null;
  mode: TransportMode | null;
  phone: string | null;
  plate: string | null;
  state: TransportState;
}

/** Letters over time. */
export interface Trend {
  /** `day` or `month`. */
  by: string;
  /** One after the other, those without any among them. */
  points: Point[];
}

/** One try. */
export interface TryView {
  /** When. */
  at: Timestamp;
  /** Which one, from 1. */
  n: number;
  /** What the receiver answered with. */
  status: number | null;
  /** How long it took, in milliseconds. */
  took_ms: number;
  trouble: DeliveryTrouble | null;
}

/** In what a figure is told. */
export type Unit = 'count' | 'share' | 'each' | 'minutes' | 'seconds' | 'bytes';

export type Urgency = 'emergency' | 'urgent' | 'routine';

export type UserId = string;

/** Something a sender should look at before sending. */
export interface Warning {
  code: string;
  no: string;
  referral: ReferralId;
  state: ReferralState;
}

/** A consent that is taken back. */
export interface WithdrawForm {
  /** What was said. */
  note?: string | null;
  /** Who wishes it. */
  wish: ConsentsSigner;
}

export interface WithdrawnView {
  at: Timestamp;
  by: PersonName | null;
  note: string | null;
  wish: ConsentsSigner | null;
}
