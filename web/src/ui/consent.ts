/** A consent while it is being filled in, and what of it goes to the server. Pure. */
import type { ConsentRelation, NewConsent, NewOverride, OverrideReason, Strokes } from '../api/schema';

export interface ConsentDraft {
  method: NewConsent['method'] | 'override' | null;
  signer: NewConsent['signer'] | null;
  /** A guardian's name, and what he is to the patient. */
  name: string;
  relation: ConsentRelation | null;
  witness: string;
  reason: string;
  reasonCode: OverrideReason | null;
  /** What was drawn, and under which text. */
  strokes: Strokes | null;
  textVersion: number | null;
  textLang: 'zh' | 'en';
  /** The paper: a file of the record. */
  photo: string | null;
  /** The server has it already: it is not sent again unless it changes. */
  kept: boolean;
}

export const BLANK_CONSENT: ConsentDraft = {
  method: null, signer: 'patient', name: '', relation: null, witness: '', reason: '', reasonCode: null,
  strokes: null, textVersion: null, textLang: 'zh', photo: null, kept: false,
};

export type ConsentGap = 'consent' | 'name' | 'relation' | 'signature' | 'witness' | 'reason';

/** What is still missing, as the last part of a key; null when it may go. */
export function consentGap(draft: ConsentDraft): ConsentGap | null {
  if (!draft.method) return 'consent';
  if (draft.kept) return null;
  if (draft.method === 'override') return draft.reason.trim() ? null : 'reason';
  if (!draft.signer) return 'consent';
  if (draft.signer === 'guardian' && !draft.name.trim()) return 'name';
  if (draft.signer === 'guardian' && !draft.relation) return 'relation';
  if (draft.method === 'on_screen' && !draft.strokes) return 'signature';
  if (draft.method === 'verbal_witness' && !draft.witness.trim()) return 'witness';
  return null;
}

/** The consent as it is sent; nothing while something is missing or the server has it. */
export function consentOf(draft: ConsentDraft): NewConsent | undefined {
  if (!draft.method || draft.method === 'override' || draft.kept || consentGap(draft)) return undefined;
  const made: NewConsent = { method: draft.method, signer: draft.signer ?? 'patient' };
  if (draft.signer === 'guardian') {
    made.signer_name = draft.name.trim();
    if (draft.relation) made.relation = draft.relation;
  }
  if (draft.witness.trim() && draft.method === 'verbal_witness') made.witness = draft.witness.trim();
  if (draft.textVersion) Object.assign(made, { text_version: draft.textVersion, text_lang: draft.textLang });
  if (draft.method === 'on_screen' && draft.strokes) made.signature = draft.strokes;
  if (draft.method === 'paper' && draft.photo) made.photo = draft.photo;
  return made;
}

export function overrideOf(draft: ConsentDraft): NewOverride | undefined {
  if (draft.method !== 'override' || draft.kept || !draft.reason.trim()) return undefined;
  return { reason: draft.reason.trim(), reason_code: draft.reasonCode ?? 'other' };
}
