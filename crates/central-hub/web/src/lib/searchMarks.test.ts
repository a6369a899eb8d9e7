import { describe, expect, it } from 'vitest';

import { marksOf } from './searchMarks';

const hits = (text: string, search: string) =>
  marksOf(text, search)
    .filter(({ hit }) => hit)
    .map((mark) => mark.text);

describe('the searched words', () => {
  it('are found in any order, ignoring case and accents', () => {
    expect(hits('¿Hay DÚPLEX con crédito?', 'credito duplex')).toEqual(['DÚPLEX', 'crédito']);
    expect(hits('Nandú y ñandú', 'ñandu')).toEqual(['Nandú', 'ñandú']);
    expect(hits('banana', 'ana')).toEqual(['anana']);
  });

  it('leave the text unchanged', () => {
    for (const [text, search] of [
      ['🏠 casa 🏠', 'casa'],
      ['ﬁn de mes', 'fin'],
      ['Mañana', ''],
      ['', 'x'],
      ['a+b (c)', '(+'],
    ] as const) {
      expect(marksOf(text, search).map((mark) => mark.text).join('')).toBe(text);
    }
  });
});
