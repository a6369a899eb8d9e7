import { useQuery } from '@tanstack/react-query';

import { request } from '../api/http';

export interface QuickAnswer {
  id: number;
  /** The business; null for an answer for all businesses. */
  cliente_id: number | null;
  /** The shortcut that is typed after the "/". */
  atajo: string;
  texto: string;
}

export type QuickAnswerInput = Pick<QuickAnswer, 'atajo' | 'texto'>;

export const QUICK_ANSWERS_KEY = ['quick-answers'] as const;

const PATH = '/api/quick-answers';

/** Fetches the quick answers, sorted by shortcut. */
export const useQuickAnswers = (enabled = true) =>
  useQuery({
    queryKey: QUICK_ANSWERS_KEY,
    queryFn: ({ signal }) => request<{ respuestas: QuickAnswer[] }>(PATH, { signal }),
    select: ({ respuestas }) => respuestas,
    // Others change them, which no event tells.
    staleTime: 0,
    enabled,
  });

export const addQuickAnswer = (body: QuickAnswerInput & { cliente_id?: number }) =>
  request<QuickAnswer>(PATH, { method: 'POST', body });

export const changeQuickAnswer = (id: number, body: QuickAnswerInput) =>
  request<QuickAnswer>(`${PATH}/${id}`, { method: 'PUT', body });

export const removeQuickAnswer = (id: number) =>
  request<null>(`${PATH}/${id}`, { method: 'DELETE' });
