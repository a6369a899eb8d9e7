import type { Dictionary } from '../i18n/es';

/** Why an attempt failed, with the status of the answer where there was one. */
export function failureText(t: Dictionary, code: string | null, status: number | null): string {
  if (code === null) return '';
  const known: Readonly<Record<string, string>> = t.integrations.failures;
  const text = Object.hasOwn(known, code) ? (known[code] ?? code) : code;
  return status === null ? text : `${text} (HTTP ${status})`;
}
