import { describe, expect, it } from 'vitest';
import type { ConsultBrief, ReferralBrief } from '../api/schema';
import { consultTodo, referralTodo, sorted, step } from './todo';

const consult = (over: Partial<ConsultBrief>): ConsultBrief =>
  ({ id: 'con-1', state: 'closed', state_since: '2026-11-21T06:00:00Z', urgency: 'routine', kind: 'instant', open_actions: [], ...over }) as ConsultBrief;
const referral = (over: Partial<ReferralBrief>): ReferralBrief =>
  ({ id: 'ref-1', state: 'closed', state_since: '2026-11-21T06:00:00Z', urgency: 'routine', direction: 'up', sla_due_at: null, open_actions: [], ...over }) as ReferralBrief;

describe('what waits for the rural doctor', () => {
  it('is what she may do, never guessed from the state alone', () => {
    expect(referralTodo(referral({ state: 'more_info', open_actions: [] }))).toBeNull();
    expect(referralTodo(referral({ state: 'more_info', open_actions: ['supply_info', 'cancel'] }))?.verb).toBe('supply_info');
    expect(consultTodo(consult({ state: 'opinion_given', open_actions: ['acknowledge'] }))?.verb).toBe('acknowledge');
  });

  it('stands with the most urgent on top, then the one due soonest', () => {
    const rows = sorted([
      referralTodo(referral({ id: 'late', open_actions: ['supply_info'], sla_due_at: '2026-11-21T09:00:00Z' })),
      referralTodo(referral({ id: 'soon', open_actions: ['supply_info'], sla_due_at: '2026-11-21T07:00:00Z' })),
      consultTodo(consult({ id: 'sos', urgency: 'emergency', state: 'in_progress' })),
    ].filter((one) => one !== null));
    expect(rows.map((one) => one.id)).toEqual(['sos', 'soon', 'late']);
  });

  it('counts a referral in five steps and marks one that is held', () => {
    expect(step(referral({ state: 'scheduled' }))).toEqual({ at: 3, held: false, done: false });
    expect(step(referral({ state: 'more_info' })).held).toBe(true);
    expect(step(referral({ state: 'closed' })).done).toBe(true);
  });
});
