/** 打开会诊、转诊时才取的词。 */
import { consultZh } from './consult.zh';
import { referralZh } from './referral.zh';
import { deskZh } from './desk.zh';

export const words = {
  ...consultZh,
  ...referralZh,
  ...deskZh,
};
