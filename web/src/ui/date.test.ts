import { describe, expect, it } from 'vitest';
import { column, daysIn, move, readDate, showDate, weeks } from './date';

describe('a typed date', () => {
  it('is read however a clinic writes it', () => {
    for (const text of ['1968-03-11', '19680311', '1968.3.11', '1968/03/11', '1968年3月11日', '１９６８０３１１', ' 1968 3 11 ']) expect(readDate(text), text).toBe('1968-03-11');
  });

  it('is no date before it is one, nor after the month is over', () => {
    for (const text of ['', '1968', '1968-03', '196803', '1968-02-30', '1968-13-01', '1968-03-11x', '0068-03-11']) expect(readDate(text), text).toBeNull();
    expect(readDate('2024-02-29')).toBe('2024-02-29');
  });

  it('carries a time where one is asked', () => {
    for (const text of ['2026-11-22 14:30', '2026-11-22T14:30', '20261122 1430', '2026-11-22 14：30']) expect(readDate(text, true), text).toBe('2026-11-22T14:30');
    expect(readDate('2026-11-22', true)).toBeNull();
    expect(readDate('2026-11-22 24:00', true)).toBeNull();
    expect(showDate('2026-11-22T14:30')).toBe('2026-11-22 14:30');
  });

  it('moves by days and months without leaving the calendar', () => {
    expect(move('2026-12-31', { days: 1 })).toBe('2027-01-01');
    expect(move('2026-01-31', { months: 1 })).toBe('2026-02-28');
    expect(move('2026-01-15', { months: -1 })).toBe('2025-12-15');
    expect(move('2024-02-29', { months: 12 })).toBe('2025-02-28');
  });

  it('stands in its week, Monday first', () => {
    expect(column('2026-11-22')).toBe(6);
    const november = weeks('2026-11-22');
    expect(november[0]).toEqual([null, null, null, null, null, null, '2026-11-01']);
    expect(november.flat().filter(Boolean)).toHaveLength(daysIn(2026, 11));
    for (const week of november) expect(week).toHaveLength(7);
  });
});
