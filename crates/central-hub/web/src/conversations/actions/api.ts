import { request } from '../../api/http';

/** Timeout of a change, for which the hub waits for WhatsApp. */
const CHANGE_MS = 75_000;

export interface Changed {
  id: number;
  dry_run?: boolean;
}

const path = (id: number): string => `/api/listener/messages/${id}`;

/** Edits a message; repeating the request with the same text causes no second edit. */
export const editMessage = (id: number, mensaje: string) =>
  request<Changed>(path(id), { method: 'PUT', body: { mensaje }, timeoutMs: CHANGE_MS });

/** Gives the account's reaction to a message; an empty one takes it away. Repeating it gives no second one. */
export const reactTo = (id: number, emoji: string) =>
  request<Changed>(`${path(id)}/reaction`, {
    ...(emoji === '' ? { method: 'DELETE' } : { method: 'PUT', body: { emoji } }),
    timeoutMs: CHANGE_MS,
  });

/** Deletes a message for everyone. */
export const deleteMessage = (id: number) =>
  request<Changed>(path(id), { method: 'DELETE', timeoutMs: CHANGE_MS });
