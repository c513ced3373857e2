import { describe, expect, it } from 'vitest';
import { DISCONNECTED_MS, QUIET_MS, RESTART_MS, inDoubt, lostSince, step, type Call, type Effect, type Input } from './machine';

const CONSULT = 'con-1';

/** Plays inputs at their times and keeps what the machine asked for. */
function play(script: [number, Input][], from: Call = { at: 'idle' }): { call: Call; effects: Effect[]; last: Effect[] } {
  let call = from;
  let last: Effect[] = [];
  const effects: Effect[] = [];
  for (const [now, input] of script) {
    [call, last] = step(call, input, now);
    effects.push(...last);
  }
  return { call, effects, last };
}
const done = (effects: Effect[]): string[] => effects.map((e) => e.do);
const LIVE: [number, Input][] = [
  [0, { is: 'enter', consult: CONSULT, socket: true }],
  [400, { is: 'joined', pid: 'par-1' }],
  [500, { is: 'ice', state: 'connected' }],
];

describe('joining', () => {
  it('asks at once when the socket is there', () => {
    const { call, effects } = play([[0, { is: 'enter', consult: CONSULT, socket: true }]]);

    expect(call.at).toBe('joining');
    expect(effects).toEqual([{ do: 'join', pid: null }]);
  });

  it('waits for the socket and then asks once', () => {
    const { effects } = play([
      [0, { is: 'enter', consult: CONSULT, socket: false }],
      [10, { is: 'socket-up', resumed: false }],
      [20, { is: 'socket-up', resumed: true }],
    ]);

    expect(effects).toEqual([{ do: 'join', pid: null }]);
  });

  it('tries again, later each time, after a refusal that may pass', () => {
    const busy: Input = { is: 'join-refused', code: 'internal', retry: true };
    const { effects } = play([...LIVE.slice(0, 1), [100, busy], [400, { is: 'wake' }], [500, busy]]);

    expect(effects.filter((e) => e.do === 'wake-at')).toEqual([{ do: 'wake-at', when: 400 }, { do: 'wake-at', when: 1_700 }]);
  });

  it('ends with the reason of a refusal that will not pass', () => {
    const { call } = play([...LIVE.slice(0, 1), [100, { is: 'join-refused', code: 'full', retry: false }]]);

    expect(call).toMatchObject({ at: 'over', because: 'refused', code: 'full' });
  });
});

describe('a live call', () => {
  it('goes on while only the socket is gone', () => {
    const { call, last } = play([...LIVE, [1_000, { is: 'socket-lost' }], [2_000, { is: 'socket-up', resumed: true }]]);

    expect(call.at).toBe('live');
    expect(last).toEqual([]);
  });

  it('knows when its path is in doubt, and that a restart is under way', () => {
    const quiet = play([...LIVE, [3_000, { is: 'bytes', came: false }], [3_100, { is: 'socket-lost' }]]);
    const sent = play([[4_000, { is: 'restarting' }], [6_000, { is: 'network-changed' }]], quiet.call);

    expect([inDoubt(play(LIVE).call), inDoubt(quiet.call)]).toEqual([false, true]);
    expect(done(sent.effects)).not.toContain('restart-ice');
  });

  it('joins again as the same participant when the server has forgotten the session', () => {
    const { call, last } = play([...LIVE, [1_000, { is: 'socket-lost' }], [2_000, { is: 'socket-up', resumed: false }]]);

    expect(call.at).toBe('rejoining');
    expect(last).toEqual([{ do: 'join', pid: 'par-1' }]);
  });

  it('does nothing about a short stumble of ICE', () => {
    const { call, effects } = play([
      ...LIVE,
      [1_000, { is: 'ice', state: 'disconnected' }],
      [2_500, { is: 'bytes', came: true }],
      [2_900, { is: 'ice', state: 'connected' }],
      [9_000, { is: 'wake' }],
    ]);

    expect(done(effects)).not.toContain('restart-ice');
    expect(lostSince(call)).toBeNull();
  });

  it('restarts ICE after it broke and no byte came for three seconds', () => {
    const { call, effects } = play([
      ...LIVE,
      [1_000, { is: 'ice', state: 'disconnected' }],
      [1_000, { is: 'bytes', came: false }],
      [1_000 + DISCONNECTED_MS, { is: 'wake' }],
      [1_000 + QUIET_MS, { is: 'wake' }],
    ]);

    expect(done(effects).filter((d) => d === 'restart-ice')).toHaveLength(1);
    expect(lostSince(call)).toBe(1_000);
  });

  it('restarts at once when ICE failed or the network changed', () => {
    expect(done(play([...LIVE, [1_000, { is: 'ice', state: 'failed' }]]).last)).toContain('restart-ice');
    expect(done(play([...LIVE, [1_000, { is: 'network-changed' }]]).last)).toContain('restart-ice');
  });

  it('does not begin a second restart while one is under way', () => {
    const { effects } = play([...LIVE, [1_000, { is: 'ice', state: 'failed' }], [1_200, { is: 'network-changed' }]]);

    expect(done(effects).filter((d) => d === 'restart-ice')).toHaveLength(1);
  });

  it('builds the connection anew, in the same seat, after two restarts within a minute brought nothing', () => {
    const { call, effects } = play([
      ...LIVE,
      [1_000, { is: 'ice', state: 'failed' }],
      [1_000 + RESTART_MS, { is: 'wake' }],
      [1_000 + 2 * RESTART_MS, { is: 'wake' }],
    ]);

    expect(done(effects).filter((d) => d === 'restart-ice')).toHaveLength(2);
    expect(effects.at(-1)).toEqual({ do: 'join', pid: 'par-1' });
    expect(call.at).toBe('rejoining');
  });

  it('says goodbye when one leaves and not when the other side ended it', () => {
    expect(done(play([...LIVE, [9_000, { is: 'leave' }]]).last)).toEqual(['say-leave', 'close-all']);
    expect(done(play([...LIVE, [9_000, { is: 'ended', because: 'ended' }]]).last)).toEqual(['close-all']);
  });
});

describe('coming back', () => {
  const AWAY: [number, Input][] = [...LIVE, [5_000, { is: 'socket-up', resumed: false }]];

  it('keeps the time the call began', () => {
    const { call } = play([...AWAY, [6_000, { is: 'joined', pid: 'par-1' }]]);

    expect(call).toMatchObject({ at: 'live', since: 400 });
  });

  it('waits for the socket and asks again when it is back', () => {
    const { call, last } = play([...AWAY, [6_000, { is: 'socket-lost' }], [9_000, { is: 'wake' }]]);
    expect(last).toEqual([]);

    expect(step(call, { is: 'socket-up', resumed: true }, 9_500)[1]).toEqual([{ do: 'join', pid: 'par-1' }]);
  });
});
