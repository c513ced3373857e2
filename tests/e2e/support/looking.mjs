// What is asked of a screen besides being there: axe's rules, words in the reader's language only, nothing that sticks
// out or is cut.
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const WEB = join(dirname(fileURLToPath(import.meta.url)), '../../../web');
const require = createRequire(join(WEB, 'package.json'));
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** axe's violations on the page as it stands, one line each. */
export async function violations(page) {
  // Given as text to be evaluated: the page's own content security policy stays as it is.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(`${AXE};0`);
  const found = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags, resultTypes: ['violations'], elementRef: false }).then((all) =>
    all.violations.flatMap((one) => one.nodes.slice(0, 3).map((node) => `${one.id}: ${node.target.join(' ')} ${node.any[0]?.message ?? node.all[0]?.message ?? node.none[0]?.message ?? ''}`))), TAGS);
  return found.map((line) => line.replace(/\s+/g, ' ').slice(0, 260));
}

/** Every text a person is shown or read: text nodes that are painted, and the attributes that are spoken or hover. */
const texts = (page) => page.evaluate(() => {
  const all = [];
  const seen = (element) => element.checkVisibility?.({ visibilityProperty: true }) ?? true;
  const top = [...document.querySelectorAll('dialog[open]')].at(-1);
  const walker = document.createTreeWalker(top ?? document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = walker.currentNode; node; node = walker.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) {
      const text = node.data.trim();
      if (text && node.parentElement && !['SCRIPT', 'STYLE', 'CODE'].includes(node.parentElement.tagName) && seen(node.parentElement)) all.push(text);
    } else {
      for (const name of ['aria-label', 'placeholder', 'title', 'alt', 'aria-valuetext', 'aria-roledescription']) {
        const text = node.getAttribute?.(name);
        if (text && seen(node)) all.push(text);
      }
    }
  }
  if (!top) all.push(document.title);
  return [...new Set(all)];
});

/** The keys of all words, read from the source: none of them may ever stand on a screen. */
export function keysOfWords() {
  const folder = join(WEB, 'src/i18n');
  const files = readdirSync(folder).filter((name) => name.endsWith('.zh.ts'));
  return new Set(files.flatMap((name) => [...readFileSync(join(folder, name), 'utf8').matchAll(/^\s+'([^']+)':/gm)].map((found) => found[1])));
}

const keyShaped = /\b[a-z]{2,}(\.[a-z_0-9]+)+\b/;
/** Units, signs and names which a Chinese ward writes in Latin letters. */
const LATIN = /Causeway|English|EN\b|mmHg|SpO₂|℃|mL|mg|kg|mmol\/L|Ctrl|Shift|Alt|Enter|Esc|Tab|DICOM|PDF|JPEG|PNG|CSV|XLSX|CT\b|MR\b|CR\b|DX\b|US\b|ECG|PCI|ICD-?10|MB|KB|kB|kbit\/s|kbps|Mbit\/s|UDP|TCP|TLS|HTTPS|RTT|Opus|VP8|MDT|II?I?|aV[FLR]|ST|V\dR?|J|K|A|P90|P50|n<6|ms|px|Home|End|PgUp|PgDn|Space/g;

/**
 * Texts of ours in the other tongue, and keys shown raw. Whatever the server said (names, questions, places) is taken
 * out first: it is data, and data is not translated.
 */
export async function foreign(page, lang, data, keys) {
  const found = [];
  const said = [...data].sort((a, b) => b.length - a.length);
  // A face is the first character of a name.
  const faces = new Set(said.map((one) => one.slice(0, 1)));
  for (const text of await texts(page)) {
    let rest = faces.has(text) ? '' : text;
    // A name too long for its place ends in an ellipsis.
    rest = rest.replace(/(\S+)…/g, (whole, start) => (said.some((one) => one.startsWith(start)) ? ' ' : whole));
    for (const one of said) if (rest.includes(one)) rest = rest.replaceAll(one, ' ');
    const key = keyShaped.exec(rest)?.[0];
    if (key && keys.has(key)) found.push(`a key: ${text}`);
    else if (lang === 'en' && /\p{Script=Han}/u.test(rest.replaceAll('中文', ''))) found.push(`Chinese: ${text.slice(0, 80)}`);
    else if (lang === 'zh' && /[A-Za-z]{2,}/.test(rest.replace(LATIN, ' ').replace(/[\w.-]+\.(jpg|png|pdf|dcm|csv|xlsx)/gi, ' '))) found.push(`English: ${text.slice(0, 80)} [${rest.slice(0, 60)}]`);
  }
  return found;
}

/** The page is not wider than its window, nothing stands outside it, and no text is cut without an ellipsis or a way to scroll. */
export const sticksOut = (page) => page.evaluate(() => {
  const found = [];
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > wide + 1) found.push(`the page is ${document.documentElement.scrollWidth} px wide in ${wide}`);
  const name = (element) => `${element.tagName.toLowerCase()}${[...element.classList].map((one) => `.${one}`).join('')} "${(element.textContent ?? '').trim().slice(0, 24)}"`;
  const scrolls = (element) => {
    for (let up = element.parentElement; up; up = up.parentElement) if (['auto', 'scroll'].includes(getComputedStyle(up).overflowX)) return true;
    return false;
  };
  for (const element of document.querySelectorAll('body *')) {
    if (found.length > 6) break;
    if (element.closest('svg, video, canvas, .vh, .sprite, [aria-hidden="true"], .skip') || !element.checkVisibility({ visibilityProperty: true })) continue;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    if (!box.width || !box.height) continue;
    const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (own && (box.right > wide + 1 || box.left < -1) && !scrolls(element)) found.push(`outside: ${name(element)}`);
    const hides = ['hidden', 'clip'].includes(style.overflowX) && style.textOverflow !== 'ellipsis';
    if (hides && own && element.scrollWidth > element.clientWidth + 2) found.push(`cut: ${name(element)}`);
    if (['hidden', 'clip'].includes(style.overflowY) && own && element.scrollHeight > element.clientHeight + 3 && !style.webkitLineClamp.match(/\d/)) found.push(`cut below: ${name(element)}`);
    // Words that wrap in a button a line too many are no fault; words which leave it are.
    if (own && element.closest('.btn, .badge, .tab, .chip') && element.scrollWidth > element.clientWidth + 2 && style.overflowX === 'visible' && style.display !== 'inline') found.push(`leaves its frame: ${name(element)}`);
  }
  return found;
});
