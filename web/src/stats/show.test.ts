import { describe, expect, it } from 'vitest';
import { draw } from './flow';
import { cell, change, choiceOf, inUnit, minutes, span, steps } from './show';

const told = (value: number | null, more = {}) => ({ value, n: null, of: null, hidden: false, few: false, ...more });

describe('figures in words', () => {
  it('says minutes as people do', () => {
    expect(minutes(40, 'zh')).toBe('40 分');
    expect(minutes(385, 'zh')).toBe('6 小时 25 分');
    expect(minutes(4560, 'en')).toBe('3 d 4 h');
    expect(minutes(0, 'en')).toBe('0 min');
  });
  it('says what is not told and why', () => {
    expect(cell(told(null, { hidden: true }), 'count', 'zh')).toBe('<5');
    expect(cell(told(null, { few: true }), 'minutes', 'zh')).toBe('n<6');
    expect(cell(told(null), 'share', 'zh')).toBe('–');
    expect(inUnit(0.914, 'share', 'zh')).toBe('91.4%');
    expect(inUnit(2393, 'count', 'zh')).toBe('2,393');
  });
  it('tells a change only where both sides are told', () => {
    expect(change(told(0.5), told(0.4), 'share', 'zh')).toBe('▲ 10.0 个百分点');
    expect(change(told(2393), told(612), 'count', 'en')).toBe('▲ 291.0%');
    expect(change(told(2393), told(null, { hidden: true }), 'count', 'en')).toBeNull();
    expect(change(told(20), told(35), 'minutes', 'en')).toBe('▼ 15 min');
  });
  it('knows months, quarters and years, also over the turn of the year', () => {
    expect(span('month', '2026-01-15', -1)).toEqual({ from: '2025-12-01', to: '2026-01-01' });
    expect(span('quarter', '2026-11-21')).toEqual({ from: '2026-10-01', to: '2027-01-01' });
    expect(span('year', '2026-11-21', -1)).toEqual({ from: '2025-01-01', to: '2026-01-01' });
    expect(choiceOf('2026-10-01', '2027-01-01')).toBe('quarter');
    expect(choiceOf('2026-10-02', '2026-10-09')).toBe('free');
  });
  it('gives an axis round steps that reach the top', () => {
    for (const most of [0, 1, 3, 7, 28, 258, 2393]) {
      const found = steps(most);
      expect(found[found.length - 1]).toBeGreaterThanOrEqual(most);
      expect(found.length).toBeLessThanOrEqual(6);
    }
  });
});

describe('the flow', () => {
  it('loses nobody on the way, however many are gathered under others', () => {
    const ways = Array.from({ length: 60 }, (_, n) => ({ from: `f${n % 20}`, to: `d${n % 12}`, n: 1 + (n % 7) }));
    const total = ways.reduce((sum, way) => sum + way.n, 0);
    const { left, right, ribbons } = draw(ways, { left: 0, right: 0, x1: 100, x2: 200 }, 5);
    for (const side of [left, right, ribbons]) expect(side.reduce((sum, one) => sum + one.n, 0)).toBe(total);
    expect(left.length).toBe(6);
  });
});
