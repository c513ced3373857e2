import type { deskZh } from './desk.zh';
import type { Same } from './zh';

export const deskEn: Same<typeof deskZh> = {
};
