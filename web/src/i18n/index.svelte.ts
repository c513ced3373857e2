/**
 * Words in the reader's language. Keys are typed. What the first screens need comes with them; the
 * rest comes with the pages that need it (`needWords`), English when it is chosen.
 */
import { words as base } from './base.zh';
import type { Key } from './zh';

export type { Key } from './zh';
export type Lang = 'zh' | 'en';
export type Params = Record<string, string | number>;

type Table = Readonly<Record<string, string>>;
let current = $state.raw<{ lang: Lang; table: Table }>({ lang: 'zh', table: base });
let all = false;

/** The language on the screen just now. */
export const lang = (): Lang => current.lang;

export function t(key: Key, params?: Params): string {
  return fill(current.table[key] ?? key, params);
}

/** Whether a computed key (a state, a code) has words. */
export const knows = (key: string): key is Key => key in current.table;

/** A computed key, with a spare for codes this build has never heard of. */
export function tr(key: string, spare: Key, params?: Params): string {
  return t(knows(key) ? key : spare, params);
}

export function fill(text: string, params?: Params): string {
  return params ? text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole)) : text;
}

async function table(of: Lang, whole: boolean): Promise<Table> {
  const [first, later] = await Promise.all([
    of === 'en' ? import('./base.en').then((m) => m.words) : base,
    !whole ? {} : of === 'en' ? import('./late.en').then((m) => m.words) : import('./late.zh').then((m) => m.words),
  ]);
  return { ...first, ...later };
}

/** Brings the words of the later pages. */
export async function needWords(): Promise<void> {
  if (all) return;
  const of = current.lang;
  const whole = await table(of, true);
  all = true;
  if (current.lang === of) current = { lang: of, table: whole };
  else await setLang(current.lang);
}

export async function setLang(next: Lang): Promise<void> {
  current = { lang: next, table: await table(next, all) };
  document.documentElement.lang = next === 'en' ? 'en' : 'zh-CN';
  try {
    localStorage.setItem('lang', next);
  } catch {
    // Private mode: the choice lasts as long as the page.
  }
}

export async function startLang(): Promise<void> {
  // Two windows side by side speak one language.
  addEventListener('storage', (event) => {
    if (event.key === 'lang' && event.newValue) void setLang(event.newValue === 'en' ? 'en' : 'zh');
  });
  if (document.documentElement.lang === 'en') await setLang('en');
}
