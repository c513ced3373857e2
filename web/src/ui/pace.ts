/**
 * How much work a letter is: active time, keys, clicks, from the first page of it to the sending.
 * Numbers only, never what was typed or where. A pause of more than five seconds is not activity.
 */
export type Path = 'from_consult' | 'known_patient' | 'new_patient';
export interface Pace {
  path: Path;
  active_ms: number;
  /** From the first page of it to the sending, pauses and all. */
  wall_ms: number;
  keys: number;
  clicks: number;
  /** Fields that were filled in when the letter was opened, and those that were changed. */
  prefilled: number;
  edited: number;
}

const GAP = 5_000;
/** Whoever comes back after so long begins anew. */
const LOST = 10 * 60_000;
let going: (Pace & { began: number; last: number }) | null = null;
let listens = false;

export function heard(kind: 'key' | 'click' | 'move', at: number): void {
  if (!going) return;
  if (at - going.last <= GAP) going.active_ms += Math.max(0, Math.round(at - going.last));
  going.last = at;
  if (kind === 'key') going.keys += 1;
  if (kind === 'click') going.clicks += 1;
}

function listen(): void {
  if (listens || typeof window === 'undefined') return;
  listens = true;
  const on = (name: string, kind: 'key' | 'click' | 'move'): void =>
    addEventListener(name, (event) => { if (event.isTrusted && !(event instanceof KeyboardEvent && event.repeat)) heard(kind, performance.now()); }, { capture: true, passive: true });
  on('keydown', 'key');
  on('pointerdown', 'click');
  on('input', 'move');
  on('wheel', 'move');
}

/** Begins to count, or goes on where the page before it began. */
export function begin(path: Path, at = performance.now()): void {
  listen();
  if (going && at - going.last < LOST && (path !== 'from_consult' || going.path === path)) {
    // Somebody who was looked for and not found is entered: it is still the same letter.
    if (path === 'new_patient') going.path = path;
    return;
  }
  going = { path, active_ms: 0, wall_ms: 0, keys: 0, clicks: 0, prefilled: 0, edited: 0, began: at, last: at };
}

/** What it came to so far. */
export function told(): Pace | null {
  if (!going) return null;
  const { path, active_ms, keys, clicks, prefilled, edited } = going;
  return { path, active_ms, wall_ms: Math.max(active_ms, Math.round(going.last - going.began)), keys, clicks, prefilled, edited };
}

/** Of a form's fields, how many were there before and how many were changed. Never which, never what. */
export function fields(before: object, after: object): void {
  if (!going) return;
  const said = (value: unknown): string => JSON.stringify(value ?? null);
  const blank = new Set(['null', '""', '[]', 'false', '{}']);
  const pairs = Object.entries(after).map(([name, value]) => [said((before as Record<string, unknown>)[name]), said(value)] as const);
  going.prefilled = pairs.filter(([was]) => !blank.has(was)).length;
  going.edited = pairs.filter(([was, is]) => was !== is).length;
}

/** Sent, or given up. */
export function end(): void {
  going = null;
}
