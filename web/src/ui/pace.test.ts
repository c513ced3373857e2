import { expect, it } from 'vitest';
import { begin, end, fields, heard, told } from './pace';

it('counts what was done and leaves out the pauses', () => {
  end();
  begin('new_patient', 0);
  heard('key', 1_000);
  heard('key', 1_200);
  heard('click', 20_000);
  heard('key', 20_500);
  // The next page of the same letter goes on counting, and stays on its path.
  begin('known_patient', 21_000);
  fields({ a: '', b: 'x', c: [] }, { a: 'y', b: 'x', c: [] });
  expect(told()).toEqual({ path: 'new_patient', active_ms: 1_700, wall_ms: 20_500, keys: 3, clicks: 1, prefilled: 1, edited: 1 });
  end();
  heard('key', 22_000);
  expect(told()).toBeNull();
});

it('begins anew for whoever comes back much later', () => {
  end();
  begin('known_patient', 0);
  heard('key', 100);
  begin('known_patient', 700_000);
  expect(told()).toMatchObject({ keys: 0, active_ms: 0 });
});
