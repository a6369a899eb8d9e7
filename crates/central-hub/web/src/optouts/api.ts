import { request } from '../api/http';
import { query } from '../lib/query';
import type { Page } from '../ui/pages';

const PATH = '/api/sender/bajas';

export const OPT_OUTS_KEY = ['opt-outs'] as const;

/** An entry of the opt-out list. */
export interface OptOut {
  id: number;
  telefono: string;
  nombre?: string;
  /** `mensaje`: the contact sent an opt-out word. */
  origen: 'mensaje' | 'persona';
  /** The contact's message, or the reason given by a user. */
  motivo: string | null;
  /** Who added the entry; null if unknown. */
  por: string | null;
  fecha: string;
}

export async function getOptOuts(
  antes: string | number | null,
  signal: AbortSignal,
): Promise<Page<OptOut>> {
  const response = await request<{ bajas: OptOut[]; siguiente: number | null }>(
    `${PATH}${query({ antes, limite: 50 })}`,
    { signal },
  );
  return { items: response.bajas, next: response.siguiente };
}

export const addOptOut = (body: { telefono: string; motivo: string }) =>
  request<OptOut>(PATH, { method: 'POST', body });

/** Removes a number; resolves to null, since a 204 has no body. */
export const removeOptOut = (telefono: string) =>
  request<null>(`${PATH}/${encodeURIComponent(telefono)}`, { method: 'DELETE' });

/** A message that contains an opt-out word and that no user has decided on yet. */
export interface PossibleOptOut {
  id: number;
  telefono: string;
  nombre?: string;
  palabra: string;
  mensaje: string;
  fecha: string;
}

export const getPossible = (signal: AbortSignal) =>
  request<{ total: number; posibles: PossibleOptOut[] }>(`${PATH}/posibles`, { signal });

export const decidePossible = ({ id, es_baja }: { id: number; es_baja: boolean }) =>
  request<{ es_baja: boolean }>(`${PATH}/posibles/${id}`, { method: 'POST', body: { es_baja } });

export const getWords = async (signal: AbortSignal): Promise<string[]> =>
  (await request<{ palabras: string[] }>(`${PATH}/palabras`, { signal })).palabras;

export const setWords = async (palabras: string[]): Promise<string[]> =>
  (await request<{ palabras: string[] }>(`${PATH}/palabras`, { method: 'PUT', body: { palabras } }))
    .palabras;

/** The message sent after an opt-out; `null` while it is switched off. */
export interface Answer {
  texto: string | null;
}

export const getAnswer = (signal: AbortSignal) =>
  request<Answer>(`${PATH}/respuesta`, { signal });

export const setAnswer = (texto: string | null) =>
  request<Answer>(`${PATH}/respuesta`, { method: 'PUT', body: { texto } });
