import type { Dictionary } from '../i18n/es';
import type { Line } from './line';

/** Describes the line's trouble in one sentence. */
export function troubleText(
  t: Dictionary,
  trouble: NonNullable<Line['trouble']>,
  formatTime: (at: string) => string,
): string {
  const words = t.line.troubles[trouble.kind];
  if (typeof words !== 'string') return words(trouble.until && formatTime(trouble.until));
  // The failure's own text is more specific.
  if (trouble.kind !== 'broken' || !Object.hasOwn(t.failures, trouble.cause)) return words;
  const failures: Readonly<Record<string, { what: string }>> = t.failures;
  return `${words} ${failures[trouble.cause]?.what ?? ''}`.trim();
}
