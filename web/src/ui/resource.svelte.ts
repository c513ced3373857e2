/** Something fetched: old content stays visible while new comes, with its age. */
import { Refused, serverNow } from '../api/client';
import { onBack } from '../live.svelte';

export class Resource<T> {
  value: T | undefined = $state.raw();
  fault: unknown = $state.raw(null);
  loading: boolean = $state(false);
  /** When the content on the screen was true, in the server's time. */
  at: number = $state(0);
  readonly #fetch: (signal: AbortSignal) => Promise<T>;
  #going: AbortController | null = null;
  #unhear: (() => void) | null = null;

  constructor(fetcher: (signal: AbortSignal) => Promise<T>) {
    this.#fetch = fetcher;
  }

  async load(): Promise<void> {
    this.#going?.abort();
    this.#unhear?.();
    this.#unhear = null;
    const going = new AbortController();
    this.#going = going;
    this.loading = true;
    try {
      const value = await this.#fetch(going.signal);
      if (going.signal.aborted) return;
      this.value = value;
      this.fault = null;
      this.at = serverNow();
    } catch (fault) {
      if (going.signal.aborted) return;
      this.fault = fault;
      // Only the line or the server was away: asked again when it is back, without anybody pressing.
      if (fault instanceof Refused && (fault.status === 0 || fault.status >= 502)) this.#unhear = onBack(() => void this.load());
    } finally {
      if (this.#going === going) this.loading = false;
    }
  }

  /** What an action answered with is newer than what was fetched. */
  set(value: T): void {
    this.#going?.abort();
    this.loading = false;
    this.value = value;
    this.fault = null;
    this.at = serverNow();
  }

  stop(): void {
    this.#unhear?.();
    this.#unhear = null;
    this.#going?.abort();
  }
}

/** Several events in one breath are one reload. */
export function gather(fn: () => void, wait = 150): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(fn, wait);
  };
}
