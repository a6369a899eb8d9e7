import { describe, expect, it } from 'vitest';

import { piecesOf, plainText, type Piece } from './richText';

/** Converts pieces to `<b>…</b>` and so on, for comparison. */
const toMarkup = (pieces: readonly Piece[]): string =>
  pieces
    .map((piece) => {
      switch (piece.kind) {
        case 'text':
          return piece.text;
        case 'link':
          return `<a ${piece.href}>${piece.text}</a>`;
        case 'monospace':
          return `<t>${piece.text}</t>`;
        default:
          return `<${piece.kind[0]}>${toMarkup(piece.pieces)}</${piece.kind[0]}>`;
      }
    })
    .join('');
const of = (text: string) => toMarkup(piecesOf(text));

describe('a text as WhatsApp shows it', () => {
  it('is formatted by its marks', () => {
    expect(of('Hola *Ana*, _mirá_ ~esto~ ```x*y*```')).toBe('Hola <b>Ana</b>, <i>mirá</i> <s>esto</s> <t>x*y*</t>');
    expect(of('*muy _importante_*')).toBe('<b>muy <i>importante</i></b>');
  });

  it('keeps characters that are not marks', () => {
    for (const text of ['2*3*4', 'a_b_c', '* lista', '*sin fin', '**', '* no *', 'una *línea\notra*', '```']) {
      expect(of(text)).toBe(text);
    }
  });

  it('has links without the punctuation after them', () => {
    expect(of('Mirá https://a.example/b_c_d?x=1.')).toBe('Mirá <a https://a.example/b_c_d?x=1>https://a.example/b_c_d?x=1</a>.');
    expect(of('(www.casa.example)')).toBe('(<a https://www.casa.example>www.casa.example</a>)');
    expect(of('*https://a.example*')).toBe('<b><a https://a.example>https://a.example</a></b>');
    expect(of('javascript:alert(1) http:// ftp://a.b')).toBe('javascript:alert(1) http:// ftp://a.b');
  });

  it('is plain in a one-line summary', () => {
    expect(plainText('*Hola*, _ahí va_ la ~de 80~ *_casa_*: ```7 x 3``` www.casa.example')).toBe(
      'Hola, ahí va la de 80 casa: 7 x 3 www.casa.example',
    );
    expect(plainText('2*3*4')).toBe('2*3*4');
  });

  // The maximum length of a message in session-manager.
  it.each(['*a ', 'h', '.', 'https://a', 'http://a ', 'www.', 'www.a ', '`', '```', '_*~a'])(
    'takes a long text of %j in good time',
    (part) => {
      const text = part.repeat(Math.trunc(65_536 / part.length));
      const began = performance.now();
      of(text);
      of(`http://${text}x`);
      expect(performance.now() - began).toBeLessThan(1_000);
    },
  );
});
