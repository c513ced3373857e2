/**
 * The one way to the server. Says who we are (the cookie does), that the request comes from our own
 * page, and turns a refusal into one `Refused` with a stable code, so that pages can say it in words.
 */
import type { Page } from './schema';

export interface FieldFault {
  field: string;
  code: string;
  params?: Record<string, string | number>;
}

/** RFC 9457 as the server writes it; codes are listed in docs/problems.md. */
export interface Problem {
  code: string;
  status: number;
  title?: string;
  detail?: string;
  request_id?: string;
  errors?: FieldFault[];
  [extra: string]: unknown;
}

/** The server answered, and said no. Or the line did: then the code is `no_line`. */
export class Refused extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.code);
    this.name = 'Refused';
    this.problem = problem;
  }
  get code(): string {
    return this.problem.code;
  }
  get status(): number {
    return this.problem.status;
  }
}

export interface Answer<T> {
  body: T;
  etag: string | null;
  status: number;
}

export interface Ask {
  body?: unknown;
  /** Version the change is based on; becomes If-Match. */
  version?: number;
  /** Makes a repeated press the same press. */
  key?: string;
  signal?: AbortSignal;
}

const listeners = new Set<(heard: { ms: number; at: number } | 'lost' | 'signed-out') => void>();

/** Tells when an answer came and how long it took, when the line was lost, when the session ended. */
export function onAnswer(fn: (heard: { ms: number; at: number } | 'lost' | 'signed-out') => void): () => void {
  listeners.add(fn);
  return () => listeners.delete(fn);
}
const tellAll = (heard: { ms: number; at: number } | 'lost' | 'signed-out'): void => listeners.forEach((fn) => fn(heard));

let skew = 0;

/** The server's clock: times left are counted from it, never from the PC's. */
export const serverNow = (): number => Date.now() + skew;

/** The socket's welcome carries a finer clock than the Date header. */
export function setServerClock(ms: number): void {
  skew = ms - Date.now();
}

export const newKey = (): string => crypto.randomUUID();

export async function ask<T>(method: string, path: string, how: Ask = {}): Promise<Answer<T>> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-Causeway'] = '1';
  if (how.body !== undefined) headers['Content-Type'] = 'application/json';
  if (how.key) headers['Idempotency-Key'] = how.key;
  if (how.version !== undefined) headers['If-Match'] = `"${how.version}"`;
  const began = performance.now();
  let answer: Response;
  try {
    answer = await fetch(`/api/v1${path}`, {
      method,
      headers,
      body: how.body === undefined ? null : JSON.stringify(how.body),
      credentials: 'same-origin',
      signal: how.signal ?? null,
    });
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === 'AbortError') throw fault;
    tellAll('lost');
    throw new Refused({ code: 'no_line', status: 0 });
  }
  const ms = performance.now() - began;
  heardClock(answer.headers.get('Date'), ms);
  tellAll({ ms, at: Date.now() });
  if (!answer.ok) {
    const problem = await problemOf(answer);
    if (problem.status === 401 && path !== '/session') tellAll('signed-out');
    throw new Refused(problem);
  }
  const body = answer.status === 204 ? (undefined as T) : ((await answer.json()) as T);
  return { body, etag: answer.headers.get('ETag'), status: answer.status };
}

/** Reads a refusal, and a page of a proxy in between, into the same shape. */
export async function problemOf(answer: Response): Promise<Problem> {
  try {
    const said = (await answer.json()) as Partial<Problem>;
    const code = said.code ?? (typeof said['type'] === 'string' ? String(said['type']).replace(/^.*[/:]/, '') : undefined);
    const request_id = said.request_id ?? answer.headers.get('X-Request-Id') ?? undefined;
    if (code) return { ...said, code, status: answer.status, ...(request_id ? { request_id } : {}) };
  } catch {
    // Not JSON: something between us and the server spoke.
  }
  return { code: byStatus(answer.status), status: answer.status };
}

function byStatus(status: number): string {
  if (status === 401) return 'not_signed_in';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not_found';
  if (status === 413) return 'too_large';
  if (status === 429) return 'slow_down';
  if (status >= 502 && status <= 504) return 'unavailable';
  return 'internal';
}

function heardClock(date: string | null, ms: number): void {
  const at = date ? Date.parse(date) : Number.NaN;
  // The header counts whole seconds: move the clock only if it is clearly off.
  if (!Number.isNaN(at) && Math.abs(at + 500 + ms / 2 - serverNow()) > 2000) skew = at + 500 + ms / 2 - Date.now();
}

export const get = async <T>(path: string, signal?: AbortSignal): Promise<T> =>
  (await ask<T>('GET', path, signal ? { signal } : {})).body;
export const list = async <T>(path: string, signal?: AbortSignal): Promise<T[]> => (await get<Page<T>>(path, signal)).items;
/** A list that is read to its end, page after page: histories, which are looked at whole. */
export async function whole<T>(path: string, signal?: AbortSignal): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const q: string = new URLSearchParams({ limit: '200', ...(cursor ? { cursor } : {}) }).toString();
    const page: Page<T> = await get<Page<T>>(`${path}${path.includes('?') ? '&' : '?'}${q}`, signal);
    items.push(...page.items);
    cursor = page.next ?? null;
  } while (cursor);
  return items;
}
export const post = async <T>(path: string, body: unknown, key = newKey()): Promise<T> =>
  (await ask<T>('POST', path, { body, key })).body;
export const put = async <T>(path: string, body: unknown): Promise<T> => (await ask<T>('PUT', path, { body })).body;
export const patch = async <T>(path: string, body: unknown, version: number): Promise<T> =>
  (await ask<T>('PATCH', path, { body, version })).body;
export const remove = async (path: string): Promise<void> => {
  await ask<void>('DELETE', path, { key: newKey() });
};

/** One step of a record's workflow. The same key on every retry: pressed twice is done once. */
export const act = async <T>(
  record: { kind: 'consults' | 'referrals' | 'patients'; id: string; version: number },
  action: string,
  body: unknown,
  key = newKey(),
): Promise<T> =>
  (await ask<T>('POST', `/${record.kind}/${record.id}/actions/${action}`, { body, key, version: record.version })).body;

/** `a=1&b=2` without the empty ones. */
export function query(values: Record<string, string | null | undefined>): string {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(values)) if (v) q.set(k, v);
  const text = q.toString();
  return text ? `?${text}` : '';
}
