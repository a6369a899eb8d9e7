/** Formats a count: `3`, or `999+` if it exceeds the maximum. */
export const countText = (count: number, more: boolean): string =>
  more && count > 999 ? '999+' : String(count);
