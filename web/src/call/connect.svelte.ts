/**
 * The tab's one socket, made known to the house: what it hears goes to `live.svelte.ts`, where every page
 * listens; what it knows of the line and the server's clock goes where the page heads read it.
 */
import { setServerClock } from '../api/client';
import { line, lineIs, lineLost, presence, tellBack, tellLive } from '../live.svelte';
import { probe } from './probe';
import type { HeldSeat, Ring } from './protocol';
import { Signal, type Connection } from './signal';

export const signal = new Signal(`${location.protocol === 'http:' ? 'ws' : 'wss'}://${location.host}/api/v1/socket`, device());

/** The connection as a page reads it. */
export const socket: Connection = $state({ state: 'off', since: Date.now(), ms: null, retryAt: null });

/** Calls that wait for this person, most urgent first, then oldest. */
export const waiting: { rings: Ring[] } = $state({ rings: [] });

/** Where this person sits, in this tab or another; `null` until the server has said so. */
export const held: { seats: HeldSeat[] | null } = $state({ seats: null });

/** So long a socket may be away before the page says that the line is gone. */
const GONE_MS = 3_000;
const RANK = { emergency: 0, urgent: 1, routine: 2 } as const;

signal.connection.subscribe((now) => {
  Object.assign(socket, now);
  line.live = probe.live = now.state === 'open';
  if (now.state === 'off') held.seats = null;
  if (now.state === 'open') lineIs(now.ms);
  // A socket may fall and stand up again within a breath: only what stays gone is called gone.
  if (now.state === 'lost' && (!navigator.onLine || Date.now() - now.since > GONE_MS)) lineLost();
});
signal.onWelcome(({ gone, resumed, now }) => {
  setServerClock(Date.parse(now));
  if (!resumed) waiting.rings = [];
  // Pages take their records anew: what happened meanwhile is not told one by one.
  if (gone) tellLive({ type: 'reset' });
  tellBack();
});
signal.onAny((event, at, n) => {
  probe.told?.({ event, at, n });
  tellLive({ ...event });
});
signal.onState('seats', (full) => (held.seats = (full['seats'] ?? []) as HeldSeat[]));
signal.onState('presence', (full) => {
  presence.users = (full['users'] ?? {}) as Record<string, string>;
});
signal.onState('rings', (full) => {
  const rings = [...((full['rings'] ?? []) as Ring[])];
  waiting.rings = rings.sort((a, b) => RANK[a.urgency] - RANK[b.urgency] || a.started_at.localeCompare(b.started_at));
});

/** A name for this browser, drawn once: two tabs of one PC are told apart by their sessions, not by this. */
function device(): string {
  const fresh = `dev-${crypto.randomUUID().slice(0, 8)}`;
  try {
    const known = localStorage.getItem('device');
    if (known) return known;
    localStorage.setItem('device', fresh);
  } catch {
    // Private mode: a new name on every visit.
  }
  return fresh;
}
