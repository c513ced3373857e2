import { expect, it } from 'vitest';
import { ordered, primary } from './actions';

it('the likely step stands first and what ends the referral last', () => {
  const open = ['reject', 'request_info', 'accept', 'accept_and_schedule', 'redirect', 'view', 'enter_in_error'];
  expect(ordered(open)).toEqual(['accept_and_schedule', 'accept', 'request_info', 'redirect', 'reject', 'enter_in_error']);
  expect(primary(open)).toBe('accept_and_schedule');
});

it('a step that ends something is never the filled button', () => {
  expect(primary(['cancel', 'enter_in_error'])).toBeNull();
  expect(primary([])).toBeNull();
});
