import { useQuery } from '@tanstack/react-query';

import { request } from '../api/http';
import { campaignKey } from './api';
import type { Campaign } from './types';

/** Maximum page size of the hub. */
const MOST = 200;

/** Returns how many contacts answered a sent campaign; null until known. */
export function useAnswers(campaign: Campaign): { people: number; more: boolean } | null {
  const { data } = useQuery({
    queryKey: [...campaignKey(campaign.id), 'answers'],
    queryFn: ({ signal }) =>
      request<{ mensajes: { destinatario: string }[]; siguiente: number | null }>(
        `/api/sender/messages?direccion=entrante&campania_id=${campaign.id}&limite=${MOST}`,
        { signal },
      ),
    enabled: campaign.enviados > 0,
    staleTime: 0,
    refetchInterval: 30_000,
    select: ({ mensajes, siguiente }) => ({
      people: new Set(mensajes.map(({ destinatario }) => destinatario)).size,
      more: siguiente !== null,
    }),
  });
  return data ?? null;
}
