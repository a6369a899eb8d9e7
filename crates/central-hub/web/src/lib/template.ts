// Parses the text of a campaign or a quick answer like the hub, for the preview while typing. The
// hub validates the text when it is saved.

import { fold } from './searchMarks';

export interface Variable {
  /** The column's key. */
  key: string;
  /** The name as typed. */
  written: string;
  /** The word for an empty cell; null if a value is required. */
  fallback: string | null;
  start: number;
  end: number;
}

export type Part = { text: string } | { variable: Variable };

/** The reason codes of the hub's `TEMPLATE_INVALID`. */
export type MistakeCode =
  | 'TEMPLATE_UNCLOSED_BRACE'
  | 'TEMPLATE_UNOPENED_BRACE'
  | 'TEMPLATE_NAMELESS_VARIABLE'
  | 'TEMPLATE_UNKNOWN_VARIABLE';

export interface Mistake {
  code: MistakeCode;
  variable: string;
  start: number;
  end: number;
}

const NAME = 'nombre';
const NAME_ALIAS = 'nombre_destino';

/** Normalizes a column's name: lower case, no accents, one `_` between words. */
export const keyOf = (name: string): string =>
  fold(name)
    .replace(/[^\p{L}\p{N}]+/gu, '_')
    .replace(/^_|_$/g, '');

/** Parses a text up to its first mistake. */
export function parse(text: string): { parts: Part[]; mistake: Mistake | null } {
  const parts: Part[] = [];
  let literal = '';
  const flush = () => {
    if (literal !== '') parts.push({ text: literal });
    literal = '';
  };
  const fault = (code: MistakeCode, start: number, end: number) => {
    flush();
    return { parts, mistake: { code, variable: '', start, end } };
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char !== '{' && char !== '}') {
      literal += char;
      continue;
    }
    if (text.charAt(at + 1) === char) {
      literal += char;
      at += 1;
      continue;
    }
    if (char === '}') return fault('TEMPLATE_UNOPENED_BRACE', at, at + 1);
    // A variable ends on the same line, and contains no other braces.
    const inside = /^[^{}\n]*/.exec(text.slice(at + 1))?.[0] ?? '';
    const end = at + 1 + inside.length;
    if (text.charAt(end) !== '}') return fault('TEMPLATE_UNCLOSED_BRACE', at, end);
    const bar = inside.indexOf('|');
    const written = (bar === -1 ? inside : inside.slice(0, bar)).trim();
    const key = keyOf(written);
    if (key === '') return fault('TEMPLATE_NAMELESS_VARIABLE', at, end + 1);
    flush();
    const fallback = bar === -1 ? null : inside.slice(bar + 1);
    parts.push({ variable: { key, written, fallback, start: at, end: end + 1 } });
    at = end;
  }
  flush();
  return { parts, mistake: null };
}

const isName = (key: string): boolean => key === NAME || key === NAME_ALIAS;

/** Returns the first mistake; while there are no columns, any name is accepted. */
export function mistakeIn(text: string, columns: readonly string[]): Mistake | null {
  const { parts, mistake } = parse(text);
  if (columns.length > 0) {
    for (const part of parts) {
      if (!('variable' in part)) continue;
      const { key, written, start, end } = part.variable;
      if (!isName(key) && !columns.includes(key)) {
        return { code: 'TEMPLATE_UNKNOWN_VARIABLE', variable: written, start, end };
      }
    }
  }
  return mistake;
}

/** Returns the value of a column in a recipient's row. */
function valueOf(data: Readonly<Record<string, string>>, key: string): string | undefined {
  const found = Object.hasOwn(data, key) ? data[key] : undefined;
  if (found) return found;
  if (!isName(key)) return undefined;
  return data[key === NAME ? NAME_ALIAS : NAME] || undefined;
}

export interface Filled {
  text: string;
  /** Columns that are empty for this recipient and have no fallback. */
  missing: string[];
}

/** Fills in a text for one recipient; an unfinished variable stays as typed. */
export function fill(text: string, data: Readonly<Record<string, string>>): Filled {
  const { parts, mistake } = parse(text);
  const missing: string[] = [];
  const filled = parts.map((part) => {
    if ('text' in part) return part.text;
    const { key, written, fallback } = part.variable;
    const value = valueOf(data, key) ?? fallback;
    if (value === null) missing.push(written);
    return value ?? '…';
  });
  return { text: filled.join('') + (mistake ? text.slice(mistake.start) : ''), missing };
}

/** Returns the edit distance of two short words. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Returns the column that a mistyped name most likely means. */
export function closest(name: string, columns: readonly string[]): string | null {
  const key = keyOf(name);
  const near = columns
    .map((column) => ({
      column,
      far: column.startsWith(key) || key.startsWith(column) ? 1 : distance(key, column),
    }))
    .filter(({ far }) => far <= Math.max(1, Math.floor(key.length / 3)))
    .toSorted((a, b) => a.far - b.far);
  return near[0]?.column ?? null;
}
