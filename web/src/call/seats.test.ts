import { describe, expect, it } from 'vitest';
import type { Person } from './protocol';
import { front, seats, type Own, type Words } from './seats';

const person = (pid: string, name: string, more: Partial<Person> = {}): Person => ({
  pid, user: { id: `usr-${pid}`, name }, facility: { id: 'fac-1', name: '' }, role: 'specialist', joined_at: '', reconnecting: false, mic: 'on', cam: 'on', screen: 'off', ...more,
});
const track = (id: string): MediaStreamTrack => ({ id }) as MediaStreamTrack;
const OWN: Own = { pid: 'me', name: '林秋雁', camera: null, cam: 'off', muted: false, spare: null };
const WORDS: Words = { me: '我', of: (source, name) => `${name} ${source}`, noPicture: '', restore: (state) => (state === 'refused' ? '点此恢复' : undefined) };

describe('the stage', () => {
  it('shows each person once, oneself last', () => {
    const all = seats([person('me', '林秋雁'), person('a', '许望舟')], [{ pid: 'a', source: 'cam', track: track('t') }], [], OWN, WORDS);

    expect(all.map((s) => s.key)).toEqual(['a/cam', 'me/cam']);
  });

  it('puts what is shown about the patient before faces', () => {
    const remotes = [{ pid: 'a', source: 'cam' as const, track: track('f') }, { pid: 'a', source: 'exam' as const, track: track('e') }];

    expect(front(seats([person('a', '许望舟')], remotes, [], OWN, WORDS), null)?.key).toBe('a/exam');
  });

  it('shows a portrait, not a frozen picture, when a camera was turned off', () => {
    const [seat] = seats([person('a', '许望舟', { cam: 'off' })], [{ pid: 'a', source: 'cam', track: track('t') }], [], OWN, WORDS);

    expect(seat?.track).toBeNull();
  });

  it('keeps a picked seat in front until it is gone', () => {
    const two = seats([person('a', '许望舟'), person('b', '秦川渡')], [], [], OWN, WORDS);
    const one = seats([person('a', '许望舟')], [], [], OWN, WORDS);

    expect(front(two, 'b/cam')?.name).toBe('秦川渡');
    expect(front(one, 'b/cam')?.name).toBe('许望舟');
  });

  it('offers to restore a camera that was refused', () => {
    expect(seats([], [], [], { ...OWN, cam: 'refused' }, WORDS).at(-1)?.restore).toBe('点此恢复');
  });
});
