import { ApiError } from '../api/http';
import type { Dictionary } from './es';

function find<V>(table: Readonly<Record<string, V>>, code: string): V | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

/** A failed request in words; a code nobody translated keeps the service's own message. */
export function errorText(t: Dictionary, error: Error): string {
  if (!(error instanceof ApiError)) return error.message;
  const { code, message, details } = error;
  const fault = details['motivo'];
  if (code === 'LIST_INVALID' && typeof fault === 'string') {
    const taken = details['aceptados'];
    const tail = t.campaigns.lists.faultTail(typeof taken === 'number' ? taken : 0);
    return `${listFaultText(t, fault, message)} ${tail}`;
  }
  // Why it is no number, in words.
  if (code === 'INVALID_REQUEST' && typeof fault === 'string')
    return find(t.campaigns.lists.reasons, fault) ?? message;
  return codeText(t, code, message);
}

/** What the server's sentence names: the columns, or the line. */
const NAMED: Readonly<Record<string, RegExp>> = {
  LIST_WITHOUT_PHONE: /\(found: (.*)\)$/s,
  LIST_SHEET_UNKNOWN: /\(found: (.*)\)$/s,
  LIST_SAME_COLUMN: /are called (.*)$/s,
  LIST_MISSING_COLUMNS: /that the list has not: (.*)$/s,
  LIST_RECORD_TOO_LARGE: /^line (\d+):/,
};

/** Why a whole list was not taken, by the fault's code and the server's sentence. */
export function listFaultText(t: Dictionary, code: string, sentence: string): string {
  const words = find(t.campaigns.lists.faults, code);
  if (!words) return codeText(t, code, sentence);
  return words(NAMED[code]?.exec(sentence)?.[1]?.trim() ?? '');
}

const COLUMN = /^(.+?) (?:is empty|holds a|is longer|reads)\b/;

/** Why a line of a list was not taken, with the column where there is one. */
export function lineFaultText(t: Dictionary, code: string, sentence: string): string {
  const { reasons, reasonsOf } = t.campaigns.lists;
  const column = COLUMN.exec(sentence)?.[1];
  const named = column === undefined ? undefined : find(reasonsOf, code)?.(column);
  return named ?? find(reasons, code) ?? sentence;
}

/** What is wrong with a text, of `TEMPLATE_INVALID`. */
export function templateFaultText(t: Dictionary, error: ApiError): string {
  const { motivo, variable } = error.details;
  const words = typeof motivo === 'string' ? find(t.campaigns.form.mistakes, motivo) : undefined;
  if (!words) return codeText(t, error.code, error.message);
  return words(typeof variable === 'string' ? variable : '');
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
