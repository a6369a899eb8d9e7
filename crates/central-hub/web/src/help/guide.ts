// Parses the user guide, which uses the subset of Markdown that `docs/guide.md` has.

export type Piece = { text: string; strong: boolean };

export type Block =
  | { kind: 'text'; pieces: Piece[] }
  | { kind: 'list'; ordered: boolean; items: Piece[][] }
  | { kind: 'picture'; text: string; name: string };

export interface Chapter {
  title: string;
  blocks: Block[];
}

export interface Guide {
  title: string;
  lead: string;
  chapters: Chapter[];
}

/** Splits a line at its `**bold**` words. */
export const piecesOf = (line: string): Piece[] =>
  line
    .split('**')
    .map((text, at) => ({ text, strong: at % 2 === 1 }))
    .filter(({ text }) => text !== '');

const ITEM = /^(?:\d+\.|-) /;
/** A picture; its file has the same name in the book and in this page. */
const PICTURE = /^!\[([^\]]*)\]\((?:.*\/)?([^/)]+)\)$/;

function blockOf(paragraph: string): Block {
  const [, text, name] = PICTURE.exec(paragraph) ?? [];
  if (text !== undefined && name !== undefined) return { kind: 'picture', text, name };
  const lines = paragraph.split('\n');
  if (!lines.every((line) => ITEM.test(line))) {
    return { kind: 'text', pieces: piecesOf(lines.join(' ')) };
  }
  const items = lines.map((line) => piecesOf(line.replace(ITEM, '')));
  return { kind: 'list', ordered: !paragraph.startsWith('-'), items };
}

/** Parses the guide: a title, a sentence, and chapters. */
export function parseGuide(text: string): Guide {
  const [head = '', ...parts] = text.trim().split('\n## ');
  const [title = '', ...lead] = head.replace(/^# /, '').split('\n');
  return {
    title,
    lead: lead.join('\n').trim(),
    chapters: parts.map((part) => {
      const [name = '', ...rest] = part.split('\n');
      const paragraphs = rest.join('\n').trim().split(/\n{2,}/);
      return { title: name, blocks: paragraphs.map(blockOf) };
    }),
  };
}
