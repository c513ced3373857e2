/** What waits for the rural doctor, drawn from consults and referrals by what is open to her. Pure. */
import type { ConsultBrief, ReferralBrief, Urgency } from '../api/schema';

export interface Todo {
  id: string;
  href: string;
  kind: 'opinion' | 'supply' | 'down' | 'follow' | 'answer' | 'call' | 'draft';
  urgency: Urgency;
  /** The verb on the button. */
  verb: 'supply_info' | 'accept' | 'acknowledge' | 'record_follow_up' | 'join' | 'redial' | 'submit' | 'resubmit';
  what: 'opinion' | 'supply' | 'down' | 'answer' | 'rejected' | 'missed' | 'draft' | 'live' | 'followup';
  /** Until when, or since when. */
  due: string | null;
  since: string;
  consult?: ConsultBrief;
  referral?: ReferralBrief;
}

const RANK: Record<Urgency, number> = { emergency: 0, urgent: 1, routine: 2 };

export function consultTodo(one: ConsultBrief): Todo | null {
  const open = new Set(one.open_actions);
  const base = { id: one.id, href: `/consults/${one.id}`, urgency: one.urgency, due: null, since: one.state_since, consult: one };
  if (open.has('acknowledge')) return { ...base, kind: 'opinion', verb: 'acknowledge', what: 'opinion' };
  if (['accepted', 'in_progress', 'interrupted'].includes(one.state) && one.kind !== 'async') return { ...base, kind: 'call', verb: 'join', what: 'live' };
  if (open.has('redial') && (one.state === 'missed' || one.state === 'declined')) return { ...base, kind: 'call', verb: 'redial', what: 'missed' };
  return null;
}

export function referralTodo(one: ReferralBrief): Todo | null {
  const open = new Set(one.open_actions);
  const base = { id: one.id, href: `/referrals/${one.id}`, urgency: one.urgency, due: one.sla_due_at, since: one.state_since, referral: one };
  if (open.has('supply_info')) return { ...base, kind: 'supply', verb: 'supply_info', what: 'supply' };
  if (one.direction === 'down' && open.has('accept')) return { ...base, kind: 'down', verb: 'accept', what: 'down' };
  if (open.has('acknowledge')) return { ...base, due: null, kind: 'answer', verb: 'acknowledge', what: 'answer' };
  if (open.has('resubmit')) return { ...base, due: null, kind: 'answer', verb: 'resubmit', what: 'rejected' };
  if (open.has('record_follow_up') && one.state === 'follow_up') return { ...base, due: null, kind: 'follow', verb: 'record_follow_up', what: 'followup' };
  if (one.state === 'draft' && (open.has('submit') || open.has('discard'))) return { ...base, due: null, kind: 'draft', verb: 'submit', what: 'draft' };
  return null;
}

/** Emergency first, then what is due soonest, then the oldest. */
export function sorted(all: readonly Todo[]): Todo[] {
  return [...all].sort(
    (a, b) =>
      RANK[a.urgency] - RANK[b.urgency] ||
      (a.due ?? '9').localeCompare(b.due ?? '9') ||
      a.since.localeCompare(b.since),
  );
}

/** Where a sent patient stands among the five steps, 1 to 5; `held` when it waits for the sender. */
export function step(one: ReferralBrief): { at: number; held: boolean; done: boolean } {
  switch (one.state) {
    case 'draft':
    case 'submitted': return { at: 1, held: false, done: false };
    case 'more_info':
    case 'rejected': return { at: 1, held: true, done: false };
    case 'accepted': return { at: 2, held: false, done: false };
    case 'scheduled': return { at: 3, held: false, done: false };
    case 'no_show':
    case 'cancel_requested': return { at: 3, held: true, done: false };
    case 'arrived':
    case 'in_treatment': return { at: 4, held: false, done: false };
    case 'discharged':
    case 'referred_back':
    case 'follow_up': return { at: 5, held: false, done: false };
    case 'closed': return { at: 5, held: false, done: true };
    case 'cancelled':
    case 'expired':
    case 'entered_in_error': return { at: 1, held: true, done: true };
  }
}
