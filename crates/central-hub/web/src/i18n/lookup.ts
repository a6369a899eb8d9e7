import { ApiError } from '../api/http';
import type { Dictionary } from './es';

function find<V>(table: Readonly<Record<string, V>>, code: string): V | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

/** A failed request in words; a code nobody translated keeps the service's own message. */
export function errorText(t: Dictionary, error: Error): string {
  if (!(error instanceof ApiError)) return error.message;
  return codeText(t, error.code, error.message);
}

export function codeText(t: Dictionary, code: string, message: string): string {
  return find(t.errors, code) ?? message;
}

export interface Explanation {
  what: string;
  cure: string | null;
}

/** Why the session is in its state. */
export function explain(t: Dictionary, cause: string, message: string): Explanation {
  const failure = find(t.failures, cause);
  if (failure) return failure;
  return { what: find(t.causes, cause) ?? message, cure: null };
}

/** An explanation in one line, for lists. */
export const explainShort = (t: Dictionary, cause: string, message: string): string =>
  explain(t, cause, message).what;

/** What a step of a message or a recipient came from. */
export function causeText(t: Dictionary, code: string | null): string {
  if (code === null) return '';
  return find(t.campaigns.causes, code) ?? find(t.errors, code) ?? code;
}

/** Why a campaign is paused: in words, with what a person wrote. */
export function whyPaused(t: Dictionary, code: string, detail: string | null): string {
  const known = find(t.start.pauses, code);
  if (known === undefined) return detail ?? code;
  return code === 'PAUSED_BY_PERSON' && detail ? `${known} ${detail}` : known;
}

export const whatFor = (t: Dictionary, code: string): string => find(t.start.waits, code) ?? code;
