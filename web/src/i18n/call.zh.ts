export const callZh = {
} as const;
