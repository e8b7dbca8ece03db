/** @param seconds since the epoch. @returns RFC 3339 in UTC, without a fraction */
export const instant = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
