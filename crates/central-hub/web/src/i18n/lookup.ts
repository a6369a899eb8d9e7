import { actorOf } from '../api/actor';
import { ApiError } from '../api/http';
import type { Me, PauseReason } from '../api/types';
import type { Dictionary } from './es';

function find<V>(table: Readonly<Record<string, V>>, code: string): V | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

/** Translates a failed request; an unknown code keeps the service's message. */
export function errorText(t: Dictionary, error: Error): string {
  if (!(error instanceof ApiError)) return error.message;
  const { code, message, details } = error;
  const fault = details['motivo'];
  if (code === 'LIST_INVALID' && typeof fault === 'string') {
    const taken = details['aceptados'];
    const tail = t.campaigns.lists.faultTail(typeof taken === 'number' ? taken : 0);
    const names = details['titulos'] ?? details['hojas'];
    const told = Array.isArray(names) ? names.join(', ') : undefined;
    return `${listFaultText(t, fault, message, told)} ${tail}`;
  }
  // Some recipients lack a value that the text needs.
  const { columna, personas } = details;
  if (fault === 'MISSING_VALUE' && typeof columna === 'string' && typeof personas === 'number')
    return t.campaigns.form.lacking(columna, personas, personas.toLocaleString(t.locale));
  // The reason why a number is invalid.
  if (code === 'INVALID_REQUEST' && typeof fault === 'string')
    return find(t.campaigns.lists.reasons, fault) ?? message;
  return codeText(t, code, message);
}

/** Patterns that extract the columns or the line from the server's message. */
const NAMED: Readonly<Record<string, RegExp>> = {
  LIST_WITHOUT_PHONE: /\(found: (.*)\)$/s,
  LIST_SHEET_UNKNOWN: /\(found: (.*)\)$/s,
  LIST_SAME_COLUMN: /have the name (.*)$/s,
  LIST_MISSING_COLUMNS: /that the list does not have: (.*)$/s,
  LIST_RECORD_TOO_LARGE: /^line (\d+):/,
};

/** Translates the rejection of a whole list, by fault code and server message. */
export function listFaultText(
  t: Dictionary,
  code: string,
  sentence: string,
  names?: string,
): string {
  const words = find(t.campaigns.lists.faults, code);
  if (!words) return codeText(t, code, sentence);
  return words(names ?? NAMED[code]?.exec(sentence)?.[1]?.trim() ?? '');
}

const COLUMN = /^(.+?) (?:is empty|contains a|is longer|reads)\b/;

/** Translates the rejection of a line, with its column if any. */
export function lineFaultText(t: Dictionary, code: string, sentence: string): string {
  const { reasons, reasonsOf } = t.campaigns.lists;
  const column = COLUMN.exec(sentence)?.[1];
  const named = column === undefined ? undefined : find(reasonsOf, code)?.(column);
  return named ?? find(reasons, code) ?? sentence;
}

/** Translates a template's mistake by the hub's code. */
export const templateMistakeText = (t: Dictionary, code: string, variable: string): string =>
  find(t.campaigns.form.mistakes, code)?.(variable) ?? code;

/** Translates a `TEMPLATE_INVALID` error. */
export function templateFaultText(t: Dictionary, error: ApiError): string {
  const { motivo, variable } = error.details;
  const words = typeof motivo === 'string' ? find(t.campaigns.form.mistakes, motivo) : undefined;
  if (!words) return codeText(t, error.code, error.message);
  return words(typeof variable === 'string' ? variable : '');
}

/** Translates the reason why a typed number is invalid. */
export const phoneFault = (t: Dictionary, fault: { motivo: string; mensaje: string }): string =>
  find<string>(t.campaigns.lists.reasons, fault.motivo) ?? fault.mensaje;

export function codeText(t: Dictionary, code: string, message: string): string {
  return find(t.errors, code) ?? message;
}

export interface Explanation {
  what: string;
  cure: string | null;
}

/** Explains the session's state. */
export function explain(t: Dictionary, cause: string, message: string): Explanation {
  const failure = find(t.failures, cause);
  if (failure) return failure;
  return { what: find(t.causes, cause) ?? message, cure: null };
}

/** Explains the session's state in one line, for lists. */
export const explainShort = (t: Dictionary, cause: string, message: string): string =>
  explain(t, cause, message).what;

/** Translates the cause of a message's or recipient's transition. */
export function causeText(t: Dictionary, code: string | null): string {
  if (code === null) return '';
  return find(t.campaigns.causes, code) ?? find(t.errors, code) ?? code;
}

/** Explains why a campaign is paused: by whom, when, and for which reason. */
export function whyPaused(
  t: Dictionary,
  why: PauseReason | null,
  me: Me,
  formatTime: (at: string) => string,
): string {
  const { codigo, detalle, por, fecha } = why ?? NO_REASON;
  if (codigo !== 'PAUSED_BY_PERSON') return find(t.start.pauses, codigo) ?? detalle ?? codigo;
  const known = t.start.pausedBy(actorOf(me, por), fecha && formatTime(fecha));
  return detalle ? `${known} ${detalle}` : known;
}

const NO_REASON: PauseReason = { codigo: '', detalle: null, por: null, fecha: null };

export const waitReasonText = (t: Dictionary, code: string): string => find(t.start.waits, code) ?? code;
