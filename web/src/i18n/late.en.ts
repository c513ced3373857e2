/** The words fetched with the consult and referral pages, in English. */
import { consentEn } from './consent.en';
import { consultEn } from './consult.en';
import { paperEn } from './paper.en';
import { patientEn } from './patient.en';
import { referralEn } from './referral.en';
import { deskEn } from './desk.en';
import { problemEn } from './problem.en';
import { statsEn } from './stats.en';
import { peopleEn } from './people.en';
import { restEn } from './rest.en';
import { adminEn } from './admin.en';
import { hooksEn } from './hooks.en';
import { unsentEn } from './unsent.en';

export const words = {
  ...consentEn,
  ...consultEn,
  ...paperEn,
  ...patientEn,
  ...referralEn,
  ...problemEn,
  ...restEn,
  ...peopleEn,
  ...adminEn,
  ...hooksEn,
  ...unsentEn,
  ...deskEn,
  ...statsEn,
};
