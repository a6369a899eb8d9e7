// WhatsApp's formatting: *bold*, _italic_, ~struck~, ```monospace```, and
// links.

export type Piece =
  | { kind: 'text'; text: string }
  | { kind: 'link'; text: string; href: string }
  | { kind: 'bold' | 'italic' | 'struck'; pieces: Piece[] }
  | { kind: 'typed'; text: string };

const MARKS = { '*': 'bold', _: 'italic', '~': 'struck' } as const;

type Mark = keyof typeof MARKS;

// A link ends before the punctuation or bracket that ends its sentence.
const LINK = /https?:\/\/[^\s<>"«»]+|www\.[^\s<>"«»]+\.[^\s<>"«»]+/gi;
const AFTER_LINK = /[.,;:!?)\]}'"*_~]+$/;

const isWord = (char: string | undefined): boolean =>
  char !== undefined && /[\p{L}\p{N}]/u.test(char);

/**
 * Returns the position that closes the mark at `from`; -1 if it is a plain
 * character.
 */
function closingOf(text: string, from: number, mark: string): number {
  if (isWord(text[from - 1])) return -1;
  const first = text[from + 1];
  if (first === undefined || /\s/.test(first) || first === mark) return -1;
  for (let at = from + 2; at < text.length; at += 1) {
    // WhatsApp's marks do not span lines.
    if (text[at] === '\n') return -1;
    if (text[at] === mark && !/\s/.test(text[at - 1] ?? ' ') && !isWord(text[at + 1])) return at;
  }
  return -1;
}

function linkAt(text: string, from: number): { text: string; href: string } | null {
  LINK.lastIndex = from;
  const found = LINK.exec(text);
  if (!found || found.index !== from || isWord(text[from - 1])) return null;
  const shown = found[0].replace(AFTER_LINK, '');
  const href = /^https?:/i.test(shown) ? shown : `https://${shown}`;
  return URL.canParse(href) ? { text: shown, href } : null;
}

export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let plain = '';
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
        pieces.push({ kind: 'typed', text: text.slice(at + 3, end) });
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
      const end = closingOf(text, at, char);
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
