import { describe, expect, it } from 'vitest';

import { playText, saveName, sizeText } from './fileText';

describe('the description of a file', () => {
  it('has a size', () => {
    expect(sizeText(999, 'es-AR')).toBe('999 bytes');
    expect(sizeText(182_044, 'es-AR')).toBe('182 kB');
    expect(sizeText(999_600, 'en')).toBe('1 MB');
    expect(sizeText(1_550_000, 'es-AR')).toBe('1,6 MB');
    expect(sizeText(25_000_000, 'es-AR')).toBe('25 MB');
    expect(sizeText(3e12, 'en')).toBe('3,000 GB');
  });

  it('has a duration', () => {
    expect([7, 62.4, 3723, -1].map(playText)).toEqual(['0:07', '1:02', '1:02:03', '0:00']);
  });

  it('has a file name for saving', () => {
    expect(saveName('recibo.pdf', 'application/pdf', 1)).toBe('recibo.pdf');
    expect(saveName(undefined, 'audio/ogg; codecs=opus', 7)).toBe('whatsapp-7.ogg');
    expect(saveName(undefined, 'constructor', 7)).toBe('whatsapp-7');
  });
});
