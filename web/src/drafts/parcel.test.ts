import { describe, expect, it } from 'vitest';
import { amended, answered, goesByItself, looked, next, refused, verdict, type Parcel } from './parcel';

const letter: Parcel = {
  id: 'p', at: 0, what: 'referral', title: '赵长河', draft: 'letter:ref-1', href: '/referrals/ref-1', done: 0, last: null, until: 1000, state: 'waiting', problem: null,
  steps: [
    { method: 'PATCH', path: '/referrals/ref-1', body: { a: 1 }, key: 'k1', version: 3 },
    { method: 'POST', path: '/referrals/{id}/actions/submit', body: {}, key: 'k2', version: 'last' },
  ],
};
const says = (status: number, code = 'x') => ({ status, code });

describe('a parcel', () => {
  it('goes step by step, each on the version the last one made', () => {
    expect(next(letter)).toEqual({ method: 'PATCH', path: '/referrals/ref-1', body: { a: 1 }, key: 'k1', version: 3 });
    const half = answered(letter, { id: 'ref-1', version: 4, no: 'UP-1' });
    expect(next(half)).toEqual({ method: 'POST', path: '/referrals/ref-1/actions/submit', body: {}, key: 'k2', version: 4 });
    expect(next(answered(half, { id: 'ref-1', version: 5, no: 'UP-1' }))).toBeNull();
  });

  it('waits for the line, the server and the writer, and for nobody else', () => {
    for (const status of [0, 500, 503, 401, 429]) expect(verdict(letter, says(status))).toBe('later');
    expect(verdict(letter, says(409, 'in_flight'))).toBe('later');
    expect(verdict(letter, says(422))).toBe('refused');
    expect(verdict({ ...letter, done: 1 }, says(412))).toBe('refused');
  });

  it('finds its own traces after a lost answer and never writes twice', () => {
    expect(verdict(letter, says(412))).toBe('look');
    const again = looked(letter, { id: 'ref-1', version: 7, no: 'UP-1', state: 'draft' });
    expect(next(again)?.version).toBe(7);
    const through = looked(letter, { id: 'ref-1', version: 8, no: 'UP-1', state: 'submitted' });
    expect(next(through)).toMatchObject({ key: 'k2', version: 8 });
  });

  it('that is changed after it was handed over is found again, not made twice', () => {
    const made = { method: 'POST' as const, path: '/referrals', body: { patient_id: 'pat-1', a: 1 }, key: 'k0' };
    const submit = { ...letter.steps[1]!, key: 'k9' };
    const before = { ...letter, steps: [made, letter.steps[1]!] };
    expect(amended(before, [{ ...made, body: { patient_id: 'pat-1', a: 2 }, key: 'k8' }, submit])).toEqual([
      made, { method: 'PATCH', path: '/referrals/{id}', body: { a: 2 }, key: 'k8', version: 'last' }, submit,
    ]);
    expect(amended(letter, letter.steps)).toEqual(letter.steps);
  });

  it('does not go by itself when it is old or was refused', () => {
    expect(goesByItself(letter, 1000)).toBe(true);
    expect(goesByItself(letter, 1001)).toBe(false);
    expect(goesByItself(refused(letter, says(422)), 0)).toBe(false);
  });
});
