import { describe, expect, it } from 'vitest';

import { actorOf } from '../api/actor';
import { ApiError } from '../api/http';
import { me } from '../api/me.fixture';
import type { PauseReason } from '../api/types';
import { en } from './en';
import { es, type Dictionary } from './es';
import { codeText, errorText, explain, lineFaultText, listFaultText, whyPaused } from './lookup';

/** Returns every key with the type of its value: `scan.steps: array 5`. */
function shape(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return [`${path}: array ${value.length}`];
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, inner]) => shape(inner, `${path}.${key}`));
  }
  return [`${path}: ${typeof value}`];
}

function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(texts);
  return [];
}

describe('the dictionaries', () => {
  it('have the same keys', () => {
    expect(shape(en).sort()).toEqual(shape(es).sort());
  });

  it('have no empty texts', () => {
    for (const text of [...texts(es), ...texts(en)]) expect(text.trim()).not.toBe('');
  });
});

describe('texts for codes', () => {
  it('translate known codes', () => {
    expect(codeText(es, 'NOT_ON_WHATSAPP', 'x')).toBe('Ese número no tiene WhatsApp.');
    expect(errorText(en, new ApiError('SESSION_NOT_READY', 'x', 503))).toContain('not ready');
    expect(explain(es, 'CHROME_NOT_FOUND', 'x').cure).toContain('apt-get install chromium');
    expect(explain(es, 'CONFLICT', 'x')).toMatchObject({ cure: null });
  });

  it('keep the service’s message for unknown codes, including names of Object’s members', () => {
    for (const code of ['SOMETHING_NEW', 'constructor', '__proto__', '']) {
      expect(codeText(es, code, 'as it is')).toBe('as it is');
      expect(explain(es, code, 'as it is')).toEqual({ what: 'as it is', cure: null });
    }
  });
});

describe('the author', () => {
  const paused = (por: string | null, detalle: string | null = null): PauseReason => ({
    codigo: 'PAUSED_BY_PERSON',
    detalle,
    por,
    fecha: '2026-11-30T11:26:00.000Z',
  });
  const why = (t: Dictionary, reason: PauseReason | null) =>
    whyPaused(t, reason, me, () => t.dates.today);

  it('is named for a paused campaign', () => {
    expect(why(es, paused('marcela'))).toBe('la pausaste vos hoy.');
    expect(why(en, paused('marcela'))).toBe('you paused it today.');
    expect(why(es, paused('luis', 'feriado'))).toBe('la pausó luis hoy. feriado');
    expect(why(es, paused('token 3'))).toBe('la pausó otro programa hoy.');
    expect(why(es, paused(null))).toBe('la pausó alguien de la oficina hoy.');
    // Paused before the hub recorded who and when.
    expect(why(es, { ...paused(null), fecha: null })).toBe('la pausó alguien de la oficina.');
    const byItself = { ...paused(null, '463'), codigo: 'MANY_FAILURES' };
    expect(why(es, byItself)).toBe(es.start.pauses.MANY_FAILURES);
  });

  it('is named for an opt-out', () => {
    const added = (t: Dictionary, por: string | null) => t.optOuts.addedBy(actorOf(me, por));
    expect(added(es, 'marcela')).toBe('La agregaste vos');
    expect(added(en, 'marcela')).toBe('Added by you');
    expect(added(es, 'luis')).toBe('La agregó luis');
    expect(added(es, null)).toBe('La agregó alguien de la oficina');
  });
});

describe('a rejected list', () => {
  const fault = (code: string, sentence: string) => listFaultText(es, code, sentence);

  it('has the reason with the found columns', () => {
    expect(fault('LIST_IS_WORKBOOK', 'x')).toContain('Guardar como');
    expect(
      fault(
        'LIST_WITHOUT_PHONE',
        'no column contains the number: name one telefono, celular, destinatario or phone (found: Nombre, Nro de celular, Propiedad (m2))',
      ),
    ).toContain('Columnas: Nombre, Nro de celular, Propiedad (m2).');
    expect(fault('LIST_SAME_COLUMN', 'two columns have the name nombre')).toContain('«nombre»');
    expect(fault('LIST_MISSING_COLUMNS', 'the text uses columns that the list does not have: turno')).toContain('turno');
    expect(fault('LIST_RECORD_TOO_LARGE', 'line 7: more than 65536 bytes; is …')).toContain('la 7');
    expect(fault('SOMETHING_NEW', 'as it is')).toBe('as it is');
  });

  it('is reported with the number of imported recipients', () => {
    const error = (aceptados: number) =>
      new ApiError('LIST_INVALID', 'the list is empty', 400, { motivo: 'LIST_EMPTY', aceptados });
    expect(errorText(es, error(0))).toBe('El archivo está vacío. No se agregó a nadie.');
    expect(errorText(es, error(1))).toContain('1 persona;');
    expect(errorText(en, error(3))).toContain('3 people were added');
  });

  it('names the column of a rejected line', () => {
    expect(
      lineFaultText(es, 'MISSING_VALUE', 'razon_social is empty, and the text uses it ({razon_social|…} would set a default)'),
    ).toBe('Falta «razon_social», que el mensaje usa.');
    expect(lineFaultText(es, 'VALUE_TOO_LONG', 'nota is longer than 1000 characters')).toContain('«nota»');
    expect(lineFaultText(es, 'PHONE_EMPTY', 'x')).toBe('No hay teléfono.');
    expect(lineFaultText(es, 'constructor', 'as it is')).toBe('as it is');
  });
});
