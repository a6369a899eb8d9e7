import { describe, expect, it } from 'vitest';

import { en } from '../i18n/en';
import { es, type Dictionary } from '../i18n/es';
import english from './guide.en.md?raw';
import { parseGuide, piecesOf } from './guide';
import spanish from './guide.es.md?raw';

/** Returns all plain texts of a dictionary. */
function texts(of: unknown): string[] {
  if (typeof of === 'string') return [of];
  return typeof of === 'object' && of !== null ? Object.values(of).flatMap(texts) : [];
}

const LANGUAGES: [string, string, Dictionary, RegExp][] = [
  ['es', spanish, es, /«([^»]+)»/g],
  ['en', english, en, /“([^”]+)”/g],
];

describe.each(LANGUAGES)('the guide (%s)', (_, text, words, quoted) => {
  it('uses the page’s names of buttons and notices', () => {
    const pageTexts = texts(words);
    const names = Array.from(text.matchAll(quoted), ([, name = '']) => name);
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !pageTexts.some((pageText) => pageText.startsWith(name)))).toEqual([]);
  });

  it('uses the menu’s names of screens', () => {
    const screens = Array.from(text.matchAll(/\*\*([^*]+)\*\*/g), ([, name = '']) => name);
    expect(screens.length).toBeGreaterThan(5);
    expect(screens.filter((name) => !Object.values(words.nav).includes(name))).toEqual([]);
  });
});

const PICTURES = Object.keys(import.meta.glob('./pictures/*')).map((path) => path.split('/').at(-1));

describe('the pictures', () => {
  it('are exactly those that the guides use', () => {
    const usedPictures = [spanish, english].flatMap((text) =>
      parseGuide(text).chapters.flatMap(({ blocks }) =>
        blocks.flatMap((block) => (block.kind === 'picture' ? [block.name] : [])),
      ),
    );
    expect(usedPictures.length).toBeGreaterThan(1);
    expect(usedPictures.sort()).toEqual(PICTURES.sort());
  });
});

describe('the guides', () => {
  it('have the same chapters in both languages', () => {
    const shape = (text: string) =>
      parseGuide(text).chapters.map(({ blocks }) =>
        blocks.map((block) => (block.kind === 'list' ? block.items.length : 0)),
      );
    expect(shape(english)).toEqual(shape(spanish));
    expect(shape(english).length).toBeGreaterThan(5);
  });
});

describe('a guide', () => {
  it('has a title, a sentence and chapters of text and lists', () => {
    expect(parseGuide('# T\n\nL.\n\n## A\n\nx **B**\n\n1. y\n2. z\n\n- w\n')).toEqual({
      title: 'T',
      lead: 'L.',
      chapters: [
        {
          title: 'A',
          blocks: [
            { kind: 'text', pieces: piecesOf('x **B**') },
            { kind: 'list', ordered: true, items: [piecesOf('y'), piecesOf('z')] },
            { kind: 'list', ordered: false, items: [piecesOf('w')] },
          ],
        },
      ],
    });
    expect(piecesOf('x **B**')).toEqual([
      { text: 'x ', strong: false },
      { text: 'B', strong: true },
    ]);
  });
});
