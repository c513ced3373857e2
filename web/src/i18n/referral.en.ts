import type { referralZh } from './referral.zh';
import type { Same } from './zh';

export const referralEn: Same<typeof referralZh> = {
};
