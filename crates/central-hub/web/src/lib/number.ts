/** Whether somebody typed a number of the hub's: a business's, a campaign's. */
export const isId = (typed: string): boolean => /^[1-9]\d{0,14}$/.test(typed);
