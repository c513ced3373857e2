/**
 * The records as the server shows them, under the names this page uses. The shapes themselves are
 * written from the server's own description (`wire.ts`); nothing is declared twice.
 */
import type * as wire from './wire';

export type {
  Ack, Appointment, Attachment, ChainLink, ClosedAction, ConsultAction, ConsultBrief, ConsultKind, ConsultState, ConsultView, Department,
  BedsView, Capacity, Diagnosis as ConsultDiagnosis, Direction, Exam, Facility, Free, Guardian, HistoryItem, Limits, Me, Membership, Message, NextStep, OnCall,
  Opinion, Patient, PatientBrief, PromiseView, ReferralBrief, ReferralState, ReferralView, Ring, RingTier, Role, Service, Sex, SlotView, Urgency,
} from './wire';

export type { PaperCheck } from './wire';

export type Presence = wire.Status;
export type DepartmentRef = wire.DepartmentName;
export type FacilityRef = wire.FacilityName;
export type PersonRef = wire.PersonName;
export type Leg = wire.LegView;
export type ReferralNote = wire.NoteView;

/** One page of a list; `next` is the cursor of the following page. */
export interface Page<T> {
  items: T[];
  next: string | null;
}

/** A list of referrals with the number in every tab of its box. */
export type Inbox = wire.ReferralPile;

/** One side of a record: who asks, or who is asked. */
export interface Side {
  facility: FacilityRef;
  department?: DepartmentRef | null;
  user?: PersonRef | null;
}

// ── what forms are filled in with ────────────────────────────────────────────

/** A diagnosis while it is written; a letter says which one leads. */
export type Diagnosis = wire.Diagnosis & { role?: wire.DiagnosisRole };

export type ConsentScope = wire.Scope;
export type ConsentRelation = wire.Relation;
export type OverrideReason = wire.Reason;
export type ConsentText = wire.TextView;
export type { ConsentView, OverrideView, Strokes } from './wire';
export type Relation = wire.FacilityRelation;
export type { DeliveryView, HookEvent, HookView, MadeHook, RelationLine, RelationsView } from './wire';
export type { MadeToken, TokenLine, Tokens } from './wire';
export type { Absence, DepartmentRecord, Duty, FacilityRecord, Imported, RotaWeek } from './wire';

/** A consent as it is taken, and why an emergency went on without one. */
export type NewConsent = wire.ConsentForm;
export type NewOverride = wire.OverrideForm;

/** How the patient travels, while it is written. */
export type Transport = Partial<wire.TransportView>;

export type NewPatient = wire.NewPatient;

/** A code that fits what was typed; phrases that are offered, and where they belong. */
export type { CodeFound, Phrase, PhrasePlace, Phrases } from './wire';

export interface Consent {
  method: wire.ReferralConsentMethod;
  signer: wire.ReferralSigner;
  witness?: string | null;
}

/** A consult as its form sends it: what a beginning must have is there. */
export type NewConsult = wire.ConsultForm & {
  patient_id: string;
  to_department: string;
  kind: wire.ConsultKind;
  urgency: wire.Urgency;
  question: string;
};

/** The two kinds of record that files, messages and history hang on. */
export type Owner = 'consults' | 'referrals';
