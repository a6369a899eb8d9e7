import type { Dictionary } from '../i18n/es';
import { lineFaultText } from '../i18n/lookup';
import { fold } from '../lib/searchMarks';
import { toCsv } from '../lib/spreadsheet';
import type { RefusedLine } from './types';

/** Returns whether the user can correct the line. */
const isCorrectable = ({ codigo, celdas }: RefusedLine): boolean =>
  codigo !== 'DUPLICATE' && celdas.length > 0;

/**
 * Writes the rejected lines as they were in the list, with their mistakes in an
 * additional column, which the hub skips when the file is uploaded again.
 */
export function correctionFile(
  t: Dictionary,
  titles: readonly string[],
  lines: readonly RefusedLine[],
): string {
  const note = t.campaigns.lists.mendColumn;
  // Drops the column of mistakes that an already corrected file has.
  const keptColumns = titles.flatMap((title, at) => (fold(title) === fold(note) ? [] : [at]));
  const rows = lines
    .filter(isCorrectable)
    .map(({ celdas, codigo, motivo }) => [
      ...keptColumns.map((at) => celdas[at] ?? ''),
      lineFaultText(t, codigo, motivo),
    ]);
  return toCsv([[...keptColumns.map((at) => titles[at] ?? ''), note], ...rows]);
}

/** Returns a file name made of the list's name: `clientes-corregir.csv`. */
export const correctionFileName = (t: Dictionary, file: string | null): string =>
  `${(file ?? t.campaigns.lists.title.toLowerCase()).replace(/\.\w+$/, '')}-${t.campaigns.lists.mendSuffix}.csv`;
