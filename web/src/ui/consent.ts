/** A consent while it is being filled in, and what of it goes to the server. Pure. */
import type { Consent } from '../api/schema';

export interface ConsentDraft {
  method: Consent['method'] | 'override' | null;
  signer: Consent['signer'] | null;
  witness: string;
  reason: string;
}

export const BLANK_CONSENT: ConsentDraft = { method: null, signer: 'patient', witness: '', reason: '' };

/** What is still missing, as the last part of a key; null when it may go. */
export function consentGap(draft: ConsentDraft): 'consent' | 'witness' | 'reason' | null {
  if (!draft.method) return 'consent';
  if (draft.method === 'override') return draft.reason.trim() ? null : 'reason';
  if (draft.method === 'verbal_witness' && !draft.witness.trim()) return 'witness';
  return draft.signer ? null : 'consent';
}

export function consentOf(draft: ConsentDraft): Consent | undefined {
  if (!draft.method || draft.method === 'override') return undefined;
  const made: Consent = { method: draft.method, signer: draft.signer ?? 'patient' };
  if (draft.witness.trim()) made.witness = draft.witness.trim();
  return made;
}
