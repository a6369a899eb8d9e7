// Files that a spreadsheet opens, and that can be uploaded again.

/** What a spreadsheet would run; a phone number with its `+` is none. */
const FORMULA = /^[\s"']*[=@＝＠]|^[\s"']*[+\-＋－](?![\d\s().-]*$)/;

function cellText(cell: string): string {
  const safe = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[";\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Writes lines of cells as spreadsheets in Spanish read them. */
export const toCsv = (lines: readonly (readonly string[])[]): string =>
  lines.map((cells) => `${cells.map(cellText).join(';')}\r\n`).join('');

/** Saves a text as a file; the byte order mark tells Excel that it is UTF-8. */
export function saveText(name: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(['\uFEFF', text], { type: 'text/csv' }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
