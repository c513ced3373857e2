export const referralZh = {
} as const;
