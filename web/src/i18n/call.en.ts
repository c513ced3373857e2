import type { callZh } from './call.zh';
import type { Same } from './zh';

export const callEn: Same<typeof callZh> = {
};
