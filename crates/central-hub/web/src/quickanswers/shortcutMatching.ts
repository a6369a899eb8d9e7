// Pure functions that find a quick answer while the user types.

import { fold } from '../lib/searchMarks';
import { formatPhone } from '../lib/phone';
import type { QuickAnswer } from './api';

/** The contact's fields that a text may use, as in the hub. */
export const FIELDS: readonly string[] = ['nombre', 'telefono'];

/** A typed shortcut: `/` and the word after it, up to the cursor. */
export interface TypedShortcut {
  start: number;
  end: number;
  word: string;
}

/**
 * Returns the shortcut that is being typed. A `/` within a word, a date or a
 * URL does not start a shortcut.
 */
export function shortcutAt(text: string, cursor: number): TypedShortcut | null {
  const found = /(?:^|\s)\/([\p{L}\p{N}._-]*)$/u.exec(text.slice(0, cursor));
  if (!found) return null;
  const word = found[1] ?? '';
  return { start: cursor - word.length - 1, end: cursor, word };
}

/** Returns the answers for a business, including those for all businesses. */
export const ofBusiness = (
  answers: readonly QuickAnswer[],
  business: number | null,
): QuickAnswer[] =>
  answers.filter(({ cliente_id: of }) => of === null || business === null || of === business);

/** Returns the answers that match a word: by start of the shortcut, its other parts, then text. */
export function matching(answers: readonly QuickAnswer[], word: string): QuickAnswer[] {
  const folded = fold(word);
  const rank = ({ atajo, texto }: QuickAnswer): number => {
    const at = fold(atajo).indexOf(folded);
    if (at !== -1) return Math.min(at, 1);
    return fold(texto).includes(folded) ? 2 : 3;
  };
  return answers
    .map((one) => ({ one, rank: rank(one) }))
    .filter((it) => it.rank < 3)
    .sort((a, b) => a.rank - b.rank)
    .map(({ one }) => one);
}

/** Returns a contact's values by the names in {@link FIELDS}; a LID is not a phone number. */
export const fieldsOf = (name: string | null, phone: string): Record<string, string> => ({
  nombre: name ?? '',
  telefono: /^\d+$/.test(phone) ? formatPhone(phone) : '',
});
