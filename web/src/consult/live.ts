/** Which consults are still going on. Pure. */
import type { ConsultBrief } from '../api/schema';

const LIVE = new Set(['requested', 'queued', 'ringing', 'accepted', 'in_progress', 'interrupted']);

export const isLive = (one: Pick<ConsultBrief, 'state'>): boolean => LIVE.has(one.state);

/** Whether there is, or may be in a moment, a call to be in. */
export const hasCall = (one: Pick<ConsultBrief, 'state' | 'kind'>): boolean =>
  one.kind !== 'async' && ((one.kind === 'instant' && ['requested', 'ringing', 'queued'].includes(one.state)) || ['accepted', 'in_progress', 'interrupted'].includes(one.state));

/** Whether a person can go into the call just now. */
export const canJoin = (one: Pick<ConsultBrief, 'state' | 'kind'>): boolean =>
  one.kind !== 'async' && ['accepted', 'in_progress', 'interrupted', 'opinion_given'].includes(one.state);
