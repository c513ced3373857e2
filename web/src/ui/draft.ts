/**
 * What is being written, kept on this machine: session storage, under the writer's own id, gone when
 * the browser closes or the writer signs out. Forms call `keep` on every change.
 */
const DELAY = 400; // after the last key, look.md section 6

export class Draft<T extends object> {
  readonly #key: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pending: T | null = null;
  readonly #kept: ((at: number) => void) | undefined;

  constructor(user: string, name: string, kept?: (at: number) => void) {
    this.#key = `draft:${user}:${name}`;
    this.#kept = kept;
  }

  read(): Partial<T> | null {
    try {
      const text = sessionStorage.getItem(this.#key);
      return text ? (JSON.parse(text) as Partial<T>) : null;
    } catch {
      return null;
    }
  }

  keep(value: T): void {
    this.#pending = value;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), DELAY);
  }

  flush(): void {
    clearTimeout(this.#timer);
    if (!this.#pending) return;
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(this.#pending));
      this.#kept?.(Date.now());
    } catch {
      // Full or forbidden: the form itself still holds everything.
    }
    this.#pending = null;
  }

  drop(): void {
    clearTimeout(this.#timer);
    this.#pending = null;
    try {
      sessionStorage.removeItem(this.#key);
    } catch {
      // Nothing was kept.
    }
  }
}
