/** Words of a referral that need more than one key. */
import type { ReferralBrief, ReferralView } from '../api/schema';
import { knows, lang, t, tr, type Key } from '../i18n/index.svelte';
import { tick } from '../live.svelte';
import { ms, when } from '../ui/time';

export const REASONS = ['no_means', 'worse', 'unclear', 'surgery', 'wish'] as const;

/** What a step is called: on the way down the patient is met at home and a plan runs, nobody is admitted or discharged. */
export const stepWord = (of: Pick<ReferralView, 'direction'>, action: string): string =>
  of.direction === 'down' && knows(`rf.down.${action}`) ? t(`rf.down.${action}` as Key) : tr(`rf.act.${action}`, 'common.more');

export const dxOf = (one: ReferralBrief): string => one.diagnosis?.text ?? t('desk.nodx');

export function reasonOf(one: Pick<ReferralView, 'reason_codes' | 'reason_text'>): string {
  return [...one.reason_codes.map((code) => tr(`rf.reason.${code}`, 'common.other')), one.reason_text ?? ''].filter(Boolean).join(t('common.comma'));
}

export function transportOf(one: ReferralBrief): string {
  const way = one.transport;
  if (!way?.mode) return '';
  const mode = t(`rf.mode.${way.mode}`);
  const state = way.state && way.state !== 'none' ? `${t('common.comma')}${tr(`rf.transport.${way.state}`, 'common.unknown')}` : '';
  return (way.eta ? t('rp.transport.eta', { mode, time: when(ms(way.eta), tick.now, lang()) }) : mode) + state;
}

export const needOf = (one: ReferralBrief): string => (one.requested_service ? t(`rf.service.${one.requested_service}`) : '');

/** The browser's local field, read as the alliance's time. */
export const instant = (text: string): string => new Date(`${text}:00+08:00`).toISOString();

/** An instant as a `datetime-local` field holds it. */
export const fieldTime = (at: number): string => new Date(at + 8 * 3_600_000).toISOString().slice(0, 16);

/** `1510`, `15.10` and `15：10` are how a time is typed; `15:10` is what it means. */
export function tidyTime(text: string): string {
  const plain = text.replace(/[\uFF10-\uFF19]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0)).trim();
  const found = /^(\d{1,2})[:：.．]?(\d{2})$/.exec(plain);
  return found ? `${found[1]?.padStart(2, '0')}:${found[2]}` : plain;
}
