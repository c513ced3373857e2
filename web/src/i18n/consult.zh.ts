export const consultZh = {
} as const;
