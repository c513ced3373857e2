/**
 * A list that comes page by page: more of it when the end is near, and what is loaded stays on the
 * screen while it is asked for again.
 */
import { untrack } from 'svelte';
import { get, Refused } from '../api/client';
import type { Page } from '../api/schema';
import { Resource } from './resource.svelte';

/** What a list door takes at most. */
const MOST = 200;
const USUAL = 50;

/** `items` and, behind them, those of `more` that are not among them. */
export function joined<T extends { id: string }>(items: readonly T[], more: readonly T[]): T[] {
  const known = new Set(items.map((one) => one.id));
  return [...items, ...more.filter((one) => !known.has(one.id))];
}

export class Pages<T extends { id: string }, P extends Page<T> = Page<T>> {
  /** Goes on behind the last row, if there is more. */
  next: string | null = $state(null);
  /** Another page is on its way. */
  busy: boolean = $state(false);
  /** Why the next page did not come. */
  stuck: unknown = $state.raw(null);
  readonly #path: () => string;
  readonly #first: Resource<P>;
  #going: AbortController | null = null;

  constructor(path: () => string) {
    this.#path = path;
    this.#first = new Resource((signal) => this.#again(signal));
  }

  get value(): P | undefined { return this.#first.value; }
  get items(): T[] | undefined { return this.#first.value?.items; }
  get fault(): unknown { return this.#first.fault; }
  get at(): number { return this.#first.at; }

  /** Asks again for as much as is on the screen. */
  load(): Promise<void> {
    return this.#first.load();
  }

  /** Another list now: what was loaded is let go. */
  reset(): Promise<void> {
    this.#going?.abort();
    this.#first.value = undefined;
    this.next = null;
    this.stuck = null;
    this.busy = false;
    return this.load();
  }

  /** The next page. */
  async more(): Promise<void> {
    const from = this.next;
    if (!from || this.busy) return;
    const going = new AbortController();
    this.#going = going;
    this.busy = true;
    this.stuck = null;
    try {
      const page = await this.#page(from, USUAL, going.signal);
      const before = this.#first.value;
      if (going.signal.aborted || !before) return;
      // While it came the list was asked for again, from its start: then this page belongs nowhere.
      if (this.next !== from) return;
      this.#first.set({ ...page, items: joined(before.items, page.items) });
      this.next = page.next ?? null;
    } catch (said) {
      if (going.signal.aborted) return;
      if (said instanceof Refused && said.status === 422) void this.load();
      else this.stuck = said;
    } finally {
      if (this.#going === going) this.busy = false;
    }
  }

  stop(): void {
    this.#going?.abort();
    this.#first.stop();
  }

  async #again(signal: AbortSignal): Promise<P> {
    // Asked from an effect, this must not make the effect hang on what it is about to fetch.
    const had = untrack(() => this.items?.length ?? 0);
    let page = await this.#page(null, Math.min(Math.max(had, USUAL), MOST), signal);
    let items = page.items;
    while (page.next && items.length < had) {
      page = await this.#page(page.next, MOST, signal);
      items = joined(items, page.items);
    }
    if (!signal.aborted) this.next = page.next ?? null;
    return { ...page, items };
  }

  #page(cursor: string | null, limit: number, signal: AbortSignal): Promise<P> {
    const path = this.#path();
    const q = new URLSearchParams({ limit: String(limit), ...(cursor ? { cursor } : {}) });
    return get<P>(`${path}${path.includes('?') ? '&' : '?'}${q.toString()}`, signal);
  }
}
