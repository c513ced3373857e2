/**
 * Papers in a tab of their own, shown by the browser's own viewer. The server is asked first whether
 * it can print: a refusal is then said here in words, not by an empty tab.
 */
import { get } from '../api/client';
import { lang } from '../i18n/index.svelte';

/** The address of a paper in the reader's language. `path` is the door, with what it asks after. */
export function address(path: string, more: Record<string, string> = {}): string {
  const [door, asked = ''] = path.split('?');
  const q = new URLSearchParams(asked);
  q.set('lang', lang());
  for (const [name, value] of Object.entries(more)) q.set(name, value);
  return `${door}?${q.toString()}`;
}

/**
 * Opens the paper. The tab is opened with the press, before anything is asked: later no browser
 * would believe that a person wanted it.
 */
export async function print(path: string): Promise<void> {
  const tab = window.open('', '_blank');
  if (tab) tab.opener = null;
  try {
    await get<unknown>(address(path, { ready: 'true' }));
  } catch (fault) {
    tab?.close();
    throw fault;
  }
  const url = `/api/v1${address(path)}`;
  if (tab) tab.location.replace(url);
  else location.assign(url);
}
