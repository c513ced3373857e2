import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { blocks, spans } from './prose';

const page = (lang: string) => blocks(readFileSync(`../docs/doctors.${lang}.md`, 'utf8'));

describe("the doctors' page", () => {
  it('has the same shape in both languages', () => {
    const shape = (lang: string) => page(lang).map((one) => (one.is === 'steps' ? `steps ${one.items.length}` : one.is === 'table' ? `table ${one.rows.length}x${one.head.length}` : one.is));
    expect(shape('zh')).toEqual(shape('en'));
    expect(shape('zh').filter((one) => one === 'head')).toHaveLength(4);
  });

  it('leaves no sign of its markup in the words', () => {
    for (const lang of ['zh', 'en']) expect(JSON.stringify(page(lang)), lang).not.toMatch(/\*\*|\||##/);
  });

  it('takes bold apart from the rest', () => {
    expect(spans('press **N** now')).toEqual([{ bold: false, text: 'press ' }, { bold: true, text: 'N' }, { bold: false, text: ' now' }]);
  });
});
