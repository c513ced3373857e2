import { describe, expect, it } from 'vitest';
import { en } from './en';
import { zh } from './zh';

const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '').sort();

describe('words', () => {
  it('have the same keys in both languages', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
  });

  it('leave the same places to fill in both languages', () => {
    for (const [key, text] of Object.entries(zh)) {
      const other = en[key as keyof typeof en];
      // A place may be left out where the other tongue says it otherwise, but never invented.
      for (const place of places(other)) expect(places(text), key).toContain(place);
    }
  });

  it('are never empty', () => {
    for (const [key, text] of [...Object.entries(zh), ...Object.entries(en)]) expect(text.trim() || key.includes('sep'), key).toBeTruthy();
  });

  it('say nothing in English on a Chinese screen', () => {
    for (const [key, text] of Object.entries(zh)) {
      const plain = text.replace(/\{\w+\}/g, '').replace(/EN|English|PCI|Ctrl|Esc|SpO₂|DICOM|PDF|CT|MB|MR|mmHg|ICD-10|UDP|TCP|HTTPS|JPEG|PNG/g, '');
      expect(plain.match(/[A-Za-z]{4,}/g) ?? [], key).toEqual([]);
    }
  });
});
