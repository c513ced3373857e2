/** The words fetched with the consult and referral pages, in English. */
import { consultEn } from './consult.en';
import { referralEn } from './referral.en';
import { deskEn } from './desk.en';

export const words = {
  ...consultEn,
  ...referralEn,
  ...deskEn,
};
