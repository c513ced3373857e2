/**
 * What a card reader types and what a person pastes: an identity number in the middle of other things.
 * Pure; whether the number is right is for `identity` and for the server to say.
 */

/** Full-width digits and letters made plain. */
const plain = (text: string): string => text.replace(/[\uFF10-\uFF19\uFF21-\uFF3A\uFF41-\uFF5A]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0)).replace(/\u3000/g, ' ');

/** The identity number in a text, as it is written on the card; null where there is none. */
export function numberIn(text: string): string | null {
  const read = plain(text);
  // Digits in groups are one number when nothing else stands there.
  const whole = /^[\d\sxX－-]+$/.test(read) ? read.replace(/[\s－-]/g, '') : read;
  const found = /(?<![0-9A-Za-z])(\d{17}[\dxX]|\d{15})(?![0-9A-Za-z])/.exec(whole);
  return found?.[1]?.toUpperCase() ?? null;
}

export interface Scanned {
  number: string | null;
  name: string | null;
  phone: string | null;
}

/** A whole line of a reader, or of a list: number, name and telephone, wherever they stand. */
export function scanned(text: string): Scanned {
  const read = plain(text);
  const number = numberIn(read);
  const rest = number ? read.replace(new RegExp(number, 'i'), ' ') : read;
  const phone = /(?<!\d)1\d{10}(?!\d)/.exec(rest)?.[0] ?? null;
  const called = /姓名[:：\s]*([\u4e00-\u9fff·]{2,12})/.exec(rest)?.[1] ?? /^[\s,，;；|]*([\u4e00-\u9fff·]{2,6})(?=[\s,，;；|\t]|$)/.exec(rest)?.[1] ?? null;
  return { number, name: called, phone };
}

/** A hand is slower between two keys. */
const QUICK = 60;

/** Tells a card reader, which types like no hand, from a person. */
export class Burst {
  #typed = '';
  #last = 0;

  /** Feeds one key; answers with the number once the reader has ended with Enter. */
  feed(key: string, at: number): string | null {
    const quick = at - this.#last <= QUICK;
    this.#last = at;
    if (key === 'Enter') {
      const number = quick && this.#typed.length >= 15 ? numberIn(this.#typed) : null;
      this.#typed = '';
      return number;
    }
    if (key.length === 1) this.#typed = quick ? this.#typed + key : key;
    return null;
  }
}
