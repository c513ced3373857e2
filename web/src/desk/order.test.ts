import { expect, it } from 'vitest';
import { arranged } from './order';

const row = (id: string, over: object) => ({ id, urgency: 'routine' as const, sla_due_at: null, submitted_at: '2026-11-21T06:00:00Z', state_since: '2026-11-21T06:00:00Z', state: 'submitted' as const, sla_paused: false, ...over });

it('the desk sees emergencies first, then what is due soonest, stopped clocks last', () => {
  expect(
    arranged([
      row('calm', { sla_due_at: '2026-11-23T06:00:00Z' }),
      row('asked', { urgency: 'urgent', state: 'more_info', sla_due_at: '2026-11-21T06:01:00Z' }),
      row('late', { urgency: 'urgent', sla_due_at: '2026-11-21T05:00:00Z' }),
      row('soon', { urgency: 'urgent', sla_due_at: '2026-11-21T08:00:00Z' }),
      row('sos', { urgency: 'emergency', sla_due_at: '2026-11-21T09:00:00Z' }),
    ]),
  ).toEqual(['sos', 'late', 'soon', 'asked', 'calm']);
});
