import { describe, expect, it } from 'vitest';
import { disposition, shownAs } from './upload';
import { grey, paint, pixelsOf } from './window';

const heads = (over: Record<string, string>) => (name: string): string | null =>
  ({ 'X-Rows': '1', 'X-Cols': '4', 'X-Window-Center': '128', 'X-Window-Width': '256', ...over })[name] ?? null;

describe('a picture of a scanner', () => {
  it('is windowed as the standard says', () => {
    expect(grey(-1, 128, 256)).toBe(0);
    expect(grey(0, 128, 256)).toBe(0);
    expect(grey(255, 128, 256)).toBe(255);
    expect(grey(40, 40, 80)).toBe(129);
    expect(grey(41, 40, 1)).toBe(255);
  });

  it('keeps signed samples signed and applies slope and intercept', () => {
    const body = new Int16Array([-1024, 0, 40, 3000]).buffer;
    const pixels = pixelsOf(body, heads({ 'X-Signed': '1', 'X-Rescale-Intercept': '0', 'X-Window-Center': '40', 'X-Window-Width': '80' }));
    const out = new Uint8ClampedArray(16);
    paint(pixels, { center: 40, width: 80, invert: false }, out);
    expect([out[0], out[8], out[12], out[15]]).toEqual([0, 129, 255, 255]);
  });

  it('shows MONOCHROME1 the other way round, and inverts it back on demand', () => {
    const pixels = pixelsOf(new Uint16Array([0, 1, 2, 255]).buffer, heads({ 'X-Photometric': 'MONOCHROME1' }));
    const out = new Uint8ClampedArray(16);
    paint(pixels, { center: 128, width: 256, invert: false }, out);
    expect(out[0]).toBe(255);
    paint(pixels, { center: 128, width: 256, invert: true }, out);
    expect(out[0]).toBe(0);
  });

  it('finds a window by itself when the file names none', () => {
    const pixels = pixelsOf(new Uint16Array([100, 200, 300, 500]).buffer, heads({ 'X-Window-Center': '', 'X-Window-Width': '' }));
    expect([pixels.center, pixels.width]).toEqual([300, 400]);
  });

  it('refuses fewer samples than it should have', () => {
    expect(() => pixelsOf(new Uint16Array([1]).buffer, heads({}))).toThrow(RangeError);
  });
});

describe('a file', () => {
  it('travels under its Chinese name', () => {
    expect(disposition("心电图 (1)'.jpg")).toBe("attachment; filename*=UTF-8''%E5%BF%83%E7%94%B5%E5%9B%BE%20%281%29%27.jpg");
  });

  it('is shown by what it is', () => {
    expect(shownAs({ mime: 'image/jpeg', dicom: null })).toBe('image');
    expect(shownAs({ mime: 'application/dicom', dicom: null })).toBe('dicom');
    expect(shownAs({ mime: 'image/svg+xml', dicom: null })).toBe('none');
  });
});
