export const patientZh = {
} as const;
