import { describe, expect, it } from 'vitest';

import type { Campaign } from './types';
import { columnsToName, doneOf, mistakeOf, pauseProblem, percentOf, slicesOf } from './words';

const campaign = (counts: Partial<Campaign>): Campaign => ({
  id: 1,
  nombre: 'Marzo',
  mensaje: 'Hola {nombre}',
  cliente_id: null,
  estado: 'en_progreso',
  simulacion: true,
  columnas: [],
  variables: [],
  pausa_min_s: 30,
  pausa_max_s: 90,
  total: 0,
  pendientes: 0,
  en_cola: 0,
  enviados: 0,
  fallidos: 0,
  simulados: 0,
  omitidos: 0,
  motivo_pausa: null,
  espera: null,
  fecha: '',
  actualizado: '',
  fecha_aprobacion: null,
  fecha_finalizacion: null,
  ...counts,
});

describe('progress', () => {
  it('counts all recipients with an outcome', () => {
    const one = campaign({ total: 10, pendientes: 3, en_cola: 1, enviados: 4, fallidos: 2 });
    expect(doneOf(one)).toBe(6);
    expect(percentOf(doneOf(one), one.total)).toBe(60);
    expect(slicesOf(one).map(({ key, count }) => [key, count])).toEqual([
      ['enviados', 4],
      ['fallidos', 2],
      ['en_cola', 1],
    ]);
  });

  it('is 0 without recipients', () => {
    expect(percentOf(0, 0)).toBe(0);
    expect(slicesOf(campaign({}))).toEqual([]);
  });
});

describe('the mistake of a template', () => {
  const text = 'Hola {nombre}, tu {turno}';
  const lugar = { posicion: 18, linea: 1, columna: 19 };

  it('extends to its closing brace', () => {
    const found = mistakeOf(text, { variable: 'turno', lugar });
    expect(found && text.slice(found.start, found.end)).toBe('{turno}');
    expect(found).toMatchObject({ line: 1, column: 19, variable: 'turno' });
  });

  it('extends to the end of the text without a closing brace', () => {
    expect(mistakeOf('Hola {nombre', { lugar: { posicion: 5, linea: 1, columna: 6 } })).toEqual({
      start: 5,
      end: 12,
      line: 1,
      column: 6,
      variable: null,
    });
    expect(mistakeOf('Hola', { lugar: { ...lugar, posicion: 99 } })).toMatchObject({
      start: 4,
      end: 4,
    });
  });

  it('is null if the hub reports no position', () => {
    expect(mistakeOf(text, {})).toBeNull();
    expect(mistakeOf(text, { lugar: { posicion: 'x' } })).toBeNull();
  });
});

describe('columns to name', () => {
  it('exclude the phone number', () => {
    const sample = {
      destinatario: '5491158254201',
      datos: { celular: '011 15-5825-4201', nombre: 'Ana', monto: '1.250.000', cuit: '20301234567' },
    };
    const columns = ['celular', 'nombre', 'monto', 'cuit', 'zona'];
    expect(columnsToName(columns, sample)).toEqual(['nombre', 'monto', 'cuit', 'zona']);
    expect(columnsToName(columns, undefined)).toEqual(columns);
  });
});

describe('pauses', () => {
  it('need a minimum and a maximum, in order', () => {
    expect(pauseProblem(30, 90)).toBeNull();
    expect(pauseProblem(0, 0)).toBeNull();
    expect(pauseProblem('', 90)).toBe('empty');
    expect(pauseProblem(90, 30)).toBe('order');
  });
});
