/**
 * Parts of the page that are loaded when they are first needed, asked for until they come: a server that is
 * started anew, or a line that is away for a moment, must not leave a hole that only a reload would fill.
 */
const FIRST_MS = 400;
const LONGEST_MS = 5_000;

export async function surely<T>(load: () => Promise<T>): Promise<T> {
  for (let wait = FIRST_MS; ; wait = Math.min(LONGEST_MS, wait * 2)) {
    try {
      return await load();
    } catch {
      await new Promise((done) => setTimeout(done, wait));
    }
  }
}
