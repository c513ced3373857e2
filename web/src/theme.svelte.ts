/** Light or dark, by the system's wish or by choice; theme.js has set it before the first paint. */
export type Look = 'light' | 'dark';

const system = matchMedia('(prefers-color-scheme: dark)');
const asked = (kept: string | null): Look | null => (kept === 'light' || kept === 'dark' ? kept : null);

function kept(): string | null {
  try {
    return localStorage.getItem('theme');
  } catch {
    return null;
  }
}

/** `choice` is null as long as the system decides. */
export const theme: { now: Look; choice: Look | null } = $state({
  now: document.documentElement.dataset['theme'] === 'dark' ? 'dark' : 'light',
  choice: asked(kept()),
});

function show(choice: Look | null): void {
  theme.choice = choice;
  theme.now = choice ?? (system.matches ? 'dark' : 'light');
  document.documentElement.dataset['theme'] = theme.now;
}

export function setTheme(choice: Look | null): void {
  show(choice);
  try {
    if (choice) localStorage.setItem('theme', choice);
    else localStorage.removeItem('theme');
  } catch {
    // The choice lasts as long as the page.
  }
}

export const flipTheme = (): void => setTheme(theme.now === 'dark' ? 'light' : 'dark');

/** The system may change at dusk; another window of ours may have been told otherwise. */
export function followTheme(): void {
  system.addEventListener('change', () => theme.choice || show(null));
  addEventListener('storage', (event) => {
    if (event.key === 'theme') show(asked(event.newValue));
  });
}
