/** A refusal in the reader's words: what is so, what is safe, what to do. Never a code alone. */
import { knows, lang, t, type Key, type Params } from '../i18n/index.svelte';
import { bytes, clock, stretch } from '../ui/time';
import { Refused, type FieldFault, type Problem } from './client';

/** `reading`: nothing was to be saved, so nothing is said about saving. */
export function sentence(fault: unknown, reading = false): string {
  const problem = fault instanceof Refused ? fault.problem : { code: 'internal', status: 0 };
  const read = `problem.read.${problem.code}`;
  return reading && knows(read) ? t(read, paramsOf(problem)) : sentenceOf(problem);
}

export function sentenceOf(problem: Problem): string {
  const open = problem['open_actions'];
  if (problem.code === 'wrong_state' && Array.isArray(open) && open.length) {
    return t('problem.wrong_state.open', { open: open.map((one) => actionWord(String(one))).join(t('common.list')) });
  }
  // Somebody was faster: who it was, what he did, and when.
  const by = problem['by'] as { name?: string } | null | undefined;
  if (problem.code === 'stale' && by?.name && typeof problem['at'] === 'string' && typeof problem['action'] === 'string') {
    return t('problem.stale.by', { who: by.name, what: actionWord(problem['action']), time: clock(Date.parse(problem['at'])) });
  }
  const key = `problem.${problem.code}`;
  const words: Key = knows(key) ? key : 'problem.internal';
  return t(words, paramsOf(problem));
}

/** Codes say what; numbers in the problem say how much. */
function paramsOf(problem: Problem): Params {
  const params: Params = { ref: (problem.request_id ?? '—').slice(-6).toUpperCase() };
  for (const [name, value] of Object.entries(problem)) {
    if (typeof value === 'string' || typeof value === 'number') params[name] = value;
    if (Array.isArray(value) && value.every((one) => typeof one === 'string')) params[name] = value.join(t('common.list'));
  }
  const wait = problem['retry_after_s'];
  params['for'] = stretch((typeof wait === 'number' ? wait : 60) * 1000, lang());
  const limit = problem['limit'];
  params['limit'] = bytes(typeof limit === 'number' ? limit : 50 * 1_048_576);
  return params;
}

/** The sentence under one field. */
export function fieldSentence(fault: FieldFault): string {
  const exact = `field.${fault.field}.${fault.code}`;
  if (knows(exact)) return t(exact, fault.params);
  const general = `field.${fault.code}`;
  return t(knows(general) ? general : 'field.invalid', fault.params);
}

/** The faults of a 422 by field name: `question`, `exam.spo2`. */
export function fieldFaults(fault: unknown): Record<string, string> {
  if (!(fault instanceof Refused) || !Array.isArray(fault.problem.errors)) return {};
  return Object.fromEntries(fault.problem.errors.map((one) => [one.field.replace(/^\//, '').replace(/\//g, '.'), fieldSentence(one)]));
}

/** The name of a step, whichever record it belongs to. */
export function actionWord(action: string): string {
  for (const key of [`cs.act.${action}`, `rf.act.${action}`]) if (knows(key)) return t(key);
  return t('common.more');
}
