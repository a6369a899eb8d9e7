import { ApiError } from '../api/http';
import type { Campaign, Recipient } from './types';

/** Returns the number of recipients with an outcome, whether sent or failed. */
export const doneOf = ({ total, pendientes, en_cola }: Campaign): number =>
  Math.max(0, total - pendientes - en_cola);

/** Returns the share in percent, from 0 to 100. */
export const percentOf = (part: number, total: number): number =>
  total <= 0 ? 0 : Math.min(100, Math.max(0, (part / total) * 100));

export interface Slice {
  key: 'enviados' | 'simulados' | 'fallidos' | 'omitidos' | 'en_cola';
  count: number;
  color: string;
}

/** Returns the segments of a campaign's progress bar, in order. */
export function slicesOf(campaign: Campaign): Slice[] {
  const all: Slice[] = [
    { key: 'enviados', count: campaign.enviados, color: 'brand.7' },
    { key: 'simulados', count: campaign.simulados, color: 'yellow.6' },
    { key: 'fallidos', count: campaign.fallidos, color: 'red.7' },
    { key: 'omitidos', count: campaign.omitidos, color: 'gray.6' },
    { key: 'en_cola', count: campaign.en_cola, color: 'brand.3' },
  ];
  return all.filter(({ count }) => count > 0);
}

export interface TemplateMistake {
  /** In characters, from 0. */
  start: number;
  end: number;
  line: number;
  column: number;
  variable: string | null;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Returns the error if the hub rejected the text as an invalid template; null otherwise. */
export const templateMistakeOfError = (error: Error | null): ApiError | null =>
  error instanceof ApiError && error.code === 'TEMPLATE_INVALID' ? error : null;

/**
 * Returns the position of a `TEMPLATE_INVALID` error in `text`; null if not
 * reported by the hub.
 */
export function mistakeOf(
  text: string,
  details: Readonly<Record<string, unknown>>,
): TemplateMistake | null {
  const place = details['lugar'];
  if (!isRecord(place)) return null;
  const { posicion, linea, columna } = place;
  if (typeof posicion !== 'number' || typeof linea !== 'number' || typeof columna !== 'number') {
    return null;
  }
  const variable = typeof details['variable'] === 'string' ? details['variable'] : null;
  const start = Math.min(Math.max(0, posicion), text.length);
  const closing = text.indexOf('}', start);
  return {
    start,
    end: closing === -1 ? text.length : closing + 1,
    line: linea,
    column: columna,
    variable,
  };
}

/** Returns the columns that are useful in a text: all except the column of the phone number. */
export const columnsToName = (
  columns: readonly string[],
  sample: Pick<Recipient, 'destinatario' | 'datos'> | undefined,
): string[] =>
  columns.filter((column) => {
    const digits = (sample?.datos[column] ?? '').replace(/\D/g, '');
    return digits.length < 8 || !sample?.destinatario.endsWith(digits.slice(-8));
  });

/** Validates a pair of pauses, in seconds. */
export function pauseProblem(least: number | '', most: number | ''): 'empty' | 'order' | null {
  if (least === '' || most === '') return 'empty';
  return most < least ? 'order' : null;
}
