/** What is done to the rows of a list: one deed at a time, and why the last one was not done. */
export class Deeds {
  /** Which one is under way, in the page's own word. */
  busy: string | null = $state(null);
  fault: unknown = $state.raw(null);
  readonly #after: () => void;

  /** `after` is what follows each of them, done or not: the list is looked at again. */
  constructor(after: () => void) {
    this.#after = after;
  }

  async run(what: string, deed: () => Promise<unknown>): Promise<void> {
    if (this.busy) return;
    this.busy = what;
    this.fault = null;
    try {
      await deed();
    } catch (said) {
      this.fault = said;
    } finally {
      this.busy = null;
      this.#after();
    }
  }
}
