/** Vital signs: what is off range, and what cannot be. Pure. Ranges of adults at rest. */
import type { Exam } from '../api/schema';

export type Sign = 'bp_sys' | 'bp_dia' | 'heart_rate' | 'spo2' | 'temp_c' | 'resp_rate' | 'glucose';

/** [cannot be under, low under, high over, cannot be over] */
const RANGE: Record<Sign, readonly [number, number, number, number]> = {
  bp_sys: [30, 100, 140, 300],
  bp_dia: [10, 60, 90, 200],
  heart_rate: [15, 50, 100, 300],
  spo2: [30, 95, 100, 100],
  temp_c: [25, 36, 37.3, 45],
  resp_rate: [3, 12, 20, 90],
  glucose: [0.5, 3.9, 11.1, 60],
};

export type Verdict = 'low' | 'high' | null;

export function verdict(sign: Sign, value: number | null | undefined): Verdict {
  if (value === null || value === undefined) return null;
  const [, low, high] = RANGE[sign];
  return value < low ? 'low' : value > high ? 'high' : null;
}

export function impossible(sign: Sign, value: number | null | undefined): boolean {
  if (value === null || value === undefined) return false;
  const [min, , , max] = RANGE[sign];
  return Number.isNaN(value) || value < min || value > max;
}

export interface Cell {
  key: 'bp' | Exclude<Sign, 'bp_sys' | 'bp_dia'>;
  text: string;
  off: Verdict;
}

/** The cells as they are shown: pressure as one, percent with its sign. */
export function cells(exam: Exam | null | undefined): Cell[] {
  if (!exam) return [];
  const shown: Cell[] = [];
  if (exam.bp_sys != null || exam.bp_dia != null) {
    shown.push({ key: 'bp', text: `${exam.bp_sys ?? '—'}/${exam.bp_dia ?? '—'}`, off: verdict('bp_sys', exam.bp_sys) ?? verdict('bp_dia', exam.bp_dia) });
  }
  for (const key of ['heart_rate', 'spo2', 'temp_c', 'resp_rate', 'glucose'] as const) {
    const value = exam[key];
    if (value != null) shown.push({ key, text: key === 'spo2' ? `${value}%` : String(value), off: verdict(key, value) });
  }
  return shown;
}

/** A number as it is typed, with a full stop or a comma, full-width or not; null when empty. */
export function typedNumber(text: string): number | null {
  const plain = text.replace(/[\uFF10-\uFF19]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0)).replace(/[，,。．]/g, '.').replace(/[%％℃\s]/g, '');
  return plain === '' ? null : /^\d{1,3}(\.\d{0,2})?$/.test(plain) ? Number(plain) : Number.NaN;
}
