/** What the server takes; shown before a file is chosen, not after it was sent. */
import { get } from '../api/client';
import type { Limits } from '../api/schema';

class Known {
  max: number = $state(50 * 1_048_576);
  #asked = false;

  async load(): Promise<void> {
    if (this.#asked) return;
    this.#asked = true;
    try {
      this.max = (await get<Limits>('/meta/limits')).attachment_max_bytes;
    } catch {
      // The default stands; the server judges anyway.
      this.#asked = false;
    }
  }
}
export const limits = new Known();
