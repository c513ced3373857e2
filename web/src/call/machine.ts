/**
 * One call as this browser lives it. Pure: no socket, no camera, no timer.
 * `step` answers with the next state and the effects the shell has to carry out.
 *
 * A lost line is never a hang-up: the seat is kept, the last picture stays, and the machine climbs a
 * ladder of its own: restart ICE, build the connection anew, join again as the same participant.
 */
import type { ConsultId, ErrorCode, ParticipantId } from './protocol';

export type EndReason = 'left' | 'ended' | 'refused' | 'gone' | 'superseded' | 'shown-out' | 'signed-out';
export type IceState = 'new' | 'checking' | 'connected' | 'completed' | 'disconnected' | 'failed' | 'closed';

/** What the media path does, as far as this browser can see it. */
export interface Path {
  ice: IceState;
  /** Since when no byte has come; null while they come. */
  quietSince: number | null;
  /** Since when ICE says `disconnected`; null while it does not. */
  brokenSince: number | null;
  /** When the last restarts were begun; two within a minute that bring nothing mean: build anew. */
  restarts: readonly number[];
  /** A restart is under way since. */
  restarting: number | null;
}

export type Call =
  | { at: 'idle' }
  | { at: 'joining'; consult: ConsultId; since: number; attempt: number; asked: boolean }
  | { at: 'live'; consult: ConsultId; pid: ParticipantId; since: number; path: Path }
  | { at: 'rejoining'; consult: ConsultId; pid: ParticipantId; since: number; lostAt: number; attempt: number; asked: boolean; socket: boolean; path: Path }
  | { at: 'over'; consult: ConsultId; because: EndReason; code?: ErrorCode };

export type Input =
  | { is: 'enter'; consult: ConsultId; socket: boolean }
  | { is: 'joined'; pid: ParticipantId }
  | { is: 'join-refused'; code: ErrorCode; retry: boolean }
  | { is: 'socket-up'; resumed: boolean }
  | { is: 'socket-lost' }
  | { is: 'ice'; state: IceState }
  /** Every two seconds: whether anything has arrived since the last time. */
  | { is: 'bytes'; came: boolean }
  | { is: 'network-changed' }
  /** The relay has lost our seat: a restart would not bring it back. */
  | { is: 'forgotten' }
  | { is: 'restarted'; ok: boolean }
  /** A restart went out with the first frame of a new socket. */
  | { is: 'restarting' }
  | { is: 'wake' }
  | { is: 'leave' }
  | { is: 'ended'; because: EndReason };

export type Effect =
  /** Build a peer connection, make its offer and ask to join, as `pid` if we had a seat. */
  | { do: 'join'; pid: ParticipantId | null }
  /** `relayed`: by way of the TURN server only, since the plain way did not hold. */
  | { do: 'restart-ice'; relayed: boolean }
  | { do: 'say-leave' }
  | { do: 'close-all' }
  | { do: 'wake-at'; when: number };

/** ICE may say `disconnected` for a moment on any radio line: two seconds are waited first. */
export const DISCONNECTED_MS = 2_000;
/** Three seconds without a byte is when a doctor says "hello?". */
export const QUIET_MS = 3_000;
/** A restart that has brought nothing by then has failed: one round trip of a satellite line, several times. */
export const RESTART_MS = 8_000;
/** Two failed restarts within this time: the connection is built anew. */
export const RESTARTS_WITHIN_MS = 60_000;
/** Waiting before the next attempt to join. */
export const DELAYS_MS = [0, 300, 1_200, 2_700, 4_800, 5_000] as const;

const FRESH: Path = { ice: 'new', quietSince: null, brokenSince: null, restarts: [], restarting: null };

const delay = (attempt: number): number => DELAYS_MS[Math.min(attempt, DELAYS_MS.length - 1)] ?? 5_000;

export function step(call: Call, input: Input, now: number): [Call, Effect[]] {
  if (input.is === 'enter') {
    if (call.at !== 'idle' && call.at !== 'over') return [call, []];
    const next: Call = { at: 'joining', consult: input.consult, since: now, attempt: 0, asked: input.socket };
    return [next, input.socket ? [{ do: 'join', pid: null }] : []];
  }
  if (call.at === 'idle' || call.at === 'over') return [call, []];
  if (input.is === 'leave') return [{ at: 'over', consult: call.consult, because: 'left' }, [{ do: 'say-leave' }, { do: 'close-all' }]];
  if (input.is === 'ended') return [{ at: 'over', consult: call.consult, because: input.because }, [{ do: 'close-all' }]];
  switch (call.at) {
    case 'joining': return joining(call, input, now);
    case 'live': return live(call, input, now);
    case 'rejoining': return rejoining(call, input, now);
  }
}

function joining(call: Extract<Call, { at: 'joining' }>, input: Input, now: number): [Call, Effect[]] {
  switch (input.is) {
    case 'joined':
      return [{ at: 'live', consult: call.consult, pid: input.pid, since: now, path: FRESH }, []];
    case 'join-refused':
      return refused(call, input, now);
    case 'socket-up':
      return call.asked ? [call, []] : [{ ...call, asked: true }, [{ do: 'join', pid: null }]];
    case 'socket-lost':
      return [{ ...call, asked: false }, []];
    case 'wake':
      return call.asked ? [call, []] : [{ ...call, asked: true }, [{ do: 'join', pid: null }]];
    default:
      return [call, []];
  }
}

function live(call: Extract<Call, { at: 'live' }>, input: Input, now: number): [Call, Effect[]] {
  switch (input.is) {
    // The socket carries words, not voices: while media flows the call goes on without it.
    case 'socket-lost':
      return [call, []];
    case 'socket-up':
      // A server that has forgotten us has forgotten our seat as well.
      return input.resumed ? [call, []] : [lost(call, now, true), [{ do: 'join', pid: call.pid }]];
    case 'forgotten':
      return [lost(call, now, true), [{ do: 'join', pid: call.pid }]];
    case 'ice':
    case 'bytes':
    case 'network-changed':
    case 'restarted':
    case 'restarting':
    case 'wake':
      return watch(call, input, now);
    default:
      return [call, []];
  }
}

function rejoining(call: Extract<Call, { at: 'rejoining' }>, input: Input, now: number): [Call, Effect[]] {
  switch (input.is) {
    case 'joined':
      return [{ at: 'live', consult: call.consult, pid: input.pid, since: call.since, path: FRESH }, []];
    case 'join-refused':
      return refused(call, input, now);
    case 'socket-lost':
      return [{ ...call, socket: false, asked: false }, []];
    case 'socket-up':
      return [{ ...call, socket: true, asked: true }, [{ do: 'join', pid: call.pid }]];
    case 'ice':
      // A restart brought the media back before the join was needed.
      return isUp(input.state) && !call.asked
        ? [{ at: 'live', consult: call.consult, pid: call.pid, since: call.since, path: { ...FRESH, ice: input.state } }, []]
        : [call, []];
    case 'wake':
      return call.asked || !call.socket ? [call, []] : [{ ...call, asked: true }, [{ do: 'join', pid: call.pid }]];
    default:
      return [call, []];
  }
}

/** A refusal to be tried again waits a little longer each time; any other one ends the call with its reason. */
function refused(call: Extract<Call, { at: 'joining' | 'rejoining' }>, input: { code: ErrorCode; retry: boolean }, now: number): [Call, Effect[]] {
  if (!input.retry) return [{ at: 'over', consult: call.consult, because: 'refused', code: input.code }, [{ do: 'close-all' }]];
  const attempt = call.attempt + 1;
  return [{ ...call, attempt, asked: false }, [{ do: 'wake-at', when: now + delay(attempt) }]];
}

const isUp = (ice: IceState): boolean => ice === 'connected' || ice === 'completed';

function lost(call: Extract<Call, { at: 'live' }>, now: number, asked: boolean): Call {
  const lostAt = call.path.quietSince ?? call.path.brokenSince ?? now;
  return { at: 'rejoining', consult: call.consult, pid: call.pid, since: call.since, lostAt, attempt: 0, asked, socket: true, path: FRESH };
}

/** The ladder of `calls.md` 6.6: watch, restart, build anew. */
function watch(call: Extract<Call, { at: 'live' }>, input: Input, now: number): [Call, Effect[]] {
  let path = call.path;
  let must = false;
  if (input.is === 'ice') {
    path = { ...path, ice: input.state, brokenSince: input.state === 'disconnected' ? (path.brokenSince ?? now) : null };
    if (isUp(input.state)) path = { ...path, restarting: null };
    must = input.state === 'failed';
  }
  if (input.is === 'bytes') path = { ...path, quietSince: input.came ? null : (path.quietSince ?? now) };
  if (input.is === 'network-changed') must = true;
  if (input.is === 'restarting') path = { ...path, restarts: [...path.restarts, now], restarting: now };
  if (input.is === 'restarted') path = { ...path, restarting: input.ok ? path.restarting : null };

  const broken = path.brokenSince !== null && now - path.brokenSince >= DISCONNECTED_MS;
  const quiet = path.quietSince !== null && now - path.quietSince >= QUIET_MS;
  const stuck = path.restarting !== null && now - path.restarting >= RESTART_MS;
  if (stuck) path = { ...path, restarting: null };
  const wants = must || (broken && quiet) || stuck;

  if (wants && path.restarting === null) {
    const restarts = path.restarts.filter((at) => now - at < RESTARTS_WITHIN_MS);
    if (restarts.length >= 2) return [lost({ ...call, path }, now, true), [{ do: 'join', pid: call.pid }]];
    const next: Path = { ...path, restarts: [...restarts, now], restarting: now };
    // A second restart within a minute: what the browser likes best does not hold. The third builds anew, by any way.
    return [{ ...call, path: next }, [{ do: 'restart-ice', relayed: restarts.length > 0 }, { do: 'wake-at', when: now + RESTART_MS }]];
  }
  const wake: Effect[] = input.is === 'ice' && path.brokenSince !== null ? [{ do: 'wake-at', when: now + QUIET_MS }] : [];
  return [{ ...call, path }, wake];
}

/** Whether the media path is in doubt: then its restart travels with the first frame of a new socket. */
export function inDoubt(call: Call): boolean {
  if (call.at !== 'live') return false;
  const { ice, quietSince, brokenSince, restarting } = call.path;
  return quietSince !== null || brokenSince !== null || restarting !== null || ice === 'failed';
}

/** Since when the other side is not heard, for the grey picture with its seconds; null while all is well. */
export function lostSince(call: Call): number | null {
  if (call.at === 'rejoining') return call.lostAt;
  if (call.at !== 'live') return null;
  if (call.path.restarting !== null) return call.path.quietSince ?? call.path.restarting;
  return null;
}
