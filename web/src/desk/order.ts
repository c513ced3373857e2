/** The order of the desk: emergency first, then what is overdue or due soonest, then the oldest. Pure. */
import type { ReferralBrief } from '../api/schema';

const RANK = { emergency: 0, urgent: 1, routine: 2 } as const;

type Row = Pick<ReferralBrief, 'id' | 'urgency' | 'sla_due_at' | 'submitted_at' | 'state_since' | 'state' | 'sla_paused'>;

/** A stopped clock does not run out: it stands after those that do. */
const due = (one: Row): string => (one.sla_paused || one.state === 'more_info' ? '9' : (one.sla_due_at ?? '8'));

export function arranged(items: readonly Row[]): string[] {
  return [...items]
    .sort((a, b) => RANK[a.urgency] - RANK[b.urgency] || due(a).localeCompare(due(b)) || (a.submitted_at ?? a.state_since).localeCompare(b.submitted_at ?? b.state_since))
    .map((one) => one.id);
}
