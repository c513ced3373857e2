/** A signature as it is drawn: points on a pad of fixed units, whatever the screen. Pure. */
import type { Strokes } from '../api/schema';

export const PAD = { width: 600, height: 200 } as const;
/** The server takes no dot and no flood: the same limits. */
const FEWEST = 8;
const MOST = 6000;

export type Point = [number, number];

/** Where a pointer stands, in the pad's units. */
export function on(box: { left: number; top: number; width: number; height: number }, x: number, y: number): Point {
  const part = (value: number, from: number, size: number, most: number): number =>
    Math.round(Math.min(1, Math.max(0, size ? (value - from) / size : 0)) * most);
  return [part(x, box.left, box.width, PAD.width), part(y, box.top, box.height, PAD.height)];
}

/** Adds a point unless the hand hardly moved. */
export function add(line: Point[], point: Point): Point[] {
  const last = line.at(-1);
  return last && Math.hypot(point[0] - last[0], point[1] - last[1]) < 2 ? line : [...line, point];
}

export const count = (lines: readonly Point[][]): number => lines.reduce((sum, line) => sum + line.length, 0);

/** Long enough to be a name: not a slip of the finger. */
export function isSignature(lines: readonly Point[][]): boolean {
  const all = lines.flat();
  const wide = all.length ? Math.max(...all.map((p) => p[0])) - Math.min(...all.map((p) => p[0])) : 0;
  return all.length >= FEWEST && all.length <= MOST && wide >= 40;
}

export const strokesOf = (lines: readonly Point[][]): Strokes => ({ ...PAD, lines: lines.filter((line) => line.length).map((line) => [...line]) });

export const path = (line: readonly Point[]): string => line.map(([x, y], i) => `${i ? 'L' : 'M'}${x} ${y}`).join('') + (line.length === 1 ? 'h0' : '');
