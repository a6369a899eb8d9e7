import type { Dictionary } from '../i18n/es';

/** Describes a failed attempt, with the HTTP status if there is one. */
export function failureText(t: Dictionary, code: string | null, status: number | null): string {
  if (code === null) return '';
  const known: Readonly<Record<string, string>> = t.integrations.failures;
  const text = Object.hasOwn(known, code) ? (known[code] ?? code) : code;
  return status === null ? text : `${text} (HTTP ${status})`;
}
