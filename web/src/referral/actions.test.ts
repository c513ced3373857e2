import { expect, it } from 'vitest';
import machines from '../../../tests/fixtures/state_machines.json';
import { needsSure, onePress, ordered, primary, takesBack } from './actions';

it('the likely step stands first and what ends the referral last', () => {
  const open = ['reject', 'request_info', 'accept', 'accept_and_schedule', 'redirect', 'view', 'enter_in_error'];
  expect(ordered(open)).toEqual(['accept_and_schedule', 'accept', 'request_info', 'redirect', 'reject', 'enter_in_error']);
  expect(primary(open)).toBe('accept_and_schedule');
});

it('a step that ends something is never the filled button', () => {
  expect(primary(['cancel', 'enter_in_error'])).toBeNull();
  expect(primary([])).toBeNull();
});

it('a press that no other step takes back is asked for twice', () => {
  const all = machines.referral.transitions;
  /** True if some step that a person may take leads from every outcome back to where it began. */
  const hasWayBack = (action: string): boolean =>
    all.filter((one) => one.action === action).every((one) => one.from.every((from) => all.some((back) => back.from.includes(one.to) && back.to === from && !back.actors.includes('system'))));
  const presses = [...new Set(all.map((one) => one.action))].filter(onePress);
  expect(presses).toContain('arrive');
  // Cancelling and confirming move the record on by themselves; these two can be done again at once.
  const again = ['withdraw_cancel', 'appointment_cancel'];
  expect(presses.filter((action) => !needsSure(action) && !hasWayBack(action) && !again.includes(action))).toEqual([]);
  expect(takesBack('arrive'), 'the workflow has no way back from here').toBeNull();
});
