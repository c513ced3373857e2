/** Dates, time left and age in the clinic's words. Pure: the clock is a parameter. */
import type { Sex } from '../api/schema';

export type Tongue = 'zh' | 'en';

const DAY = 86_400_000;
/** All facilities of the alliance keep the same time, without summer time. */
const SHANGHAI = 8 * 3_600_000;
const WEEK_ZH = ['日', '一', '二', '三', '四', '五', '六'] as const;
const WEEK_EN = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTH_EN = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

const two = (n: number): string => String(n).padStart(2, '0');
const local = (ms: number): Date => new Date(ms + SHANGHAI);
const dayNumber = (ms: number): number => Math.floor((ms + SHANGHAI) / DAY);
export const ms = (at: string): number => Date.parse(at);

/** `14:52` */
export function clock(at: number): string {
  const d = local(at);
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
}

/** `2026-11-21 14:52:08`, for a hover. */
export function fullStamp(at: number): string {
  return local(at).toISOString().slice(0, 19).replace('T', ' ');
}

/** Shanghai's date of an instant, `2026-11-21`. */
export const dateOf = (at: number): string => local(at).toISOString().slice(0, 10);

/** `今天 14:52`, `周一 09:00` within six days, `11月28日`, `2025-12-03` in another year. */
export function when(at: number, now: number, lang: Tongue): string {
  const apart = dayNumber(at) - dayNumber(now);
  const d = local(at);
  if (apart === 0) return lang === 'zh' ? `今天 ${clock(at)}` : `today ${clock(at)}`;
  if (apart === 1) return lang === 'zh' ? `明天 ${clock(at)}` : `tomorrow ${clock(at)}`;
  if (apart === -1) return lang === 'zh' ? `昨天 ${clock(at)}` : `yesterday ${clock(at)}`;
  const week = d.getUTCDay();
  if (Math.abs(apart) <= 6) return lang === 'zh' ? `周${WEEK_ZH[week]} ${clock(at)}` : `${WEEK_EN[week]} ${clock(at)}`;
  return day(at, now, lang);
}

/** The date alone. */
export function day(at: number, now: number, lang: Tongue): string {
  const d = local(at);
  const sameYear = d.getUTCFullYear() === local(now).getUTCFullYear();
  if (lang === 'zh') {
    return sameYear ? `${d.getUTCMonth() + 1}月${d.getUTCDate()}日` : d.toISOString().slice(0, 10);
  }
  const short = `${d.getUTCDate()} ${MONTH_EN[d.getUTCMonth()]}`;
  return sameYear ? short : `${short} ${d.getUTCFullYear()}`;
}

/** `11月21日 周六`, `Sat 21 Nov`: the head of a day. */
export function dayHead(at: number, lang: Tongue): string {
  const d = local(at);
  const week = d.getUTCDay();
  return lang === 'zh'
    ? `${d.getUTCMonth() + 1}月${d.getUTCDate()}日 周${WEEK_ZH[week]}`
    : `${WEEK_EN[week]} ${d.getUTCDate()} ${MONTH_EN[d.getUTCMonth()]}`;
}

/** `2026年11月`, `Nov 2026`: the head of a calendar. */
export function monthHead(at: number, lang: Tongue): string {
  const d = local(at);
  return lang === 'zh' ? `${d.getUTCFullYear()}年${d.getUTCMonth() + 1}月` : `${MONTH_EN[d.getUTCMonth()]} ${d.getUTCFullYear()}`;
}

/** The days of a week, Monday first, as short as they go. */
export const weekDays = (lang: Tongue): string[] =>
  [1, 2, 3, 4, 5, 6, 0].map((n) => (lang === 'zh' ? (WEEK_ZH[n] ?? '') : (WEEK_EN[n] ?? '').slice(0, 2)));

/** A stretch of time without a direction: `12 秒`, `38 分`, `1 小时 20 分`, `1 天 4 小时`. */
export function stretch(length: number, lang: Tongue): string {
  const s = Math.max(0, Math.floor(length / 1000));
  const m = Math.floor(s / 60);
  const h = Math.floor(m / 60);
  const d = Math.floor(h / 24);
  if (lang === 'zh') {
    if (m < 1) return `${s} 秒`;
    if (h < 1) return `${m} 分`;
    if (d < 1) return m % 60 ? `${h} 小时 ${m % 60} 分` : `${h} 小时`;
    return h % 24 ? `${d} 天 ${h % 24} 小时` : `${d} 天`;
  }
  if (m < 1) return `${s} s`;
  if (h < 1) return `${m} min`;
  if (d < 1) return m % 60 ? `${h} h ${m % 60}` : `${h} h`;
  return h % 24 ? `${d} d ${h % 24} h` : `${d} d`;
}

/** `余 11:40` under a quarter of an hour, `余 38 分`, `超 12 分`. */
export function left(due: number, now: number, lang: Tongue): string {
  const rest = due - now;
  if (rest < 0) return lang === 'zh' ? `超 ${stretch(Math.max(-rest, 60_000), lang)}` : `${stretch(Math.max(-rest, 60_000), lang)} late`;
  if (rest < 15 * 60_000) {
    const s = Math.floor(rest / 1000);
    const mmss = `${Math.floor(s / 60)}:${two(s % 60)}`;
    return lang === 'zh' ? `余 ${mmss}` : `${mmss} left`;
  }
  return lang === 'zh' ? `余 ${stretch(rest, lang)}` : `${stretch(rest, lang)} left`;
}

/** `06:42`, `1:06:42`: a call's timer. */
export function timer(length: number): string {
  const s = Math.max(0, Math.floor(length / 1000));
  const h = Math.floor(s / 3600);
  return `${h ? `${h}:` : ''}${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** Whole months and days between two calendar dates. */
function between(birth: string, today: string): { months: number; days: number; total: number } | null {
  const b = /^(\d{4})-(\d\d)-(\d\d)/.exec(birth);
  const n = /^(\d{4})-(\d\d)-(\d\d)/.exec(today);
  if (!b || !n) return null;
  const [by, bm, bd] = [Number(b[1]), Number(b[2]), Number(b[3])];
  const [ny, nm, nd] = [Number(n[1]), Number(n[2]), Number(n[3])];
  const total = Math.round((Date.UTC(ny, nm - 1, nd) - Date.UTC(by, bm - 1, bd)) / DAY);
  if (total < 0) return null;
  let months = (ny - by) * 12 + nm - bm;
  let days = nd - bd;
  if (days < 0) {
    months -= 1;
    days += new Date(Date.UTC(ny, nm - 1, 0)).getUTCDate();
  }
  return { months, days: Math.max(0, days), total };
}

/** Years under which an age is given more finely: dosing depends on it. */
const FINE_AGE_YEARS = 6;

/** `58岁`, `3岁2个月`, `5个月12天`, `出生 9 天`. */
export function age(birth: string | null, now: number, lang: Tongue): string {
  const gone = birth ? between(birth, dateOf(now)) : null;
  if (!gone) return '';
  const years = Math.floor(gone.months / 12);
  const rest = gone.months % 12;
  if (gone.total < 28) {
    if (lang === 'zh') return gone.total === 0 ? '今天出生' : `出生 ${gone.total} 天`;
    return gone.total === 0 ? 'born today' : `${gone.total} ${gone.total === 1 ? 'day' : 'days'} old`;
  }
  if (years < 1) {
    if (lang === 'zh') return `${gone.months ? `${gone.months}个月` : ''}${gone.days ? `${gone.days}天` : ''}`;
    return `${gone.months ? `${gone.months} m` : ''}${gone.months && gone.days ? ' ' : ''}${gone.days ? `${gone.days} d` : ''}`;
  }
  if (years < FINE_AGE_YEARS) {
    if (lang === 'zh') return `${years}岁${rest ? `${rest}个月` : ''}`;
    return `${years} y${rest ? ` ${rest} m` : ''}`;
  }
  return lang === 'zh' ? `${years}岁` : String(years);
}

/** Full years, for rules such as the guardian of a child. */
export function years(birth: string | null, now: number): number | null {
  const gone = birth ? between(birth, dateOf(now)) : null;
  return gone ? Math.floor(gone.months / 12) : null;
}

/** `男 58岁`, `M 58`. */
export function sexAge(sex: Sex, birth: string | null, now: number, lang: Tongue): string {
  const word = { zh: { male: '男', female: '女', unknown: '性别未知' }, en: { male: 'M', female: 'F', unknown: 'sex unknown' } }[lang][sex];
  return `${word} ${age(birth, now, lang)}`.trim();
}

/** `2.1 MB`, `184 KB`. */
export function bytes(n: number): string {
  if (n >= 1_048_576) return `${(n / 1_048_576).toFixed(n >= 10_485_760 ? 0 : 1)} MB`;
  return `${Math.max(1, Math.round(n / 1024))} KB`;
}
