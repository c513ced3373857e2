export const deskZh = {
} as const;
