import { expect, it } from 'vitest';
import { minutesOf, monday, week } from './capacity';

const SUNDAY = Date.parse('2026-11-22T04:00:00Z');

it('a week begins on Monday at midnight of the clinics', () => {
  expect(new Date(monday(SUNDAY)).toISOString()).toBe('2026-11-15T16:00:00.000Z');
  expect(new Date(monday(SUNDAY, 1)).toISOString()).toBe('2026-11-22T16:00:00.000Z');
});

it('a pattern typed once is a week of slots, and nothing in the past', () => {
  const pattern = { days: [1, 3], from: '08:00', until: '09:30', minutes: 30, capacity: 4 };

  const next = week(monday(SUNDAY, 1), pattern, SUNDAY);
  expect(next.map((one) => one.start)).toEqual(['2026-11-23T00:00:00.000Z', '2026-11-23T00:30:00.000Z', '2026-11-23T01:00:00.000Z', '2026-11-25T00:00:00.000Z', '2026-11-25T00:30:00.000Z', '2026-11-25T01:00:00.000Z']);
  expect(next[0]).toMatchObject({ end: '2026-11-23T00:30:00.000Z', capacity: 4 });
  expect(week(monday(SUNDAY), pattern, SUNDAY)).toEqual([]);
});

it('a time that is none makes no slots', () => {
  expect([minutesOf('8:30'), minutesOf('08：30'), minutesOf('8.5'), minutesOf('25:00')]).toEqual([510, 510, null, null]);
});
