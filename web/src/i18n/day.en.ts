import type { dayZh } from './day.zh';
import type { Same } from './zh';

export const dayEn: Same<typeof dayZh> = {
};
