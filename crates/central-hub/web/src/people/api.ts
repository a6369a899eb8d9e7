import { useQuery } from '@tanstack/react-query';

import { request } from '../api/http';
import { numberOf } from '../lib/phone';
import { query } from '../lib/query';
import type { Page } from '../ui/pages';
import type { Change, Contact, ContactDetails } from './types';

const PATH = '/api/contacts';

export const CONTACTS_KEY = ['contacts'] as const;

export interface ContactFilter {
  buscar: string;
  etiqueta: string;
}

export async function getContacts(
  filter: ContactFilter,
  antes: string | number | null,
  signal: AbortSignal,
): Promise<Page<Contact>> {
  const response = await request<{ contactos: Contact[]; siguiente: number | null }>(
    `${PATH}${query({ ...filter, antes, limite: 50 })}`,
    { signal, timeoutMs: 30_000 },
  );
  return { items: response.contactos, next: response.siguiente };
}

/** Returns the URL of the CSV export for a filter. */
export const fileOf = (filter: ContactFilter): string => `${PATH}.csv${query({ ...filter })}`;

/** Returns the contact's id in the API: the number, or the LID. */
export const idOf = ({ telefono, chat }: { telefono: string | null; chat: string }): string =>
  telefono ?? chat;

/** Returns the contact's displayed name, or the number without one. */
export const whoOf = (contact: Contact): string =>
  contact.nombre ?? contact.nombre_whatsapp ?? numberOf(contact);

const pathOf = (id: string): string => `${PATH}/${encodeURIComponent(id)}`;

export const contactKey = (id: string) => [...CONTACTS_KEY, 'of', id];

/** `everyMs`: the polling interval in milliseconds; if omitted, only invalidation refetches. */
export const useContact = (id: string, everyMs: number | false = false) =>
  useQuery({
    queryKey: contactKey(id),
    queryFn: ({ signal }) => request<ContactDetails>(pathOf(id), { signal }),
    refetchInterval: everyMs,
    staleTime: 0,
  });

export const changeContact = (id: string, body: Partial<Change>) =>
  request<ContactDetails>(pathOf(id), { method: 'PUT', body });

export const joinContacts = (id: string, con: string) =>
  request<ContactDetails>(`${pathOf(id)}/join`, { method: 'POST', body: { con } });

export const partContact = (id: string, direccion: string) =>
  request<ContactDetails>(`${pathOf(id)}/part`, { method: 'POST', body: { direccion } });

export const forgetContact = (id: string) =>
  request<{ sesion_pendiente: boolean }>(pathOf(id), { method: 'DELETE' });
