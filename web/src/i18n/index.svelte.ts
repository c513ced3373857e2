/** Words in the reader's language. Keys are typed; English is fetched when it is wanted. */
import { zh, type Key, type Words } from './zh';

export type { Key } from './zh';
export type Lang = 'zh' | 'en';
export type Params = Record<string, string | number>;

let current = $state.raw<{ lang: Lang; table: Words }>({ lang: 'zh', table: zh });

/** The language on the screen just now. */
export const lang = (): Lang => current.lang;

export function t(key: Key, params?: Params): string {
  return fill(current.table[key], params);
}

/** Whether a computed key (a state, a code) has words. */
export const knows = (key: string): key is Key => key in zh;

/** A computed key, with a spare for codes this build has never heard of. */
export function tr(key: string, spare: Key, params?: Params): string {
  return t(knows(key) ? key : spare, params);
}

export function fill(text: string, params?: Params): string {
  return params ? text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole)) : text;
}

export async function setLang(next: Lang): Promise<void> {
  const table = next === 'en' ? (await import('./en')).en : zh;
  current = { lang: next, table };
  document.documentElement.lang = next === 'en' ? 'en' : 'zh-CN';
  try {
    localStorage.setItem('lang', next);
  } catch {
    // Private mode: the choice lasts as long as the page.
  }
}

export async function startLang(): Promise<void> {
  if (document.documentElement.lang === 'en') await setLang('en');
}
