import { describe, expect, it } from 'vitest';
import { cells, impossible, typedNumber, verdict } from './vitals';

describe('vital signs', () => {
  it('off their range carry an arrow\'s direction', () => {
    expect(verdict('bp_sys', 98)).toBe('low');
    expect(verdict('spo2', 94)).toBe('low');
    expect(verdict('heart_rate', 54)).toBeNull();
    expect(verdict('temp_c', 39.2)).toBe('high');
    expect(cells({ bp_sys: 98, bp_dia: 60, spo2: 94 })).toEqual([
      { key: 'bp', text: '98/60', off: 'low' },
      { key: 'spo2', text: '94%', off: 'low' },
    ]);
  });

  it('are read as people type them, and refused when they cannot be', () => {
    expect(typedNumber('３６，６ ℃')).toBe(36.6);
    expect(typedNumber('')).toBeNull();
    expect(impossible('spo2', typedNumber('940'))).toBe(true);
    expect(impossible('heart_rate', typedNumber('fast'))).toBe(true);
    expect(impossible('glucose', null)).toBe(false);
  });
});
