/**
 * From the samples of a scanner to the grey of a screen (DICOM PS3.3 C.11.2.1.2). Pure: 16-bit in,
 * RGBA out, so that a test needs no canvas.
 */

export interface Pixels {
  rows: number;
  cols: number;
  samples: Int16Array | Uint16Array;
  slope: number;
  intercept: number;
  center: number;
  width: number;
  /** MONOCHROME1: low values are white. */
  inverse: boolean;
}

export interface View {
  center: number;
  width: number;
  invert: boolean;
}

/** Reads what `/pixels` answered: samples in the body, geometry in the headers. */
export function pixelsOf(body: ArrayBuffer, header: (name: string) => string | null): Pixels {
  const num = (name: string, spare: number): number => {
    const text = header(name);
    const value = text === null || text === '' ? Number.NaN : Number(text.split('\\')[0]);
    return Number.isFinite(value) ? value : spare;
  };
  const rows = num('X-Rows', 0);
  const cols = num('X-Cols', 0);
  const signed = /^(1|true)$/i.test(header('X-Signed') ?? '');
  const count = rows * cols;
  if (!count || body.byteLength < count * 2) throw new RangeError('fewer samples than the picture has');
  const samples = signed ? new Int16Array(body, 0, count) : new Uint16Array(body, 0, count);
  const slope = num('X-Rescale-Slope', 1);
  const intercept = num('X-Rescale-Intercept', 0);
  const spread = extent(samples);
  const low = spread[0] * slope + intercept;
  const high = spread[1] * slope + intercept;
  return {
    rows, cols, samples, slope, intercept,
    center: num('X-Window-Center', (low + high) / 2),
    width: Math.max(1, num('X-Window-Width', Math.max(1, high - low))),
    inverse: header('X-Photometric') === 'MONOCHROME1',
  };
}

export function extent(samples: Int16Array | Uint16Array): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of samples) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return Number.isFinite(low) ? [low, high] : [0, 0];
}

/** The linear window of the standard: half a step off the centre, 0 and 255 at its edges. */
export function grey(value: number, center: number, width: number): number {
  if (width <= 1) return value <= center - 0.5 ? 0 : 255;
  const share = (value - (center - 0.5)) / (width - 1) + 0.5;
  return share <= 0 ? 0 : share >= 1 ? 255 : Math.round(share * 255);
}

/** Paints one frame. The table of 65,536 greys makes a drag smooth on an old PC. */
export function paint(pixels: Pixels, view: View, out: Uint8ClampedArray): void {
  const table = new Uint8Array(65_536);
  const signed = pixels.samples instanceof Int16Array;
  const flip = pixels.inverse !== view.invert;
  for (let raw = 0; raw < 65_536; raw += 1) {
    const stored = signed && raw > 32_767 ? raw - 65_536 : raw;
    const g = grey(stored * pixels.slope + pixels.intercept, view.center, view.width);
    table[raw] = flip ? 255 - g : g;
  }
  const { samples } = pixels;
  for (let i = 0, at = 0; i < samples.length; i += 1, at += 4) {
    const g = table[(samples[i] ?? 0) & 0xffff] ?? 0;
    out[at] = g;
    out[at + 1] = g;
    out[at + 2] = g;
    out[at + 3] = 255;
  }
}

/** Usual windows of CT, in Hounsfield units. */
export const PRESETS = {
  lung: { center: -600, width: 1500 },
  bone: { center: 400, width: 1800 },
  brain: { center: 40, width: 80 },
  abdomen: { center: 50, width: 400 },
} as const;
