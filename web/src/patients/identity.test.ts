import { describe, expect, it } from 'vitest';
import { checkDigit, masked, phoneFault, read, tidy } from './identity';

const today = '2026-11-21';

describe('an identity number', () => {
  it('gives sex and birth date when its last digit fits', () => {
    // The two examples printed in GB 11643 itself.
    expect(read('11010519491231002X', today)).toMatchObject({ is: 'valid', birth: '1949-12-31', sex: 'female' });
    expect(read('440524188001010014', today)).toMatchObject({ is: 'wrong-date' });
    expect(checkDigit('44052418800101001')).toBe('4');
  });

  it('is read with spaces, full-width digits and a small x', () => {
    expect(tidy(' １１０１０５ 19491231 002x ')).toBe('11010519491231002X');
    expect(read('110105 19491231 002x', today).is).toBe('valid');
  });

  it('is refused with one digit wrong and with neighbours swapped', () => {
    expect(read('11010519491231003X', today).is).toBe('wrong-digit');
    expect(read('110105194912310021', today).is).toBe('wrong-digit');
    expect(read('11015019491231002X', today).is).toBe('wrong-digit');
  });

  it('is refused with a day that never was or is yet to come', () => {
    expect(read('110105194902310020', today).is).toBe('wrong-date');
    expect(read('110105209912310020', today).is).toBe('wrong-date');
  });

  it('only warns about a region nobody knows', () => {
    const first = '16010219680312123';
    expect(read(first + checkDigit(first), today)).toMatchObject({ is: 'valid', sex: 'male', birth: '1968-03-12', knownRegion: false });
  });

  it('shows the birth date before it is complete and says how much is missing', () => {
    expect(read('11010519491231', today)).toEqual({ is: 'typing', missing: 4, birth: '1949-12-31', sex: null });
  });

  it('of fifteen digits is offered in its new form, never changed silently', () => {
    expect(read('110105491231002', today)).toEqual({ is: 'old', upgraded: '11010519491231002X' });
  });

  it('is shown masked', () => {
    expect(masked('11010519491231002X')).toBe('110105********002X');
  });
});

describe('a telephone number', () => {
  it('says how many digits are missing', () => {
    expect(phoneFault('199 0000 012')).toEqual({ short: 1 });
    expect(phoneFault('199 0000 0123')).toBeNull();
    expect(phoneFault('0999-555-0147')).toBeNull();
    expect(phoneFault('')).toBeNull();
    expect(phoneFault('call me')).toBe('letters');
  });
});
