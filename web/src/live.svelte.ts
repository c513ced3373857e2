/**
 * What the socket hears, handed to whoever cares. The call room speaks (`tellLive`, `line`),
 * pages listen (`onLive`). Neither knows the other.
 */
import { onAnswer, serverNow } from './api/client';

export interface LiveEvent {
  type: string;
  consult?: string;
  referral?: string;
  action?: string;
  state?: string;
  [more: string]: unknown;
}

type Listener = (event: LiveEvent) => void;
const listeners = new Set<Listener>();

export function onLive(fn: Listener): () => void {
  listeners.add(fn);
  return () => listeners.delete(fn);
}

export function tellLive(event: LiveEvent): void {
  for (const fn of [...listeners]) fn(event);
}

const waitingForLine = new Set<() => void>();

/** Calls whenever the server can be reached again after it could not. */
export function onBack(fn: () => void): () => void {
  waitingForLine.add(fn);
  return () => waitingForLine.delete(fn);
}

/** The socket has been let in. */
export function tellBack(): void {
  for (const fn of [...waitingForLine]) fn();
}

/** The line between this PC and the server, as the head of every page shows it. */
export const line: { state: 'good' | 'fair' | 'poor' | 'off'; ms: number | null; live: boolean; offSince: number | null } =
  $state({ state: 'good', ms: null, live: false, offSince: null });

/** Statuses of colleagues, by user id, as the socket reports them. */
export const presence: { users: Record<string, string> } = $state({ users: {} });

/** The minute hand of the screen: derived texts that count time read it. */
export const tick = $state({ now: Date.now() });

export function lineIs(ms: number | null): void {
  if (ms !== null) line.ms = Math.round(ms);
  line.offSince = null;
  line.state = line.ms === null || line.ms < 300 ? 'good' : line.ms < 800 ? 'fair' : 'poor';
}

export function lineLost(): void {
  if (line.state !== 'off') line.offSince = Date.now();
  line.state = 'off';
}

export function startLive(): void {
  onAnswer((heard) => {
    if (heard === 'lost') lineLost();
    else if (heard !== 'signed-out') lineIs(heard.ms);
  });
  addEventListener('offline', lineLost);
  addEventListener('online', () => lineIs(null));
  if (!navigator.onLine) lineLost();
  setInterval(() => (tick.now = serverNow()), 1000);
  tick.now = serverNow();
}
