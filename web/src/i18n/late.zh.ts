/** 打开会诊、转诊时才取的词。 */
import { consentZh } from './consent.zh';
import { consultZh } from './consult.zh';
import { paperZh } from './paper.zh';
import { patientZh } from './patient.zh';
import { referralZh } from './referral.zh';
import { deskZh } from './desk.zh';
import { problemZh } from './problem.zh';
import { statsZh } from './stats.zh';
import { peopleZh } from './people.zh';
import { restZh } from './rest.zh';
import { adminZh } from './admin.zh';
import { hooksZh } from './hooks.zh';
import { unsentZh } from './unsent.zh';

export const words = {
  ...consentZh,
  ...consultZh,
  ...paperZh,
  ...patientZh,
  ...referralZh,
  ...problemZh,
  ...restZh,
  ...peopleZh,
  ...adminZh,
  ...hooksZh,
  ...unsentZh,
  ...deskZh,
  ...statsZh,
};
