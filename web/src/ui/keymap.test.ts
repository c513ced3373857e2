import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { KEYMAP } from './keymap';

const ROOT = 'src';
const sources = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.svelte'));

/** The keys a source hands to `keys(...)`; Escape and Ctrl+Enter are said once, for all pages. */
function heard(file: string): string[] {
  const text = readFileSync(`${ROOT}/${file}`, 'utf8');
  const maps = [...text.matchAll(/\bkeys\(\s*\{([\s\S]*?)\n?\s*\}(?:, \{ inLayer: true \}|,\s*\{ inLayer: true \},?\s*)?\)/g)].map((found) => found[1] ?? '');
  return maps.flatMap((map) => [...map.matchAll(/(?:^|[{,\n])\s*(?:'([^']+)'|([A-Za-z]\w*))\s*:/g)].map((found) => found[1] ?? found[2] ?? '')).filter((key) => key !== 'Escape');
}

describe('the key map', () => {
  const listed = new Set(KEYMAP.flatMap((place) => place.files));

  it('knows every page that listens to a key', () => {
    for (const file of sources) if (heard(file).some((key) => key !== 'Ctrl+Enter')) expect(listed, `${file}: ${heard(file).join(' ')}`).toContain(file);
  });

  it('prints the keys the pages listen to, and no others', () => {
    for (const place of KEYMAP) {
      const here = new Set(place.files.flatMap(heard).filter((key) => key !== 'Ctrl+Enter'));
      const printed = new Set(place.rows.flatMap(([names]) => names).filter((key) => key !== 'Ctrl+Enter'));
      expect([...printed].sort(), place.name).toEqual([...here].sort());
    }
  });
});
