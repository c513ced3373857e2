import { expect, test } from 'vitest';
import { address } from './press';

test('a paper is asked for in the language of the screen, with what the door asks after', () => {
  expect(address('/referrals/ref-1/letter?kind=back')).toBe('/referrals/ref-1/letter?kind=back&lang=zh');
  expect(address('/statistics/paper', { ready: 'true' })).toBe('/statistics/paper?lang=zh&ready=true');
});
