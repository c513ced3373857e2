/** Dates as they are typed, and the month as a calendar shows it. Pure: today is a parameter. */
const two = (n: number): string => String(n).padStart(2, '0');
const narrow = (text: string): string => text.replace(/[０-９]/g, (one) => String.fromCharCode(one.charCodeAt(0) - 0xfee0));

/** Days of a month; months count from 1. */
export const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

const joined = (y: number, m: number, d: number): string | null =>
  y >= 1850 && y <= 2200 && m >= 1 && m <= 12 && d >= 1 && d <= daysIn(y, m) ? `${y}-${two(m)}-${two(d)}` : null;

/**
 * `1968-03-11`, `19680311`, `1968.3.11`, `1968年3月11日` mean the same day; with a time `2026-11-22 14:30`, `…T14:30`
 * and `… 1430`. Null: not a day, or not yet.
 */
export function readDate(typed: string, timed = false): string | null {
  const text = narrow(typed).trim();
  const found = /^(\d{4})(\d{2})(\d{2})(?=\D|$)/.exec(text) ?? /^(\d{4})[-/.年\s]\s*(\d{1,2})[-/.月\s]\s*(\d{1,2})日?(?=\D|$)/.exec(text);
  if (!found) return null;
  const day = joined(Number(found[1]), Number(found[2]), Number(found[3]));
  const rest = text.slice(found[0].length).trim();
  if (!day || !timed) return rest ? null : day;
  const at = /^T?\s*(\d{1,2})[:：.]?(\d{2})$/.exec(rest);
  if (!at || Number(at[1]) > 23 || Number(at[2]) > 59) return null;
  return `${day}T${two(Number(at[1]))}:${at[2]}`;
}

/** The value as the field shows it: a `T` is for machines. */
export const showDate = (value: string): string => value.replace('T', ' ');

/** The day so many days or months later; the 31st of a short month is its last day. */
export function move(day: string, by: { days?: number; months?: number }): string {
  const [y = 0, m = 1, d = 1] = day.split('-').map(Number);
  if (by.months) {
    const at = y * 12 + m - 1 + by.months;
    const year = Math.floor(at / 12);
    const month = (at % 12) + 1;
    return `${year}-${two(month)}-${two(Math.min(d, daysIn(year, month)))}`;
  }
  return new Date(Date.UTC(y, m - 1, d + (by.days ?? 0))).toISOString().slice(0, 10);
}

/** Which column a day stands in, Monday first. */
export const column = (day: string): number => (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;

/** The weeks of a day's month, Monday first; null outside of it. */
export function weeks(day: string): (string | null)[][] {
  const month = day.slice(0, 8);
  const [y = 0, m = 1] = day.split('-').map(Number);
  const all = Array.from({ length: daysIn(y, m) }, (_, i) => `${month}${two(i + 1)}`);
  const cells = [...Array.from({ length: column(`${month}01`) }, () => null), ...all];
  while (cells.length % 7) cells.push(null);
  return Array.from({ length: cells.length / 7 }, (_, i) => cells.slice(i * 7, i * 7 + 7));
}
