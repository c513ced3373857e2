// A hand at a keyboard: real key events through the browser's own protocol, each counted; hanzi go through an input
// method as they do in a clinic, three keys each on the average. With a pace it types like the keystroke-level model.
import { pause } from './steps.mjs';

/** Keys for a hanzi, the choosing included. */
const PER_HANZI = 3;

export class Hand {
  #page;
  #cdp = null;
  #key;
  #think;
  keys = 0;
  clicks = 0;
  thoughts = 0;

  /** `key`: seconds from key to key; `think`: before each chunk. Without them it is as quick as the machine. */
  constructor(page, { key = 0, think = 0 } = {}) {
    this.#page = page;
    this.#key = key * 1_000;
    this.#think = think * 1_000;
  }

  /** The beginning of one thing: a look, a decision. */
  async think() {
    this.thoughts += 1;
    if (this.#think) await pause(this.#think);
  }

  async press(...names) {
    for (const name of names) {
      // A chord is as many keys as are held.
      const held = name.split('+').length;
      if (this.#key) await pause(this.#key * held);
      await this.#page.keyboard.press(name);
      this.keys += held;
    }
  }

  async type(text) {
    for (const letter of text) {
      if (this.#key) await pause(this.#key);
      await this.#page.keyboard.press(letter);
      this.keys += 1;
    }
  }

  /** Chinese through an input method: the page sees key 229 and a composition, then the words. */
  async write(words) {
    this.#cdp ??= await this.#page.context().newCDPSession(this.#page);
    const of = { key: 'Process', windowsVirtualKeyCode: 229, nativeVirtualKeyCode: 229 };
    for (const chunk of words.match(/[\u4e00-\u9fff，。；、]{1,4}|[^\u4e00-\u9fff，。；、]+/g) ?? []) {
      if (!/[\u4e00-\u9fff]/.test(chunk)) {
        await this.type(chunk);
        continue;
      }
      const letters = 'pinyinpinyin'.slice(0, [...chunk].length * PER_HANZI);
      for (let i = 1; i <= letters.length; i++) {
        if (this.#key) await pause(this.#key);
        await this.#cdp.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...of });
        await this.#cdp.send('Input.imeSetComposition', { text: letters.slice(0, i), selectionStart: i, selectionEnd: i });
        await this.#cdp.send('Input.dispatchKeyEvent', { type: 'keyUp', ...of });
        this.keys += 1;
      }
      await this.#cdp.send('Input.insertText', { text: chunk });
    }
  }

  async click(locator) {
    // From the keys to the mouse and back, pointing, pressing.
    if (this.#key) await pause(400 + 1_100 + 200);
    await locator.click();
    this.clicks += 1;
  }
}

/** An invented identity number: GB 11643's check digit over a region that does not exist. */
export function identity(region, birth, sequence) {
  const body = `${region}${birth}${sequence}`;
  const sum = [...body].reduce((total, digit, at) => total + Number(digit) * [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2][at], 0);
  return body + '10X98765432'[sum % 11];
}
