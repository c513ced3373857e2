/** Light or dark; theme.js has set it before the first paint. */
export const theme: { now: 'light' | 'dark' } = $state({
  now: document.documentElement.dataset['theme'] === 'dark' ? 'dark' : 'light',
});

export function setTheme(next: 'light' | 'dark'): void {
  theme.now = next;
  document.documentElement.dataset['theme'] = next;
  try {
    localStorage.setItem('theme', next);
  } catch {
    // The choice lasts as long as the page.
  }
}

export const flipTheme = (): void => setTheme(theme.now === 'dark' ? 'light' : 'dark');
