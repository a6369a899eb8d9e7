import { describe, expect, it } from 'vitest';

import { closest, fill, keyOf, mistakeIn } from './template';

describe('a column', () => {
  it('is normalized like in the hub', () => {
    for (const [heading, key] of [
      ['Teléfono ', 'telefono'],
      ['  Razón   social / Fantasía ', 'razon_social_fantasia'],
      ['Año', 'ano'],
      ['e-mail', 'e_mail'],
      ['N° de teléfono', 'n_de_telefono'],
      ['Straße', 'straße'],
      ['名前', '名前'],
      ['_ - _', ''],
    ] as const) {
      expect(keyOf(heading)).toBe(key);
    }
  });

  it('is suggested for a similar name', () => {
    const columns = ['propiedad', 'direccion', 'precio'];
    expect(closest('Propieda', columns)).toBe('propiedad');
    expect(closest('direcion', columns)).toBe('direccion');
    expect(closest('Vencimiento', columns)).toBeNull();
    expect(closest('x', [])).toBeNull();
  });
});

describe('a mistake in a text', () => {
  it('has a position', () => {
    for (const [text, code, start, end] of [
      ['Hola {nombre', 'TEMPLATE_UNCLOSED_BRACE', 5, 12],
      ['{a\n}', 'TEMPLATE_UNCLOSED_BRACE', 0, 2],
      ['ñandú\nhola }', 'TEMPLATE_UNOPENED_BRACE', 11, 12],
      ['{{}', 'TEMPLATE_UNOPENED_BRACE', 2, 3],
      ['{|x}', 'TEMPLATE_NAMELESS_VARIABLE', 0, 4],
      // Positions are in UTF-16 units, like a text field's selection.
      ['🏠 {', 'TEMPLATE_UNCLOSED_BRACE', 3, 4],
    ] as const) {
      expect(mistakeIn(text, []), text).toEqual({ code, start, end, variable: '' });
    }
    expect(mistakeIn('Hola {nombre}, {{oferta}} {x|y}', [])).toBeNull();
  });

  it('can be an unknown column, once there are columns', () => {
    const text = 'Hola {nombre}, por {Propiedad} y {precio}';
    expect(mistakeIn(text, [])).toBeNull();
    expect(mistakeIn(text, ['propiedad', 'precio'])).toBeNull();
    expect(mistakeIn(text, ['propiedad'])).toEqual({
      code: 'TEMPLATE_UNKNOWN_VARIABLE',
      variable: 'precio',
      start: 33,
      end: 41,
    });
  });
});

describe('the preview', () => {
  it('has the values of a row', () => {
    const data = { nombre: 'Ana', propiedad: 'PH {2}', precio: '' };
    expect(fill('Hola {Nombre}, {{por}} {propiedad}', data)).toEqual({
      text: 'Hola Ana, {por} PH {2}',
      missing: [],
    });
    expect(fill('{precio|a consultar}', data).text).toBe('a consultar');
    expect(fill('{nombre_destino}', data).text).toBe('Ana');
    expect(fill('{precio}', data)).toEqual({ text: '…', missing: ['precio'] });
  });

  it('keeps an unfinished variable', () => {
    expect(fill('Hola {nombre}, {prop', { nombre: 'Ana' }).text).toBe('Hola Ana, {prop');
  });
});
