import { describe, expect, it } from 'vitest';
import { add, isSignature, on, path, strokesOf, type Point } from './strokes';

describe('strokes', () => {
  it('are measured in the pad, not on the screen', () => {
    const box = { left: 100, top: 50, width: 300, height: 100 };
    expect(on(box, 250, 100)).toEqual([300, 100]);
    expect(on(box, 9000, -5)).toEqual([600, 0]);
  });

  it('leave out a hand that hardly moves', () => {
    expect(add([[10, 10]], [11, 10])).toEqual([[10, 10]]);
    expect(add([[10, 10]], [20, 10])).toEqual([[10, 10], [20, 10]]);
  });

  it('are a signature only if they are wide and long enough', () => {
    const line = (n: number, step: number): Point[] => Array.from({ length: n }, (_, i) => [i * step, 80]);
    expect(isSignature([line(30, 5)])).toBe(true);
    expect(isSignature([line(3, 50)])).toBe(false);
    expect(isSignature([line(30, 1)])).toBe(false);
    expect(strokesOf([line(2, 5), []]).lines).toHaveLength(1);
    expect(path([[1, 2]])).toBe('M1 2h0');
  });
});
