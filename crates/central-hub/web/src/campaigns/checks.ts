import { useQuery } from '@tanstack/react-query';

import { request } from '../api/http';
import { campaignKey } from './api';

/** The progress of a check of which recipients are on WhatsApp. */
export interface Check {
  total: number;
  con_whatsapp: number;
  sin_whatsapp: number;
  pendientes: number;
  terminado: boolean;
  ejemplos: { linea: number; telefono: string }[];
}

/** Polling interval; the hub checks one number per second. */
const POLL_MS = 10_000;

const path = (id: number) => `/api/sender/campaigns/${id}/check`;

export const useCheck = (id: number) =>
  useQuery({
    queryKey: [...campaignKey(id), 'check'],
    queryFn: ({ signal }) => request<Check>(path(id), { signal }),
    staleTime: 0,
    refetchInterval: ({ state: { data } }) => (data && data.pendientes > 0 ? POLL_MS : false),
  });

export const beginCheck = (id: number) => request<Check>(path(id), { method: 'POST', body: {} });

export const skipMissing = (id: number) =>
  request<{ omitidos: number }>(`${path(id)}/skip`, { method: 'POST', body: {} });
