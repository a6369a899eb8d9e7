// Writes files that spreadsheets can open, and that can be uploaded again.

/** A cell that a spreadsheet would run as a formula; a phone number with `+` is not one. */
const FORMULA = /^[\s"']*[=@＝＠]|^[\s"']*[+\-＋－](?![\d\s().-]*$)/;

function cellText(cell: string): string {
  const safe = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[";\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Writes lines of cells as CSV in the dialect of Spanish spreadsheets. */
export const toCsv = (lines: readonly (readonly string[])[]): string =>
  lines.map((cells) => `${cells.map(cellText).join(';')}\r\n`).join('');

/** Saves a text as a file, with a byte order mark, by which Excel recognizes UTF-8. */
export function saveText(name: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(['\uFEFF', text], { type: 'text/csv' }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
