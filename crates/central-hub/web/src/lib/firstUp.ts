/** Returns the text with a capital at its beginning. */
export const firstUp = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
