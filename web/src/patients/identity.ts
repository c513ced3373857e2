/**
 * What an identity number says by itself (GB 11643): sex, birth date, and whether its last digit fits.
 * Pure, and only a convenience: the server judges again.
 */

export type Reading =
  | { is: 'empty' }
  | { is: 'typing'; missing: number; birth: string | null; sex: 'male' | 'female' | null }
  | { is: 'wrong-digit' }
  | { is: 'wrong-date' }
  | { is: 'old'; upgraded: string }
  | { is: 'unreadable' }
  | { is: 'valid'; number: string; birth: string; sex: 'male' | 'female'; region: string; knownRegion: boolean };

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2] as const;
const DIGITS = '10X98765432';
/** First two digits of the provinces, the residence permits of Hong Kong, Macau and Taiwan, and foreign residents. */
const PROVINCES = /^(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9\d)/;
const OLDEST_YEARS = 130;

/** Full-width digits, spaces and a small x are how people and card readers type it. */
export function tidy(text: string): string {
  return text
    .replace(/[\uFF10-\uFF19]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0))
    .replace(/[\sー－\-]/g, '')
    .replace(/[xｘＸ]/g, 'X');
}

export function checkDigit(first17: string): string {
  const sum = WEIGHTS.reduce((n, w, i) => n + w * Number(first17[i]), 0);
  return DIGITS[sum % 11] ?? '';
}

function dateIn(digits: string, today: string): string | null {
  const [y, m, d] = [Number(digits.slice(0, 4)), Number(digits.slice(4, 6)), Number(digits.slice(6, 8))];
  const made = new Date(Date.UTC(y, m - 1, d));
  if (made.getUTCFullYear() !== y || made.getUTCMonth() !== m - 1 || made.getUTCDate() !== d) return null;
  const text = made.toISOString().slice(0, 10);
  return text <= today && Number(today.slice(0, 4)) - y <= OLDEST_YEARS ? text : null;
}

const sexOf = (digit: string | undefined): 'male' | 'female' => (Number(digit) % 2 ? 'male' : 'female');

export function read(text: string, today: string): Reading {
  const id = tidy(text);
  if (!id) return { is: 'empty' };
  if (!/^\d{0,17}[\dX]?$/.test(id) || (id.includes('X') && id.length !== 18)) return { is: 'unreadable' };
  if (id.length === 15) {
    const first17 = `${id.slice(0, 6)}19${id.slice(6)}`;
    if (dateIn(first17.slice(6, 14), today)) return { is: 'old', upgraded: first17 + checkDigit(first17) };
  }
  if (id.length > 18) return { is: 'unreadable' };
  const birth = id.length >= 14 ? dateIn(id.slice(6, 14), today) : null;
  if (id.length >= 14 && !birth && id.length !== 15) return { is: 'wrong-date' };
  if (id.length < 18) return { is: 'typing', missing: 18 - id.length, birth, sex: id.length >= 17 ? sexOf(id[16]) : null };
  if (!birth) return { is: 'wrong-date' };
  if (checkDigit(id.slice(0, 17)) !== id[17]) return { is: 'wrong-digit' };
  return { is: 'valid', number: id, birth, sex: sexOf(id[16]), region: id.slice(0, 6), knownRegion: PROVINCES.test(id) };
}

/** `990102********123X`: the same mask as the server's. */
export const masked = (id: string): string => (id.length >= 10 ? `${id.slice(0, 6)}********${id.slice(-4)}` : '********');

/** What is wrong with a telephone number, or null. Mobile 11 digits, fixed lines 7 to 12. */
export function phoneFault(text: string): { short: number } | 'long' | 'letters' | null {
  const digits = tidy(text).replace(/[()（）+]/g, '');
  if (!digits) return null;
  if (!/^\d+$/.test(digits)) return 'letters';
  const want = digits.startsWith('1') ? 11 : 10;
  if (digits.length < want) return { short: want - digits.length };
  return digits.length > 13 ? 'long' : null;
}
