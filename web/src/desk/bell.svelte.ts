/** The desk's bell: an urgent letter that comes in is heard, unless this browser was told to keep quiet. */
import { blocked, onBlocked, ring } from '../call/sound';
import type { LiveEvent } from '../live.svelte';

const KEPT = 'desk.muted';
/** An emergency rings longer: somebody may be in the next room. */
const SECONDS = { emergency: 6, urgent: 2 } as const;
/** A letter comes in when it is sent, sent again or sent on; and it is heard again when its time runs out. */
const COMES = new Set(['submit', 'resubmit', 'redirect', 'redirect_by_sender', 'redirect_after_reject', 'nearly_late']);

function kept(): boolean {
  try {
    return localStorage.getItem(KEPT) === '1';
  } catch {
    return false;
  }
}

let quiet: ReturnType<typeof setTimeout> | undefined;
let stop: (() => void) | null = null;

export const muted = $state({ on: kept() });
export const bell = $state({ blocked: blocked() });
onBlocked((now) => (bell.blocked = now));

/** Quiet, or heard again. */
export function setMuted(on: boolean): void {
  muted.on = on;
  if (on) stop?.();
  try {
    localStorage.setItem(KEPT, on ? '1' : '0');
  } catch {
    // Private mode: the choice lasts as long as the page.
  }
}

/** How long an event is heard at a desk, in seconds; 0 is not at all. */
export function heard(event: LiveEvent, box: 'in' | 'out'): number {
  const urgency = event['urgency'];
  if (box !== 'in' || !COMES.has(String(event.action))) return 0;
  return urgency === 'emergency' || urgency === 'urgent' ? SECONDS[urgency] : 0;
}

export function chime(event: LiveEvent, box: 'in' | 'out'): void {
  const seconds = heard(event, box);
  if (!seconds || muted.on) return;
  stop?.();
  clearTimeout(quiet);
  stop = ring(event['urgency'] as 'emergency' | 'urgent');
  quiet = setTimeout(() => stop?.(), seconds * 1_000);
}
