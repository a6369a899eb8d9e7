import { isDay } from '../lib/days';
import { isId } from '../lib/number';
import { checkPhone } from '../lib/phone';
import type { Dictionary } from '../i18n/es';
import { DIRECTIONS, type Filter } from './types';

/** The filter's parameters in the URL. */
const NAMES = [
  'estado',
  'destinatario',
  'campania_id',
  'cliente_id',
  'desde',
  'hasta',
  'buscar',
] as const;

/** Parses the filter from the URL; drops values that the hub would reject. */
export function filterOf(search: URLSearchParams, states: Dictionary['messageStates']): Filter {
  const text = (name: string): string => search.get(name)?.trim() ?? '';
  const checked = (name: string, holds: (text: string) => boolean): string => {
    const found = text(name);
    return holds(found) ? found : '';
  };
  const phone = checkPhone(text('destinatario'));
  return {
    estado: checked('estado', (found) => Object.hasOwn(states, found)),
    direccion: DIRECTIONS.find((direction) => direction === text('direccion')) ?? 'todas',
    destinatario: phone.ok ? phone.written : '',
    campania_id: checked('campania_id', isId),
    cliente_id: checked('cliente_id', isId),
    desde: checked('desde', isDay),
    hasta: checked('hasta', isDay),
    buscar: text('buscar').slice(0, 200),
  };
}

/** Builds the URL parameters of a filter, without empty values. */
export function searchOf(filter: Filter): URLSearchParams {
  const search = new URLSearchParams();
  for (const name of NAMES) if (filter[name] !== '') search.set(name, filter[name]);
  if (filter.direccion !== 'todas') search.set('direccion', filter.direccion);
  return search;
}

export const isNarrowed = (filter: Filter): boolean => searchOf(filter).size > 0;
