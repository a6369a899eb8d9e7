import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';

import { request } from '../api/http';
import { useOnLive } from '../live/LiveProvider';
import { query } from '../lib/query';
import type { Page } from '../ui/pages';
import { useAction } from '../ui/useAction';
import type {
  Campaign,
  CampaignRequest,
  CampaignState,
  CampaignStats,
  Import,
  Recipient,
  RecipientState,
  RecipientWithHistory,
  RefusedLine,
} from './types';

const PATH = '/api/sender/campaigns';

/** Every list of campaigns, also those that other screens show. */
export const CAMPAIGNS_KEY = ['campaigns'] as const;

export const campaignKey = (id: number) => [...CAMPAIGNS_KEY, 'one', id] as const;

const PER_PAGE = 25;
/** Lists are refreshed by events; this is the polling interval for changes without an event. */
const AGAIN_MS = 15_000;

type Cursor = string | number | null;

export async function getCampaigns(
  filter: { estado: CampaignState | null; buscar: string },
  antes: Cursor,
  signal: AbortSignal,
): Promise<Page<Campaign>> {
  const found = await request<{ campanias: Campaign[]; siguiente: number | null }>(
    `${PATH}${query({ ...filter, antes, limite: PER_PAGE })}`,
    { signal },
  );
  return { items: found.campanias, next: found.siguiente };
}

export const useStats = (id: number) =>
  useQuery({
    queryKey: campaignKey(id),
    queryFn: ({ signal }) => request<CampaignStats>(`${PATH}/${id}/stats`, { signal }),
    staleTime: 0,
    refetchInterval: AGAIN_MS,
  });

/** Reads again whatever shows a campaign, as soon as the hub tells of one. */
export function useFollowCampaigns(): void {
  const queries = useQueryClient();
  useOnLive((action) => {
    if (action.type === 'campaign') void readAgain(queries);
  });
}

const readAgain = (queries: QueryClient) =>
  // What is under way already shows a moment ago: not all of it anew.
  queries.invalidateQueries({ queryKey: CAMPAIGNS_KEY }, { cancelRefetch: false });

export const createCampaign = (body: CampaignRequest) =>
  request<Campaign>(PATH, { method: 'POST', body });

export const editCampaign = (id: number, body: CampaignRequest) =>
  request<Campaign>(`${PATH}/${id}`, { method: 'PUT', body });

export const deleteCampaign = (id: number) => request<null>(`${PATH}/${id}`, { method: 'DELETE' });

export const copyCampaign = (id: number, nombre: string) =>
  request<Campaign>(`${PATH}/${id}/copy`, { method: 'POST', body: { nombre } });

export type Step = 'approve' | 'pause' | 'resume';

export const moveCampaign = (id: number, step: Step, motivo = '') =>
  request<Campaign>(`${PATH}/${id}/${step}`, {
    method: 'POST',
    body: motivo.trim() === '' ? {} : { motivo: motivo.trim() },
  });

/** A change, after which all that shows campaigns is read again. */
export const useCampaignChange = <V, R>(
  change: (variables: V) => Promise<R>,
  done?: (result: R) => void,
) => useAction(CAMPAIGNS_KEY, change, done);

export const useImports = (id: number) =>
  useQuery({
    queryKey: [...campaignKey(id), 'imports'],
    queryFn: ({ signal }) =>
      request<{ importaciones: Import[] }>(`${PATH}/${id}/imports`, { signal }),
    staleTime: 0,
  });

export const deleteImport = (id: number, number: number) =>
  request<null>(`${PATH}/${id}/imports/${number}`, { method: 'DELETE' });

export async function getRefused(
  id: number,
  number: number,
  despues: Cursor,
  signal: AbortSignal,
): Promise<Page<RefusedLine>> {
  const found = await request<{ rechazos: RefusedLine[]; siguiente: number | null }>(
    `${PATH}/${id}/imports/${number}/rejected${query({ despues, limite: PER_PAGE })}`,
    { signal },
  );
  return { items: found.rechazos, next: found.siguiente };
}

/** What a person may say of a list; the service finds what is left out. */
export interface ListOptions {
  columna?: string | undefined;
  nombre?: string | undefined;
  hoja?: string | undefined;
  separador?: string | undefined;
  codificacion?: string | undefined;
  /** `1`: only look. */
  probar?: '1';
}

export const uploadPath = (id: number, prefijo: string, options: ListOptions = {}) =>
  `${PATH}/${id}/recipients${query({ prefijo, ...options })}`;

export async function getRecipients(
  id: number,
  estado: RecipientState | null,
  despues: Cursor,
  signal: AbortSignal,
): Promise<Page<Recipient>> {
  const found = await request<{ destinatarios: Recipient[]; siguiente: number | null }>(
    `${PATH}/${id}/recipients${query({ estado, despues, limite: PER_PAGE })}`,
    { signal },
  );
  return { items: found.destinatarios, next: found.siguiente };
}

export const useRecipient = (id: number, number: number) =>
  useQuery({
    queryKey: [...campaignKey(id), 'recipient', number],
    queryFn: ({ signal }) =>
      request<RecipientWithHistory>(`${PATH}/${id}/recipients/${number}`, { signal }),
    staleTime: 0,
  });

/** One that failed, or all of them (null), back to the beginning. */
export const retryRecipients = (id: number, number: number | null, motivo: string) =>
  request<unknown>(`${PATH}/${id}/recipients/${number === null ? '' : `${number}/`}retry`, {
    method: 'POST',
    body: { motivo },
  });
