/**
 * Enter leads to the next field, as on paper. A group of choices is one stop, a list of phrases too.
 * Shift+Enter makes a new line; an Enter that belongs to an input method is left alone.
 */
import { composing } from './keys';

const plainEnter = (event: KeyboardEvent): boolean =>
  event.key === 'Enter' && !event.defaultPrevented && !composing(event) && !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey;

/** What Enter stops at, in the order of the page. */
function stops(root: HTMLElement): HTMLElement[] {
  const met = new Set<string>();
  return [...root.querySelectorAll<HTMLElement>('input, select, textarea, [data-stop], .panel-foot .btn.primary')].filter((one) => {
    if (!one.offsetParent || (one as HTMLInputElement).disabled) return false;
    if (!(one instanceof HTMLInputElement)) return true;
    if (one.type === 'file' || one.type === 'hidden') return false;
    if (one.type !== 'radio') return true;
    if (met.has(one.name)) return false;
    const group = [...root.querySelectorAll<HTMLInputElement>(`input[type="radio"][name="${CSS.escape(one.name)}"]`)];
    if (group.some((other) => other.checked) && !one.checked) return false;
    met.add(one.name);
    return true;
  });
}

export function walk(event: KeyboardEvent): void {
  const at = event.target;
  if (!plainEnter(event) || !(at instanceof HTMLElement)) return;
  const isField = at instanceof HTMLInputElement || at instanceof HTMLSelectElement || at instanceof HTMLTextAreaElement || at.dataset['stop'] !== undefined;
  // A list is written line by line.
  if (!isField || at.dataset['lines'] !== undefined) return;
  event.preventDefault();
  const all = stops(event.currentTarget as HTMLElement);
  const radio = at instanceof HTMLInputElement && at.type === 'radio' ? at.name : null;
  const here = all.findIndex((one) => one === at || (radio !== null && one instanceof HTMLInputElement && one.name === radio));
  all[here + 1]?.focus();
}

/** Where in a text something is still to be written: the next `＿` after `from`. */
export function blankAfter(text: string, from: number): [number, number] | null {
  const found = /＿+/.exec(text.slice(from));
  return found ? [from + found.index, from + found.index + found[0].length] : null;
}
