// Finds the searched words in a text, ignoring case and accents.

export interface Mark {
  text: string;
  hit: boolean;
}

/** Removes differences of case and accents. */
export const fold = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase();

/** Splits a text at the searched words. */
export function marksOf(text: string, search: string): Mark[] {
  const words = fold(search)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
  if (words.length === 0) return [{ text, hit: false }];
  const chars = Array.from(text);
  // A character may fold to several, or to none.
  let folded = '';
  const origin: number[] = [];
  chars.forEach((char, at) => {
    for (const one of fold(char)) {
      folded += one;
      for (let unit = 0; unit < one.length; unit += 1) origin.push(at);
    }
  });
  const hits = new Set<number>();
  for (const word of words) {
    for (let at = folded.indexOf(word); at !== -1; at = folded.indexOf(word, at + 1)) {
      for (let unit = at; unit < at + word.length; unit += 1) hits.add(origin[unit] ?? -1);
    }
  }
  const marks: Mark[] = [];
  chars.forEach((char, at) => {
    const hit = hits.has(at);
    const last = marks.at(-1);
    if (last && last.hit === hit) last.text += char;
    else marks.push({ text: char, hit });
  });
  return marks;
}
