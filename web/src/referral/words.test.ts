import { expect, it } from 'vitest';
import { fieldTime, instant, tidyTime } from './words';

it('a time is read as it is typed', () => {
  expect(tidyTime('1510')).toBe('15:10');
  expect(tidyTime('9.05')).toBe('09:05');
  expect(tidyTime('１５：１０')).toBe('15:10');
  expect(tidyTime('soon')).toBe('soon');
});

it('a booking is the alliance\'s time, whatever the PC thinks', () => {
  expect(instant('2026-11-23T09:00')).toBe('2026-11-23T01:00:00.000Z');
  expect(fieldTime(Date.parse('2026-11-23T01:00:00Z'))).toBe('2026-11-23T09:00');
});
