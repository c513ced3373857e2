/** Figures in words: what stands in a cell, how a change reads, which days a choice means. Pure. */
import type { Told, Unit } from './types';

export type Tongue = 'zh' | 'en';

const grouped = (n: number, digits: number): string => n.toLocaleString('en-US', { maximumFractionDigits: digits });

/** Minutes as people say them: `40 分`, `6 小时 25 分`, `3 天 4 小时`. */
export function minutes(n: number, lang: Tongue): string {
  const whole = Math.round(n);
  const words = lang === 'zh' ? [' 天', ' 小时', ' 分'] : [' d', ' h', ' min'];
  const parts = [Math.floor(whole / 1440), Math.floor((whole % 1440) / 60), whole % 60];
  const first = parts.findIndex((part) => part > 0);
  if (first < 0) return `0${words[2]}`;
  return parts
    .slice(first, first + 2)
    .map((part, at) => (part > 0 || at === 0 ? `${part}${words[first + at]}` : ''))
    .filter(Boolean)
    .join(' ');
}

/** A value in its unit. */
export function inUnit(value: number, unit: Unit, lang: Tongue): string {
  if (unit === 'share') return `${(value * 100).toFixed(1)}%`;
  if (unit === 'minutes') return minutes(value, lang);
  if (unit === 'seconds') return `${grouped(value, 1)} ${lang === 'zh' ? '秒' : 's'}`;
  if (unit === 'bytes') return value < 1_000_000 ? `${grouped(value / 1000, 0)} kB` : `${grouped(value / 1_000_000, 1)} MB`;
  return grouped(value, unit === 'each' ? 2 : 1);
}

/** What stands in the cell: a value, `<5`, `n<6`, or a dash. */
export function cell(told: Told, unit: Unit, lang: Tongue): string {
  if (told.hidden) return '<5';
  if (told.few) return 'n<6';
  return told.value === null ? '–' : inUnit(told.value, unit, lang);
}

/** How a figure moved, if both are told: shares in points, counts in percent, times in themselves. */
export function change(now: Told, before: Told | null, unit: Unit, lang: Tongue): string | null {
  if (!before || now.value === null || before.value === null) return null;
  const by = now.value - before.value;
  const sign = by > 0 ? '▲' : by < 0 ? '▼' : '=';
  if (by === 0) return '=';
  if (unit === 'share') return `${sign} ${Math.abs(by * 100).toFixed(1)} ${lang === 'zh' ? '个百分点' : 'points'}`;
  if (unit === 'count' && before.value > 0) return `${sign} ${Math.abs((by / before.value) * 100).toFixed(1)}%`;
  return `${sign} ${inUnit(Math.abs(by), unit, lang)}`;
}

export type Choice = 'month' | 'quarter' | 'year' | 'free';

const two = (n: number): string => String(n).padStart(2, '0');
const first = (year: number, month: number): string => `${year + Math.floor(month / 12)}-${two((((month % 12) + 12) % 12) + 1)}-01`;

/** The days of a choice around `day`, moved by `steps` months, quarters or years. */
export function span(choice: Exclude<Choice, 'free'>, day: string, steps = 0): { from: string; to: string } {
  const [year = 0, month = 1] = day.split('-').map(Number);
  const long = choice === 'month' ? 1 : choice === 'quarter' ? 3 : 12;
  const start = Math.floor((month - 1) / long) * long + steps * long;
  return { from: first(year, start), to: first(year, start + long) };
}

/** Which choice these days are. */
export function choiceOf(from: string, to: string): Choice {
  for (const choice of ['month', 'quarter', 'year'] as const) {
    const whole = span(choice, from);
    if (whole.from === from && whole.to === to) return choice;
  }
  return 'free';
}

/** Round steps of an axis up to at least `most`; at most five of them. */
export function steps(most: number): number[] {
  const rough = Math.max(most, 4) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= rough && Number.isInteger(n)) ?? power * 10;
  const found = [0];
  while (found[found.length - 1]! < most) found.push(found[found.length - 1]! + step);
  return found.length > 1 ? found : [0, step];
}
