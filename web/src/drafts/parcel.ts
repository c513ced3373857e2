/**
 * What is sent, step by step, exactly once. Pure: given what the server said, what to do next. A parcel
 * holds the keys it is sent under from the moment the button was pressed, so sending it again after a
 * crash, a lost answer or a closed browser is the same request.
 */
import type { Problem } from '../api/client';

export type What = 'patient' | 'consult' | 'referral' | 'opinion' | 'step';

export interface Step {
  method: 'POST' | 'PATCH';
  /** `{id}` is the id in the last answer. */
  path: string;
  body: unknown;
  key: string;
  /** The version it is based on: a number, that of the last answer, or none. */
  version?: number | 'last';
}

export interface Answered {
  id: string;
  version: number;
  no: string;
}

export interface Parcel {
  id: string;
  /** When the button was pressed. */
  at: number;
  what: What;
  /** Whom it is about, as the list names it. */
  title: string;
  /** The action's word, of a step. */
  action?: string;
  /** The draft it was made of: dropped when it is through, still there if it is refused. */
  draft: string;
  /** Where the form is. */
  href: string;
  steps: Step[];
  /** How many of the steps are done, and what the last one said. */
  done: number;
  last: Answered | null;
  /** After this it is not sent by itself: somebody has to look at it first. */
  until: number;
  state: 'waiting' | 'refused';
  problem: Problem | null;
}

export interface Request {
  method: string;
  path: string;
  body: unknown;
  key: string;
  version?: number;
}

/** The next request, or null when the parcel is through. */
export function next(parcel: Parcel): Request | null {
  const step = parcel.steps[parcel.done];
  if (!step) return null;
  const version = step.version === 'last' ? parcel.last?.version : step.version;
  return {
    method: step.method,
    path: step.path.replace('{id}', parcel.last?.id ?? ''),
    body: step.body,
    key: step.key,
    ...(version === undefined ? {} : { version }),
  };
}

/** A step was answered. */
export function answered(parcel: Parcel, body: unknown): Parcel {
  const said = (body ?? {}) as Partial<Answered>;
  const last = { id: said.id ?? parcel.last?.id ?? '', version: said.version ?? parcel.last?.version ?? 0, no: said.no ?? parcel.last?.no ?? '' };
  return { ...parcel, done: parcel.done + 1, last, state: 'waiting', problem: null };
}

/** What a refusal means for a parcel. */
export type Verdict = 'later' | 'look' | 'refused';

/**
 * `later`: the line or the server is gone, or somebody must sign in. `look`: the letter was changed by
 * this same parcel before its answer was lost; look at the record and go on. `refused`: for a person.
 */
export function verdict(parcel: Parcel, problem: Problem): Verdict {
  if (problem.status === 0 || problem.status >= 500 || problem.status === 401 || problem.status === 429 || problem.code === 'in_flight') return 'later';
  const step = parcel.steps[parcel.done];
  return problem.status === 412 && step?.method === 'PATCH' ? 'look' : 'refused';
}

/** After looking: a draft is written over on its new version; what was sent already needs no more writing. */
export function looked(parcel: Parcel, record: Answered & { state: string }): Parcel {
  if (record.state !== 'draft') return answered(parcel, record);
  const steps = parcel.steps.map((step, at) => (at === parcel.done ? { ...step, version: record.version } : step));
  return { ...parcel, steps };
}

/**
 * The same form, changed after it was handed over and perhaps half received. A record that may have been
 * made is found again under the key it was made with, and written over: never made twice.
 */
export function amended(before: Parcel, steps: readonly Step[]): Step[] {
  const [made, fresh] = [before.steps[0], steps[0]];
  if (!made || !fresh || made.method !== 'POST' || fresh.method !== 'POST' || made.path !== fresh.path || steps.length < 2) return [...steps];
  const { patient_id: _, ...body } = fresh.body as Record<string, unknown>;
  return [made, { method: 'PATCH', path: `${made.path}/{id}`, body, key: fresh.key, version: 'last' }, ...steps.slice(1)];
}

export const refused = (parcel: Parcel, problem: Problem): Parcel => ({ ...parcel, state: 'refused', problem });

/** Sent by itself, or does somebody have to press the button? */
export const goesByItself = (parcel: Parcel, now: number): boolean => parcel.state === 'waiting' && now <= parcel.until;
