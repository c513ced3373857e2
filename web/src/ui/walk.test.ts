import { expect, it } from 'vitest';
import { blankAfter } from './walk';

it('finds what is still to be written in a phrase', () => {
  const text = '血压最高＿mmHg，服药＿＿周';
  expect(blankAfter(text, 0)).toEqual([4, 5]);
  expect(blankAfter(text, 5)).toEqual([12, 14]);
  expect(blankAfter(text, 14)).toBeNull();
});
