import { request } from '../../api/http';

/** The hub waits this long for WhatsApp. */
const CHANGE_MS = 75_000;

export interface Changed {
  id: number;
  dry_run?: boolean;
}

const path = (id: number): string => `/api/listener/messages/${id}`;

/** Edits a message; repeated with the same text it is one edit. */
export const editMessage = (id: number, mensaje: string) =>
  request<Changed>(path(id), { method: 'PUT', body: { mensaje }, timeoutMs: CHANGE_MS });

/** Deletes a message for everyone. */
export const deleteMessage = (id: number) =>
  request<Changed>(path(id), { method: 'DELETE', timeoutMs: CHANGE_MS });
