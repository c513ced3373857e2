/** Who was rung, who rings, who comes next. Pure: the consult's rings and the department's order in, rows out. */
import type { Department, OnCall, Ring } from '../api/schema';

/** A doctor of the rung department, on duty or not. */
export type RungColleague = OnCall;

/** The desk, after the tiers of the rota. Above it is who was asked into a call under way: nobody else would be rung for them. */
const DESK = 3;
export const passable = (ring: { tier: number }): boolean => ring.tier <= DESK;

export type RowState = 'ringing' | 'declined' | 'expired' | 'accepted' | 'next' | 'desk';

export interface Row {
  key: string;
  name: string;
  tier: number | null;
  state: RowState;
  /** Seconds it still rings, or until it begins; null where nothing is counted. */
  seconds: number | null;
  presence: string | null;
}

const DONE: Record<string, RowState> = { accepted: 'accepted', declined: 'declined', forwarded: 'declined', expired: 'expired', cancelled: 'expired', answered_elsewhere: 'expired' };
const until = (at: string | null, now: number): number | null => (at === null ? null : Math.max(0, Math.ceil((Date.parse(at) - now) / 1_000)));

export function rows(rings: readonly Ring[], department: Pick<Department, 'ring_order'> | null, over: boolean, now: number): Row[] {
  const order = [...rings].sort((a, b) => a.started_at.localeCompare(b.started_at));
  const out: Row[] = order.map((ring) => {
    const done = DONE[ring.state] ?? (over ? 'expired' : 'ringing');
    return { key: ring.user.id, name: ring.user.name, tier: ring.tier, state: done, seconds: done === 'ringing' ? until(ring.expires_at, now) : null, presence: null };
  });
  // One person may be rung twice; the last time is what counts.
  const last = new Map(out.map((row) => [row.key, row]));
  const shown = [...last.values()];
  if (over) return shown;
  const ringing = shown.find((row) => row.state === 'ringing');
  let wait = ringing?.seconds ?? 0;
  for (const tier of department?.ring_order ?? []) {
    for (const person of tier.people) {
      if (last.has(person.id) || person.presence === 'off') continue;
      shown.push({ key: person.id, name: person.name, tier: tier.tier, state: 'next', seconds: ringing ? wait : null, presence: person.presence });
      wait += tier.seconds;
    }
  }
  return shown;
}
