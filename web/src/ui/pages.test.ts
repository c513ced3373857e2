import { afterEach, expect, it, vi } from 'vitest';
import { Pages } from './pages.svelte';

interface Row { id: string }
const asked: string[] = [];

/** A list of `n` rows behind a door that hands out `limit` at once; `next` is the number of the last row. */
function door(n: () => number): void {
  vi.stubGlobal('fetch', (address: string) => {
    const q = new URL(address, 'https://here.invalid').searchParams;
    asked.push(q.toString());
    const from = Number(q.get('cursor') ?? 0);
    const to = Math.min(from + Number(q.get('limit')), n());
    const items = Array.from({ length: to - from }, (_, i) => ({ id: `row-${from + i}` }));
    return Promise.resolve(new Response(JSON.stringify({ items, next: to < n() ? String(to) : null }), { headers: { 'content-type': 'application/json' } }));
  });
}
afterEach(() => {
  vi.unstubAllGlobals();
  asked.length = 0;
});

it('goes on behind the last row until there is no more', async () => {
  door(() => 120);
  const list = new Pages<Row>(() => '/consults?box=mine');
  await list.load();
  await list.more();
  await list.more();
  await list.more();

  expect(list.items?.map((one) => one.id)).toEqual(Array.from({ length: 120 }, (_, i) => `row-${i}`));
  expect(list.next).toBeNull();
  expect(asked).toHaveLength(3);
});

it('keeps what is loaded when the list is asked for again', async () => {
  let n = 700;
  door(() => n);
  const list = new Pages<Row>(() => '/consults?box=mine');
  await list.load();
  for (let i = 0; i < 9; i++) await list.more();
  expect(list.items).toHaveLength(500);
  n = 701;
  await list.load();

  expect(list.items?.length).toBeGreaterThanOrEqual(500);
  expect(list.next).not.toBeNull();
});

it('says when the next page did not come, and fetches it when asked again', async () => {
  door(() => 60);
  const list = new Pages<Row>(() => '/consults?box=mine');
  await list.load();
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no line')));
  await list.more();
  expect(list.stuck).not.toBeNull();
  expect(list.items).toHaveLength(50);
  door(() => 60);
  await list.more();

  expect(list.stuck).toBeNull();
  expect(list.items).toHaveLength(60);
});
