/**
 * What is being written, kept on this machine: sealed, under the writer's own id, gone when the writer
 * signs out; through reload, crash and closed browser it stays. Forms call `keep` on every change.
 */
import * as shelf from '../drafts/shelf';

const DELAY = 400; // after the last key, look.md section 6

export class Draft<T extends object> {
  readonly name: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pending: T | null = null;
  #last = '';
  readonly #kept: ((at: number) => void) | undefined;

  constructor(name: string, kept?: (at: number) => void) {
    this.name = name;
    this.#kept = kept;
    addEventListener('pagehide', this.#leave);
  }

  readonly #leave = (): void => this.flush();

  read(): Partial<T> | null {
    return shelf.read(this.name) as Partial<T> | null;
  }

  keep(value: T): void {
    this.#pending = value;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), DELAY);
  }

  flush(): void {
    clearTimeout(this.#timer);
    const value = this.#pending;
    this.#pending = null;
    const text = value ? JSON.stringify(value) : '';
    if (!value || text === this.#last) return;
    this.#last = text;
    void shelf.keep(this.name, value).then((safe) => {
      if (safe) this.#kept?.(Date.now());
    });
  }

  /** The form is left: what is pending goes to disk. */
  leave(): void {
    this.flush();
    removeEventListener('pagehide', this.#leave);
  }

  drop(): void {
    clearTimeout(this.#timer);
    this.#pending = null;
    this.#last = '';
    void shelf.drop(this.name);
  }
}
