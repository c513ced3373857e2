/**
 * Single keys, printed on their buttons. They work when no field has focus, and never while an input
 * method is composing: the Enter that ends a pinyin is not the Enter that submits.
 */

/** Whether the key belongs to an input method. 229 is what older Chromium reports while composing. */
export const composing = (event: KeyboardEvent): boolean => event.isComposing || event.keyCode === 229;

export function inField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'file'].includes(target.type);
}

/** `a`, `Ctrl+Enter`, `Alt+ArrowUp`. */
export function nameOf(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${event.altKey ? 'Alt+' : ''}${key}`;
}

let off = false;
export const singleKeysOff = (): boolean => off;
export function setSingleKeysOff(value: boolean): void {
  off = value;
  try {
    localStorage.setItem('keys', value ? 'off' : 'on');
  } catch {
    // The choice lasts as long as the page.
  }
}
try {
  off = globalThis.localStorage?.getItem('keys') === 'off';
} catch {
  off = false;
}

/** Answers `false` when the key was not meant for it after all: then the next listener may have it. */
type Deed = (event: KeyboardEvent) => unknown;

/** How many dialogs are open: below them the page's keys sleep. */
let layers = 0;
export function layer(): () => void {
  layers += 1;
  return () => (layers -= 1);
}

/** An Enter on a button or a link is that button's or link's own. */
const ownEnter = (target: EventTarget | null): boolean => target instanceof Element && target.closest('button, a[href], summary') !== null;

/**
 * Listens on the window until the returned function is called. Keys with Ctrl or Alt, and Escape,
 * also work inside fields.
 */
export function keys(map: Record<string, Deed | undefined>, how: { inLayer?: boolean } = {}): () => void {
  const hear = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || composing(event) || (layers > 0 && !how.inLayer)) return;
    const name = nameOf(event);
    const deed = map[name];
    if (!deed) return;
    const everywhere = name.includes('+') || name === 'Escape';
    if (!everywhere && (inField(event.target) || off)) return;
    if (name === 'Enter' && ownEnter(event.target)) return;
    if (deed(event) !== false) event.preventDefault();
  };
  addEventListener('keydown', hear);
  return () => removeEventListener('keydown', hear);
}
