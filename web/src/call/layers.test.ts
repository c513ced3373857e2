import { describe, expect, it } from 'vitest';
import { UPLINK, layersOf, sent, uplink } from './layers';

describe('what is sent of a camera', () => {
  it('is what somebody looks at', () => {
    expect(sent(['f', 'h'], undefined, false)).toEqual([true, true]);
    expect(sent(['f', 'h'], ['f'], false)).toEqual([true, false]);
    expect(sent(['f', 'h'], ['h'], false)).toEqual([false, true]);
    expect(sent(['f', 'h'], [], false)).toEqual([false, false]);
  });

  it('is the smallest there is when a smaller one is asked for', () => {
    expect(sent(['f', 'h'], ['q'], false)).toEqual([false, true]);
  });

  it('is all or nothing where there is one encoding only', () => {
    expect(sent([undefined], ['h'], false)).toEqual([true]);
    expect(sent([undefined], [], true)).toEqual([false]);
  });

  it('is the small one alone while the uplink loses packets', () => {
    expect(sent(['f', 'h'], ['f', 'h'], true)).toEqual([false, true]);
    expect(sent(['f', 'h'], [], true)).toEqual([false, false]);
  });
});

describe('an uplink', () => {
  it('is weak at once and well again after ten seconds', () => {
    let line = uplink(UPLINK, 0.2, 0);
    expect(line.weak).toBe(true);
    for (const now of [2_000, 6_000, 11_000]) line = uplink(line, 0.01, now);
    expect(line.weak).toBe(true);
    expect(uplink(line, 0.01, 12_000).weak).toBe(false);
  });

  it('that is neither well nor bad stays as it is', () => {
    expect(uplink(UPLINK, 0.08, 0).weak).toBe(false);
    expect(uplink({ weak: true, wellSince: 0 }, 0.08, 20_000)).toEqual({ weak: true, wellSince: null });
  });
});

it('a telling that is not understood changes nothing', () => {
  expect(layersOf(undefined)).toEqual([]);
  expect(layersOf([{ mid: '1', rids: ['f'] }, 7, { mid: 2 }])).toEqual([{ mid: '1', rids: ['f'] }]);
});
