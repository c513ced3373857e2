export const dayZh = {
} as const;
