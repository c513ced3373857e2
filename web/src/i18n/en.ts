/** English, fetched when it is chosen. */
import { consultEn } from './consult.en';
import { dayEn } from './day.en';
import { deskEn } from './desk.en';
import { patientEn } from './patient.en';
import { problemEn } from './problem.en';
import { referralEn } from './referral.en';
import { shellEn } from './shell.en';
import type { Words } from './zh';

export const en: Words = {
  ...shellEn,
  ...problemEn,
  ...dayEn,
  ...patientEn,
  ...consultEn,
  ...referralEn,
  ...deskEn,
};
