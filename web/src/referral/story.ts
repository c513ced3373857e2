/** A story of referrals as a picture: a lane for each house, an arrow for each letter, a bar where the patient is. Pure. */
import type { ChainLink, FacilityRef, ReferralState } from '../api/schema';

const RANK: Record<string, number> = { village: 0, township: 1, community: 1, county: 2, specialised: 3, tertiary: 3 };

/** How an arrow is drawn: on its way, gone over, or come to nothing. */
export type Way = 'asked' | 'taken' | 'void';

export interface Row {
  link: ChainLink;
  from: number;
  to: number;
  way: Way;
  /** The lane the patient was in before the letter, and after it. */
  before: number;
  after: number;
  /** The patient had left there: before the letter, after it. */
  goneBefore: boolean;
  gone: boolean;
  earlier: { to: number; house: FacilityRef; state: string; at: string | null }[];
  waits: FacilityRef | null;
}

export interface Picture {
  lanes: FacilityRef[];
  rows: Row[];
}

/** Which side the next step is up to; nobody's at the end. */
const SIDE: Partial<Record<ReferralState, 'from' | 'to'>> = {
  draft: 'from', submitted: 'to', more_info: 'from', accepted: 'to', scheduled: 'to', no_show: 'to', arrived: 'to', in_treatment: 'to',
  discharged: 'from', referred_back: 'from', follow_up: 'from', cancel_requested: 'to', rejected: 'from',
};

const way = (one: ChainLink): Way => {
  if (one.accepted_at || one.arrived_at) return 'taken';
  return ['rejected', 'cancelled', 'expired', 'entered_in_error', 'closed'].includes(one.state) ? 'void' : 'asked';
};
const since = (one: ChainLink): string => one.submitted_at ?? one.created_at;

export function drawn(links: readonly ChainLink[]): Picture {
  const inOrder = [...links].sort((a, b) => since(a).localeCompare(since(b)) || a.id.localeCompare(b.id));
  const met: FacilityRef[] = [];
  const meet = (house: FacilityRef): void => void (met.some((one) => one.id === house.id) || met.push(house));
  for (const one of inOrder) {
    meet(one.from);
    one.earlier.forEach((leg) => meet(leg.to));
    meet(one.to);
  }
  const lanes = met.map((house, i) => ({ house, i })).sort((a, b) => (RANK[a.house.level] ?? 2) - (RANK[b.house.level] ?? 2) || a.i - b.i).map((one) => one.house);
  const lane = (house: FacilityRef): number => lanes.findIndex((one) => one.id === house.id);
  let at = inOrder[0] ? lane(inOrder[0].from) : 0;
  let left = false;
  const rows = inOrder.map((link): Row => {
    const [before, goneBefore] = [at, left];
    if (link.arrived_at) [at, left] = [lane(link.to), !!link.left_at];
    const side = SIDE[link.state];
    return {
      link, from: lane(link.from), to: lane(link.to), way: way(link), before, after: at, goneBefore, gone: left,
      earlier: link.earlier.map((leg) => ({ to: lane(leg.to), house: leg.to, state: leg.state, at: leg.ended_at })),
      waits: side ? link[side] : null,
    };
  });
  return { lanes, rows };
}

/** The stories of a patient, the newest first. */
export function stories(links: readonly ChainLink[]): ChainLink[][] {
  const of = new Map<string, ChainLink[]>();
  for (const one of links) of.set(one.chain_id, [...(of.get(one.chain_id) ?? []), one]);
  const last = (all: ChainLink[]): string => all.map(since).sort().at(-1) ?? '';
  return [...of.values()].sort((a, b) => last(b).localeCompare(last(a)));
}
