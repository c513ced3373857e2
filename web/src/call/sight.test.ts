import { describe, expect, it } from 'vitest';
import { isMore, wantsOf } from './sight';

const REMOTES = [
  { pid: 'a', source: 'mic' as const },
  { pid: 'a', source: 'cam' as const },
  { pid: 'b', source: 'screen' as const },
];

describe('what is looked at', () => {
  it('is told of every picture, in steps, and nothing of what is out of sight', () => {
    expect(wantsOf(REMOTES, new Map([['a/cam', 341.5]]))).toEqual([
      { pid: 'a', source: 'cam', height: 360 },
      { pid: 'b', source: 'screen', height: 0 },
    ]);
  });

  it('is more when a picture is larger, or new, and not when one goes', () => {
    const tile = wantsOf(REMOTES, new Map([['a/cam', 120]]));
    const stage = wantsOf(REMOTES, new Map([['a/cam', 700]]));

    expect(isMore(stage, tile)).toBe(true);
    expect(isMore(tile, [])).toBe(true);
    expect(isMore(tile, stage)).toBe(false);
    expect(isMore(wantsOf(REMOTES, new Map()), [])).toBe(false);
  });
});
