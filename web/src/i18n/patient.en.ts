import type { patientZh } from './patient.zh';
import type { Same } from './zh';

export const patientEn: Same<typeof patientZh> = {
};
