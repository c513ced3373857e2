import { describe, expect, it } from 'vitest';
import { DOWN_MS, UNKNOWN, UP_MS, besideTile, look, rungOf, type Line, type Sample } from './quality';

const GOOD: Sample = { lossIn: 0, lossOut: 0, rttMs: 48, downKbps: 900, upKbps: 400, height: 360, fps: 15, frames: 30, bytes: 9_000, route: 'udp' };
const BAD: Sample = { ...GOOD, lossIn: 0.3 };

function see(looks: [number, Sample][]): Line {
  return looks.reduce((line, [now, sample]) => look(line, sample, now), UNKNOWN);
}

describe('the line', () => {
  it('goes down a rung only after a second of bad figures', () => {
    expect(see([[0, GOOD], [2_000, BAD]]).rung).toBe('full');
    expect(see([[0, GOOD], [2_000, BAD], [2_000 + DOWN_MS, BAD]]).rung).toBe('voice');
  });

  it('comes up only after ten seconds of good ones', () => {
    const fallen: [number, Sample][] = [[0, GOOD], [2_000, BAD], [4_000, BAD]];

    expect(see([...fallen, [6_000, GOOD], [6_000 + UP_MS - 1, GOOD]]).rung).toBe('voice');
    expect(see([...fallen, [6_000, GOOD], [6_000 + UP_MS, GOOD]]).rung).toBe('full');
  });

  it('starts its patience anew when it stumbles on the way up', () => {
    expect(see([[0, GOOD], [2_000, BAD], [4_000, BAD], [6_000, GOOD], [12_000, BAD], [13_000, GOOD], [17_000, GOOD]]).rung).toBe('voice');
  });

  it('says whose side is thin', () => {
    const twice = (s: Sample): Line => see([[0, s], [2_000, s]]);

    expect(twice({ ...GOOD, lossOut: 0.3 }).whose).toBe('mine');
    expect(twice({ ...GOOD, lossIn: 0.3 }).whose).toBe('theirs');
    expect(twice({ ...GOOD, rttMs: 700 }).whose).toBe('mine');
    expect(twice(GOOD).whose).toBeNull();
  });

  it('is for text when a question takes more than a second and a half to arrive', () => {
    expect(rungOf({ lossIn: 0, lossOut: 0, rttMs: 1_600 })).toBe('text');
  });
});

describe('what is said beside a tile', () => {
  const line = (more: object) => ({ lossUp: 0, lossDown: 0, rttMs: 80, share: 'full' as const, ...more });

  it('is nothing while the line is good or unknown', () => {
    expect(besideTile(undefined, false)).toBeNull();
    expect(besideTile(line({ lossUp: 0.02 }), false)).toBeNull();
  });
  it('tells whose sending suffers from who is sent less', () => {
    expect(besideTile(line({ lossUp: 0.12 }), false)).toBe('sends');
    expect(besideTile(line({ lossDown: 0.12, share: 'quarter' }), false)).toBe('less');
    expect(besideTile(line({ lossUp: 0.12 }), true)).toBe('mine.sends');
  });
  it('says first who is left with voices only', () => {
    expect(besideTile(line({ lossUp: 0.3, share: 'voice' }), false)).toBe('voice');
    expect(besideTile(line({ share: 'voice' }), true)).toBe('mine.voice');
  });
});
