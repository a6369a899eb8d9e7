import { describe, expect, it } from 'vitest';

import headingRecognition from '../../../src/campaigns/heading_recognition.rs?raw';
import { en } from '../i18n/en';
import { es } from '../i18n/es';
import { fold } from '../lib/searchMarks';
import { correctionFile, correctionFileName } from './correctionFile';

const line = (codigo: string, celdas: string[]) => ({ linea: 7, codigo, motivo: 'x', valor: '', celdas });

describe('the file of rejected lines', () => {
  it('has the original lines, each with its mistake', () => {
    const file = correctionFile(es, ['Celular', 'Nombre'], [
      line('PHONE_AREA_MISSING', ['5825-4201', 'Ana; "la" Gómez']),
      line('DUPLICATE', []),
      line('PHONE_SCIENTIFIC', ['5,49E+12', '']),
    ]);
    expect(file.split('\r\n')).toEqual([
      'Celular;Nombre;Qué corregir',
      '5825-4201;"Ana; ""la"" Gómez";Falta el código de área: va completo, como 11 5825-4201.',
      '5,49E+12;;La planilla cambió el número (5,49E+12): dale formato de texto a la columna.',
      '',
    ]);
  });

  it('replaces the column of mistakes of an earlier correction', () => {
    const file = correctionFile(es, ['Celular', 'que corregir'], [line('PHONE_EMPTY', ['', 'Falta'])]);
    expect(file).toBe('Celular;Qué corregir\r\n;No hay teléfono.\r\n');
  });

  it('contains no formulas, and keeps the + of a number', () => {
    const cells = ['+54 9 11 5825-4201', '=1+1', '@x', '-2+3', '-'];
    const file = correctionFile(es, ['a', 'b', 'c', 'd', 'e'], [line('PHONE_INVALID', cells)]);
    expect(file.split('\r\n')[1]).toMatch(/^\+54 9 11 5825-4201;'=1\+1;'@x;'-2\+3;-;/);
  });

  it('has a column that the hub skips', () => {
    for (const { campaigns } of [es, en]) {
      const key = fold(campaigns.lists.mendColumn).replaceAll(' ', '_');
      expect(headingRecognition).toContain(`"${key}"`);
    }
  });

  it('is named after the list', () => {
    expect(correctionFileName(es, 'clientes de mayo.xlsx')).toBe('clientes de mayo-corregir.csv');
    expect(correctionFileName(es, null)).toBe('listas-corregir.csv');
  });
});
