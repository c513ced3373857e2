import { describe, expect, it } from 'vitest';
import { age, dayHead, left, sexAge, stretch, timer, when } from './time';

const now = Date.parse('2026-11-21T06:55:00Z'); // 14:55 in Shanghai
const at = (text: string): number => Date.parse(text);

describe('the clinic\'s time', () => {
  it('names today, a weekday within six days, a date in the year and a full date in another', () => {
    expect(when(at('2026-11-21T06:52:00Z'), now, 'zh')).toBe('今天 14:52');
    expect(when(at('2026-11-23T01:00:00Z'), now, 'zh')).toBe('周一 09:00');
    expect(when(at('2026-11-28T01:00:00Z'), now, 'zh')).toBe('11月28日');
    expect(when(at('2025-12-03T01:00:00Z'), now, 'zh')).toBe('2025-12-03');
    expect(when(at('2025-12-03T01:00:00Z'), now, 'en')).toBe('3 Dec 2025');
  });

  it('turns the day at midnight in Shanghai, not in Greenwich', () => {
    expect(when(at('2026-11-20T16:30:00Z'), now, 'zh')).toBe('今天 00:30');
    expect(dayHead(at('2026-11-20T16:30:00Z'), 'zh')).toBe('11月21日 周六');
  });

  it('counts down in seconds under a quarter of an hour and says how late it is', () => {
    expect(left(now + 700_000, now, 'zh')).toBe('余 11:40');
    expect(left(now + 38 * 60_000, now, 'zh')).toBe('余 38 分');
    expect(left(now + 80 * 60_000, now, 'en')).toBe('1 h 20 left');
    expect(left(now + 28 * 3_600_000, now, 'zh')).toBe('余 1 天 4 小时');
    expect(left(now - 12 * 60_000, now, 'zh')).toBe('超 12 分');
    expect(stretch(12_000, 'zh')).toBe('12 秒');
  });

  it('gives the age of a small child in months and days', () => {
    expect(age('1968-03-12', now, 'zh')).toBe('58岁');
    expect(age('2023-09-20', now, 'zh')).toBe('3岁2个月');
    expect(age('2026-06-09', now, 'zh')).toBe('5个月12天');
    expect(age('2026-11-12', now, 'zh')).toBe('出生 9 天');
    expect(age('2026-06-09', now, 'en')).toBe('5 m 12 d');
    expect(sexAge('male', '1968-03-12', now, 'en')).toBe('M 58');
  });

  it('runs a call\'s timer', () => {
    expect(timer(402_000)).toBe('06:42');
    expect(timer(4_002_000)).toBe('1:06:42');
  });
});
