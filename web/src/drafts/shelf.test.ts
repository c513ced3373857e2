import { beforeEach, describe, expect, it, vi } from 'vitest';

const disk = new Map<string, unknown>();
const line = { up: false };

vi.mock('../api/client', () => ({
  get: () => (line.up ? Promise.resolve({ key: '00' }) : Promise.reject(new Error('no line'))),
}));
vi.mock('./cell', () => ({
  keyOf: () => Promise.resolve({}),
  put: (_: unknown, user: string, kind: string, name: string, value: unknown) => Promise.resolve(void disk.set(`${user} ${kind} ${name}`, value)),
  drop: (user: string, kind: string, name: string) => Promise.resolve(void disk.delete(`${user} ${kind} ${name}`)),
  all: (_: unknown, user: string) =>
    Promise.resolve([...disk].filter(([place]) => place.startsWith(user)).map(([place, value]) => {
      const [, kind, name] = place.split(' ');
      return { kind, name, value };
    })),
}));

const shelf = await import('./shelf');
const onDisk = (name: string): unknown => (disk.get(`usr-1 draft ${name}`) as { value: unknown } | undefined)?.value;

describe('what is written before the boxes are open', () => {
  beforeEach(() => {
    shelf.close();
    disk.clear();
    line.up = false;
  });

  it('goes to disk once they are, each thing as it was last', async () => {
    disk.set('usr-1 draft consult:a', { at: 1, value: 'of yesterday' });
    disk.set('usr-1 draft consult:b', { at: 1, value: 'sent since' });
    await expect(shelf.open('usr-1')).rejects.toThrow();

    expect(await shelf.keep('consult:a', 'first')).toBe(false);
    expect(await shelf.keep('consult:a', 'last')).toBe(false);
    expect(await shelf.drop('consult:b')).toBe(false);
    line.up = true;
    await shelf.open('usr-1');

    await vi.waitFor(() => expect(onDisk('consult:a')).toBe('last'));
    await vi.waitFor(() => expect(onDisk('consult:b')).toBeUndefined());
    expect(shelf.read('consult:a')).toBe('last');
    expect(shelf.read('consult:b')).toBeNull();
  });

  it('is nobody else’s', async () => {
    await expect(shelf.open('usr-1')).rejects.toThrow();
    await shelf.keep('consult:a', 'mine');
    line.up = true;
    await shelf.open('usr-2');
    await new Promise((later) => setTimeout(later, 10));

    expect([...disk]).toEqual([]);
    expect(shelf.read('consult:a')).toBeNull();
  });
});
