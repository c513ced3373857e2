import type { consultZh } from './consult.zh';
import type { Same } from './zh';

export const consultEn: Same<typeof consultZh> = {
};
