/** `3`, or `999+` where there are more than anybody counts. */
export const countText = (count: number, more: boolean): string =>
  more && count > 999 ? '999+' : String(count);
