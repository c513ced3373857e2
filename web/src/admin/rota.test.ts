import { describe, expect, it } from 'vitest';
import { beginOf, DAY, dutiesOf, gridOf, isAway, lastDayOf, monday, moved, week } from './rota';

const from = monday(Date.parse('2026-11-22T07:00:00Z'));
const lin = { id: 'usr-lin' };
const duty = (starts_at: string, ends_at: string, tier = 1, user = lin.id) => ({ user, tier, starts_at, ends_at });

describe('the rota', () => {
  it('begins its week on Monday, clinic time', () => {
    expect(new Date(from).toISOString()).toBe('2026-11-15T16:00:00.000Z');
    expect(monday(Date.parse('2026-11-15T15:59:59Z'))).toBe(week(from, -1));
    expect(monday(from)).toBe(from);
  });

  it('comes back from the grid as it went in', () => {
    const duties = [
      duty('2026-11-16T00:00:00.000Z', '2026-11-17T00:00:00.000Z'),
      duty('2026-11-17T00:00:00.000Z', '2026-11-17T12:00:00.000Z', 2),
      duty('2026-11-22T12:00:00.000Z', '2026-11-23T00:00:00.000Z'),
    ];
    const grid = gridOf(duties, [lin], from);
    expect(grid.cells[lin.id]).toEqual(['1', '2d', 'off', 'off', 'off', 'off', '1n']);
    expect(dutiesOf(grid, from)).toEqual(duties);
  });

  it('reads a day and a night of one tier as the whole day', () => {
    const grid = gridOf([duty('2026-11-16T12:00:00Z', '2026-11-17T00:00:00Z'), duty('2026-11-16T00:00:00Z', '2026-11-16T12:00:00Z')], [lin], from);
    expect(grid.cells[lin.id]?.[0]).toBe('1');
    expect(grid.extra).toEqual([]);
  });

  it('keeps what does not fit, and leaves alone what began before', () => {
    const odd = duty('2026-11-18T03:00:00.000Z', '2026-11-18T07:30:00.000Z');
    const stranger = duty('2026-11-18T00:00:00.000Z', '2026-11-18T12:00:00.000Z', 1, 'usr-gone');
    const earlier = duty('2026-11-15T12:00:00.000Z', '2026-11-16T00:00:00.000Z');
    const grid = gridOf([earlier, odd, stranger], [lin], from);
    expect(grid.before).toEqual([earlier]);
    expect(dutiesOf(grid, from)).toEqual([stranger, odd]);
  });

  it('moves to the next week without those who left', () => {
    const one = duty('2026-11-16T00:00:00.000Z', '2026-11-17T00:00:00.000Z');
    expect(moved([one, { ...one, user: 'usr-gone' }], [lin], 1)).toEqual([duty('2026-11-23T00:00:00.000Z', '2026-11-24T00:00:00.000Z')]);
  });

  it('shows an absence of whole days by its first and last, and on no other', () => {
    const away = { starts_at: beginOf('2026-11-17', 0), ends_at: beginOf('2026-11-18', DAY) };
    expect(away.starts_at).toBe('2026-11-16T16:00:00.000Z');
    expect(lastDayOf(away)).toBe(Date.parse(beginOf('2026-11-18', 0)));
    expect([0, 1, 2, 3].map((n) => isAway(away, from + n * DAY))).toEqual([false, true, true, false]);
    expect(lastDayOf({ ...away, ends_at: '2026-11-18T04:00:00Z' }), 'back within a day').toBeNull();
  });
});
