/** Returns whether a typed text is a numeric id, such as that of a business or a campaign. */
export const isId = (typed: string): boolean => /^[1-9]\d{0,14}$/.test(typed);
