import { describe, expect, it } from 'vitest';
import { callEn } from '../i18n/call.en';
import { callZh } from '../i18n/call.zh';
import { zh } from '../i18n/zh';

const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '').sort();

describe('the words of a call', () => {
  it('leave the same places to fill in both languages', () => {
    for (const [key, text] of Object.entries(callZh)) expect(places(callEn[key as keyof typeof callEn]), key).toEqual(places(text));
  });

  it('do not stand twice, here and in the common words', () => {
    for (const key of Object.keys(callZh)) expect(key in zh, key).toBe(false);
  });

  it('say nothing in English on a Chinese screen', () => {
    for (const [key, text] of Object.entries(callZh)) expect(text.replace(/\{\w+\}/g, '').match(/[A-Za-z]{3,}/g) ?? [], key).toEqual([]);
  });
});
