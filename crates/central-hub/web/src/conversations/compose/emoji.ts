// Searches emoji and navigates among them (pure functions), and stores the recently used ones in
// this browser.

import { fold } from '../../lib/searchMarks';
import { writeStored, readStored } from '../../lib/browserStorage';

export type EmojiRow = readonly [emoji: string, group: number, es: string, en: string, words: string];

/** Emoji groups in Unicode's order; group 2 has only components of other emoji. */
export const GROUPS = [0, 1, 3, 4, 5, 6, 7, 8, 9] as const;

/** Returns the emoji that match all words, in Spanish or English; matches by name come first. */
export function findEmoji(rows: readonly EmojiRow[], search: string): EmojiRow[] {
  const words = fold(search).split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...rows];
  const beginsWord = (text: string, word: string) => ` ${text}`.includes(` ${word}`);
  const rank = ([emoji, , es, en, more]: EmojiRow): number => {
    if (search.trim() === emoji) return 0;
    const names = fold(`${es} ${en}`);
    if (words.every((word) => beginsWord(names, word))) return 1;
    const all = `${names} ${fold(more)}`;
    if (words.every((word) => beginsWord(all, word))) return 2;
    return words.every((word) => all.includes(word)) ? 3 : 4;
  };
  return rows
    .map((row) => ({ row, rank: rank(row) }))
    .filter((it) => it.rank < 4)
    .sort((a, b) => a.rank - b.rank)
    .map(({ row }) => row);
}

const KEY = 'leadmaster-emoji';
const MAX_RECENT = 24;

/** Returns the recently used emoji, latest first. */
export function recentEmoji(): string[] {
  try {
    const found: unknown = JSON.parse(readStored(KEY) ?? '[]');
    return Array.isArray(found) ? found.filter((one) => typeof one === 'string').slice(0, MAX_RECENT) : [];
  } catch {
    return [];
  }
}

export const noteEmoji = (emoji: string): void =>
  writeStored(KEY, JSON.stringify([emoji, ...recentEmoji().filter((one) => one !== emoji)].slice(0, MAX_RECENT)));

/** Returns the box that an arrow key reaches from box `at`, by the positions on the screen. */
export function neighbour(
  boxes: readonly { left: number; top: number }[],
  at: number,
  key: string,
): number | null {
  const from = boxes[at];
  if (!from) return null;
  const sideways = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: boxes.length - 1 }[key];
  if (sideways !== undefined) return boxes[sideways] ? sideways : at;
  if (key !== 'ArrowDown' && key !== 'ArrowUp') return null;
  const below = key === 'ArrowDown';
  const beyond = boxes
    .map((box, index) => ({ ...box, index }))
    .filter(({ top }) => (below ? top > from.top : top < from.top));
  if (beyond.length === 0) return below ? at : null;
  const tops = beyond.map(({ top }) => top);
  const row = below ? Math.min(...tops) : Math.max(...tops);
  const near = beyond
    .filter(({ top }) => top === row)
    .sort((a, b) => Math.abs(a.left - from.left) - Math.abs(b.left - from.left));
  return near[0]?.index ?? at;
}
