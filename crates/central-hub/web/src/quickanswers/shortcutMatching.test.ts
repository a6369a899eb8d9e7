import { describe, expect, it } from 'vitest';

import { fill } from '../lib/template';
import type { QuickAnswer } from './api';
import { shortcutAt, fieldsOf, matching, ofBusiness } from './shortcutMatching';

const answer = (id: number, atajo: string, texto: string, cliente_id: number | null = null): QuickAnswer => ({
  id,
  atajo,
  texto,
  cliente_id,
});

describe('a typed shortcut', () => {
  it('begins with a slash at the start or after a space', () => {
    expect(shortcutAt('/', 1)).toEqual({ start: 0, end: 1, word: '' });
    expect(shortcutAt('/ubi', 4)).toEqual({ start: 0, end: 4, word: 'ubi' });
    expect(shortcutAt('Hola\n/ubicación', 15)).toEqual({ start: 5, end: 15, word: 'ubicación' });
    expect(shortcutAt('mirá /ho que', 8)).toEqual({ start: 5, end: 8, word: 'ho' });
  });

  it('is not a date, a URL, or a word that the cursor has left', () => {
    for (const text of ['24/12', 'https://x.com/a', 'y/o', '/ubi ', 'a/']) {
      expect(shortcutAt(text, text.length), text).toBeNull();
    }
    expect(shortcutAt('/ubi', 0)).toBeNull();
  });
});

describe('quick answers for a word', () => {
  const answers = [
    answer(1, 'Horario', 'De 9 a 18'),
    answer(2, 'nuestro-horario', 'x'),
    answer(3, 'pago', 'Transferencia, en el horario que quieras'),
    answer(4, 'Ubicación', 'Av. 9 de Julio'),
  ];

  it('match by shortcut first, then by text, ignoring accents and case', () => {
    expect(matching(answers, 'horario').map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(matching(answers, 'UBICACION').map(({ id }) => id)).toEqual([4]);
    expect(matching(answers, '')).toHaveLength(4);
    expect(matching(answers, 'nada')).toEqual([]);
  });

  it('are those of the business and those for all', () => {
    const mixed = [answer(1, 'a', 'x'), answer(2, 'b', 'x', 51), answer(3, 'c', 'x', 52)];
    expect(ofBusiness(mixed, 51).map(({ id }) => id)).toEqual([1, 2]);
    expect(ofBusiness(mixed, null)).toHaveLength(3);
  });
});

describe('the text for a contact', () => {
  it('includes the name and number', () => {
    expect(fill('Hola {nombre}, ¿{telefono}?', fieldsOf('Ana', '5491158254201'))).toEqual({
      text: 'Hola Ana, ¿+54 9 11 5825-4201?',
      missing: [],
    });
  });

  it('reports missing values without a fallback', () => {
    const unknown = fieldsOf(null, '247033104567642@lid');
    expect(fill('Hola {nombre|vecino}', unknown)).toEqual({ text: 'Hola vecino', missing: [] });
    expect(fill('Hola {nombre}: {telefono}', unknown).missing).toEqual(['nombre', 'telefono']);
  });
});
