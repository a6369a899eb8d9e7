/** Returns `AG` for `Ana Gómez`; without a name, the last two digits of the number. */
export function initialsOf(name: string | null, number: string): string {
  const words = (name ?? '').split(/\s+/).filter((word) => /^\p{L}/u.test(word));
  const first = words[0];
  if (first === undefined) return number.replace(/\D/g, '').slice(-2);
  const last = words.length > 1 ? words.at(-1) : undefined;
  return [first, last]
    .map((word) => [...(word ?? '')][0] ?? '')
    .join('')
    .toLocaleUpperCase();
}

/** Returns one of 12 hues, always the same one for a chat. */
export function hueOf(chat: string): number {
  let sum = 0;
  for (const char of chat) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 9973;
  return (sum % 12) * 30;
}
