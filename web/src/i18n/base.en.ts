/** The words of the first screens, in English. */
import { shellEn } from './shell.en';
import { problemEn } from './problem.en';
import { stateEn } from './state.en';
import { dayEn } from './day.en';

export const words = {
  ...shellEn,
  ...problemEn,
  ...stateEn,
  ...dayEn,
};
