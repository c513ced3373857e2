/** The call's words travel with the call: the first load of a page does not carry them. */
import { callEn } from '../i18n/call.en';
import { callZh } from '../i18n/call.zh';
import { fill, lang, t as common, type Key, type Params } from '../i18n/index.svelte';

export type CallKey = keyof typeof callZh;
export { lang };

const isCall = (key: string): key is CallKey => key in callZh;

export function t(key: Key | CallKey, params?: Params): string {
  return isCall(key) ? fill((lang() === 'en' ? callEn : callZh)[key], params) : common(key, params);
}
