/** Where the browser stands. Links are ordinary `<a href>`; this catches them so that a call goes on. */
import { match, type Match } from './router';

interface Place extends Match {
  path: string;
  query: URLSearchParams;
}

const read = (): Place => ({
  ...match(location.pathname),
  path: location.pathname,
  query: new URLSearchParams(location.search),
});

export const place: Place = $state(read());

function take(next: Place): void {
  place.page = next.page;
  place.id = next.id;
  place.path = next.path;
  place.query = next.query;
}

export function go(href: string, how: { replace?: boolean } = {}): void {
  const before = location.pathname;
  if (how.replace) history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  take(read());
  if (before !== location.pathname) scrollTo(0, 0);
}

/** Changes parts of the query in place; null takes a part away. */
export function setQuery(parts: Record<string, string | null>): void {
  const q = new URLSearchParams(location.search);
  for (const [k, v] of Object.entries(parts)) {
    if (v === null) q.delete(k);
    else q.set(k, v);
  }
  const text = q.toString();
  go(location.pathname + (text ? `?${text}` : ''), { replace: true });
}

export function startNav(): void {
  addEventListener('popstate', () => take(read()));
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const href = link?.getAttribute('href');
    if (!link || !href?.startsWith('/') || href.startsWith('/api/') || link.target || link.hasAttribute('download')) return;
    event.preventDefault();
    go(href);
  });
}
