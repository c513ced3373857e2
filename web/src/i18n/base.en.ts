/** The words of the first screens, in English. */
import { shellEn } from './shell.en';
import { earlyEn } from './early.en';
import { stateEn } from './state.en';
import { dayEn } from './day.en';

export const words = {
  ...shellEn,
  ...earlyEn,
  ...stateEn,
  ...dayEn,
};
