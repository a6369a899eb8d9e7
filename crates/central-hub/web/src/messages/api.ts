import { useQuery } from '@tanstack/react-query';

import { request } from '../api/http';
import { query } from '../lib/query';
import type { Page } from '../ui/pages';
import { useAction } from '../ui/useAction';
import type { Decision, Filter, Message, MessageWithHistory } from './types';

const PATH = '/api/sender/messages';

export const MESSAGES_KEY = ['messages'] as const;

const PER_PAGE = 50;

export async function getMessages(
  filter: Filter,
  antes: string | number | null,
  signal: AbortSignal,
): Promise<Page<Message>> {
  const response = await request<{ mensajes: Message[]; siguiente: number | null }>(
    `${PATH}${query({ ...filter, antes, limite: PER_PAGE })}`,
    { signal, timeoutMs: 30_000 },
  );
  return { items: response.mensajes, next: response.siguiente };
}

/** Returns the URL of the CSV export for a filter. */
export const fileOf = (filter: Filter): string => `${PATH}.csv${query({ ...filter })}`;

export const useMessage = (id: number) =>
  useQuery({
    queryKey: [...MESSAGES_KEY, 'one', id],
    queryFn: ({ signal }) => request<MessageWithHistory>(`${PATH}/status/${id}`, { signal }),
    staleTime: 0,
  });

export const useRetry = (id: number, done: () => void) =>
  useAction(
    MESSAGES_KEY,
    (motivo: string) =>
      request<MessageWithHistory>(`${PATH}/${id}/retry`, { method: 'POST', body: { motivo } }),
    done,
  );

export const useDecide = (id: number, done: () => void) =>
  useAction(
    MESSAGES_KEY,
    (decision: { resultado: Decision; motivo: string }) =>
      request<MessageWithHistory>(`${PATH}/${id}/decide`, { method: 'POST', body: decision }),
    done,
  );
