import { expect, it } from 'vitest';
import { splitDiagnosis } from './diagnosis';

it('a diagnosis is taken apart into its code and its words', () => {
  expect(splitDiagnosis('i21.1 急性下壁心肌梗死')).toEqual({ code: 'I21.1', text: '急性下壁心肌梗死' });
  expect(splitDiagnosis('急性下壁心肌梗死')).toEqual({ code: null, text: '急性下壁心肌梗死' });
  expect(splitDiagnosis('I10')).toEqual({ code: 'I10', text: 'I10' });
  expect(splitDiagnosis('  ')).toBeNull();
  expect(splitDiagnosis('B12 deficiency')).toEqual({ code: 'B12', text: 'deficiency' });
});
