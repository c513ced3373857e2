import { expect, it } from 'vitest';
import type { ChainLink } from '../api/schema';
import { drawn, stories } from './story';

const house = (id: string, level: string) => ({ id, name: id, level, phone_24h: '0999-555-0100' });
const [township, county, city] = [house('township', 'township'), house('county', 'county'), house('city', 'tertiary')];
const link = (over: Partial<ChainLink>): ChainLink => ({
  id: 'ref-1', no: 'UP-1', chain_id: 'ref-1', parent_id: null, direction: 'up', urgency: 'urgent', state: 'submitted', state_since: '2026-11-21T06:00:00Z',
  from: township, to: city, department: { id: 'dep-1', name: 'Cardiology' }, created_at: '2026-11-21T05:50:00Z', submitted_at: '2026-11-21T06:00:00Z', accepted_at: null,
  appointment_at: null, arrived_at: null, left_at: null, outcome_code: null, unacknowledged: false, sla_due_at: null, earlier: [], readable: true, ...over,
});
const up = link({ state: 'follow_up', accepted_at: 'a', arrived_at: 'b', left_at: 'c', earlier: [{ to: county, state: 'redirected', offered_at: 'a', ended_at: 'b' }] });
const down = link({ id: 'ref-2', parent_id: 'ref-1', direction: 'down', from: city, to: township, state: 'accepted', submitted_at: '2026-11-28T06:00:00Z', accepted_at: 'd' });

it('lanes stand from the village to the city and the patient is where he last arrived', () => {
  const picture = drawn([down, up]);

  expect(picture.lanes.map((one) => one.id)).toEqual(['township', 'county', 'city']);
  expect(picture.rows.map((row) => [row.from, row.to, row.before, row.after, row.way])).toEqual([[0, 2, 0, 2, 'taken'], [2, 0, 2, 2, 'taken']]);
  expect(picture.rows[0]?.earlier.map((leg) => leg.to)).toEqual([1]);
});

it('the next step is up to one side, and to nobody at the end', () => {
  const waits = (state: ChainLink['state']) => drawn([link({ state })]).rows[0]?.waits?.id ?? null;

  expect([waits('submitted'), waits('more_info'), waits('discharged'), waits('closed')]).toEqual(['city', 'township', 'township', null]);
  expect(drawn([link({ state: 'rejected' })]).rows[0]?.way).toBe('void');
});

it('the newest story of a patient stands first', () => {
  const later = link({ id: 'ref-9', chain_id: 'ref-9', submitted_at: '2026-12-01T00:00:00Z' });

  expect(stories([up, down, later]).map((one) => one.map((each) => each.id))).toEqual([['ref-9'], ['ref-1', 'ref-2']]);
});
