// WhatsApp's formatting: *bold*, _italic_, ~struck~, ```monospace```, and
// links.

export type Piece =
  | { kind: 'text'; text: string }
  | { kind: 'link'; text: string; href: string }
  | { kind: 'bold' | 'italic' | 'struck'; pieces: Piece[] }
  | { kind: 'monospace'; text: string };

const MARKS = { '*': 'bold', _: 'italic', '~': 'struck' } as const;

type Mark = keyof typeof MARKS;

// Sticky: matches at one position only, since searching from each position is slow in a long text.
const LINK = /https?:\/\/[^\s<>"«»]+|www\.[^\s<>"«»]+\.[^\s<>"«»]+/iy;
// A link ends before the punctuation or bracket that ends its sentence.
const AFTER_LINK: ReadonlySet<string> = new Set('.,;:!?)]}\'"*_~');

const isWord = (char: string | undefined): boolean =>
  char !== undefined && /[\p{L}\p{N}]/u.test(char);

/**
 * Returns the position of the mark that closes the one at `from`; -1 if that one is a plain
 * character. `hopeless` caches, for each mark, the position before which no mark closes, so
 * that a long line is searched only once.
 */
function closingOf(
  text: string,
  from: number,
  mark: string,
  hopeless: Map<string, number>,
): number {
  if (isWord(text[from - 1])) return -1;
  const first = text[from + 1];
  if (first === undefined || /\s/.test(first) || first === mark) return -1;
  if (from < (hopeless.get(mark) ?? 0)) return -1;
  let at = from + 2;
  // WhatsApp's marks do not span lines.
  for (; at < text.length && text[at] !== '\n'; at += 1) {
    if (text[at] === mark && !/\s/.test(text[at - 1] ?? ' ') && !isWord(text[at + 1])) return at;
  }
  hopeless.set(mark, at);
  return -1;
}

function linkAt(text: string, from: number): { text: string; href: string } | null {
  if (isWord(text[from - 1])) return null;
  LINK.lastIndex = from;
  const found = LINK.exec(text)?.[0];
  if (found === undefined) return null;
  let end = found.length;
  while (AFTER_LINK.has(found[end - 1] ?? '')) end -= 1;
  const linkText = found.slice(0, end);
  const href = /^https?:/i.test(linkText) ? linkText : `https://${linkText}`;
  return URL.canParse(href) ? { text: linkText, href } : null;
}

export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let plain = '';
  const hopeless = new Map<string, number>();
  const flush = () => {
    if (plain !== '') pieces.push({ kind: 'text', text: plain });
    plain = '';
  };
  for (let at = 0; at < text.length; ) {
    const char = text[at] ?? '';
    if (text.startsWith('```', at)) {
      const end = text.indexOf('```', at + 3);
      if (end > at + 3) {
        flush();
        pieces.push({ kind: 'monospace', text: text.slice(at + 3, end) });
        at = end + 3;
        continue;
      }
    }
    if (char === 'h' || char === 'H' || char === 'w' || char === 'W') {
      const link = linkAt(text, at);
      if (link) {
        flush();
        pieces.push({ kind: 'link', ...link });
        at += link.text.length;
        continue;
      }
    }
    if (Object.hasOwn(MARKS, char)) {
      const end = closingOf(text, at, char, hopeless);
      if (end !== -1) {
        flush();
        pieces.push({ kind: MARKS[char as Mark], pieces: piecesOf(text.slice(at + 1, end)) });
        at = end + 1;
        continue;
      }
    }
    plain += char;
    at += 1;
  }
  flush();
  return pieces;
}

/** Removes the formatting marks from a text, for a one-line summary. */
export const plainText = (text: string): string => textOf(piecesOf(text));

const textOf = (pieces: readonly Piece[]): string =>
  pieces.map((piece) => ('pieces' in piece ? textOf(piece.pieces) : piece.text)).join('');
