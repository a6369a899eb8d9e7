import { describe, expect, it } from 'vitest';

import { es } from '../i18n/es';
import { filterOf, isNarrowed, searchOf } from './filter';

const of = (text: string) => filterOf(new URLSearchParams(text), es.messageStates);

describe('the filter in the URL', () => {
  it('survives a round trip', () => {
    const text =
      'estado=fallido&destinatario=5491158254201&campania_id=7&cliente_id=51&desde=2026-03-01&hasta=2026-03-31&buscar=hola&direccion=entrante';
    expect(searchOf(of(text)).toString()).toBe(text);
    expect(isNarrowed(of(text))).toBe(true);
  });

  it('is empty by default', () => {
    expect(searchOf(of('')).toString()).toBe('');
    expect(of('').direccion).toBe('todas');
    expect(isNarrowed(of(''))).toBe(false);
  });

  it('drops values that the hub would reject', () => {
    const wrong =
      'estado=constructor&destinatario=hola&campania_id=0&cliente_id=-1&desde=ayer&hasta=2026-02-30&direccion=x';
    expect(searchOf(of(wrong)).toString()).toBe('');
  });

  it('accepts a phone number with separators', () => {
    expect(of('destinatario=%2B54%209%2011%205825-4201').destinatario).toBe('+5491158254201');
  });
});
