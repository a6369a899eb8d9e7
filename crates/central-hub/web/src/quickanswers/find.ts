// Finding a quick answer while one types: pure functions of the text.

import { fold } from '../lib/marks';
import { formatPhone } from '../lib/phone';
import type { QuickAnswer } from './api';

/** The fields of a contact that a text may name, as the hub has them. */
export const FIELDS: readonly string[] = ['nombre', 'telefono'];

/** A `/` and the word after it, up to the cursor. */
export interface Asked {
  start: number;
  end: number;
  word: string;
}

/**
 * Returns the shortcut that is being typed. A `/` within a word, a date or an
 * address is none.
 */
export function askedAt(text: string, cursor: number): Asked | null {
  const found = /(?:^|\s)\/([\p{L}\p{N}._-]*)$/u.exec(text.slice(0, cursor));
  if (!found) return null;
  const word = found[1] ?? '';
  return { start: cursor - word.length - 1, end: cursor, word };
}

/** Returns those of a business, and of no business. */
export const ofBusiness = (
  answers: readonly QuickAnswer[],
  business: number | null,
): QuickAnswer[] =>
  answers.filter(({ cliente_id: of }) => of === null || business === null || of === business);

/** Returns the answers for a word: by the shortcut's beginning, then by any part, then by the text. */
export function matching(answers: readonly QuickAnswer[], word: string): QuickAnswer[] {
  const wanted = fold(word);
  const rank = ({ atajo, texto }: QuickAnswer): number => {
    const at = fold(atajo).indexOf(wanted);
    if (at !== -1) return Math.min(at, 1);
    return fold(texto).includes(wanted) ? 2 : 3;
  };
  return answers
    .map((one) => ({ one, rank: rank(one) }))
    .filter((it) => it.rank < 3)
    .sort((a, b) => a.rank - b.rank)
    .map(({ one }) => one);
}

/** Returns the values of a contact, by the names in {@link FIELDS}; a LID is no number. */
export const fieldsOf = (name: string | null, phone: string): Record<string, string> => ({
  nombre: name ?? '',
  telefono: /^\d+$/.test(phone) ? formatPhone(phone) : '',
});
