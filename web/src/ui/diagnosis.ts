/** A diagnosis as it is typed: `I21.1 急性下壁心肌梗死`, or the words alone. Pure. */
import type { Diagnosis } from '../api/schema';

/** The same shape as the server's `is_icd10`: the category, then up to six digits of a hospital's own. */
const CODE = /^([A-Za-z]\d\d(?:\.[A-Za-z0-9+*]{1,6})?)(?=$|[\s,，:：])/;

export function splitDiagnosis(typed: string): Diagnosis | null {
  const text = typed.trim().replace(/\s+/g, ' ');
  if (!text) return null;
  const code = CODE.exec(text)?.[1];
  if (!code) return { code: null, text };
  const words = text.slice(code.length).replace(/^[\s,，:：]+/, '');
  return { code: code.charAt(0).toUpperCase() + code.slice(1), text: words || code.toUpperCase() };
}

export const dxText = (one: Diagnosis): string => (one.code ? `${one.text} ${one.code}` : one.text);

/** Letters only: somebody on the way to a word, by pinyin or by code. */
export const byLetters = (typed: string): boolean => /^[A-Za-z][A-Za-z0-9.]*$/.test(typed.trim()) && !splitDiagnosis(typed)?.code;

/** What was typed as a diagnosis of its own, where it is one. */
export const freely = (typed: string): string | null => (typed.trim() && !/^[A-Za-z0-9.\s]*$/.test(typed) ? typed.trim() : null);
