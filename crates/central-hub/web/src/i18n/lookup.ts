import { ApiError } from '../api/http';
import type { Dictionary } from './es';

function find<V>(table: Record<string, V>, code: string): V | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

/** A failed request in words; a code nobody translated keeps the service's own message. */
export function errorText(t: Dictionary, error: Error): string {
  if (!(error instanceof ApiError)) return error.message;
  const motivo = error.details['motivo'];
  if (error.code === 'INVALID_REQUEST' && typeof motivo === 'string')
    return find<string>(t.campaigns.lists.reasons, motivo) ?? error.message;
  if (error.code === 'LIST_INVALID' && typeof motivo === 'string') {
    const why = find<string>(t.campaigns.lists.faults, motivo);
    if (why !== undefined) return why;
  }
  return codeText(t, error.code, error.message);
}

/** Why what somebody typed is no number. */
export const phoneFault = (t: Dictionary, fault: { motivo: string; mensaje: string }): string =>
  find<string>(t.campaigns.lists.reasons, fault.motivo) ?? fault.mensaje;

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
