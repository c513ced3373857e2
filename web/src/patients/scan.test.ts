import { describe, expect, it } from 'vitest';
import { Burst, numberIn, scanned } from './scan';

describe('an identity number in what was pasted', () => {
  it('is found with spaces, full-width digits, a small x and words around it', () => {
    for (const text of ['990102 19680312 123x', '９９０１０２１９６８０３１２１２３Ｘ', '身份证号：99010219680312123X。', '赵长河\t99010219680312123x\t19900000147', ' 990102-19680312-123X ']) {
      expect(numberIn(text), text).toBe('99010219680312123X');
    }
    expect(numberIn('990102680312123')).toBe('990102680312123');
  });

  it('is not made up from a telephone or a record number', () => {
    for (const text of ['199 0000 0147', 'P-000123', '赵长河', '0147', '199000001471990000014712']) expect(numberIn(text), text).toBeNull();
  });

  it('brings name and telephone with it', () => {
    expect(scanned('姓名：赵长河 性别：男 公民身份号码：99010219680312123X 电话 19900000147')).toEqual({ number: '99010219680312123X', name: '赵长河', phone: '19900000147' });
    expect(scanned('赵长河,99010219680312123x')).toEqual({ number: '99010219680312123X', name: '赵长河', phone: null });
    expect(scanned('19900000147')).toEqual({ number: null, name: null, phone: '19900000147' });
  });
});

describe('a card reader', () => {
  const type = (text: string, gap: number): string | null => {
    const burst = new Burst();
    let at = 1_000;
    for (const key of text) burst.feed(key, (at += gap));
    return burst.feed('Enter', at + gap);
  };
  it('types like no hand and ends with Enter', () => {
    expect(type('99010219680312123X', 5)).toBe('99010219680312123X');
    expect(type('99010219680312123X', 150)).toBeNull();
    expect(type('0147', 5)).toBeNull();
  });
});
