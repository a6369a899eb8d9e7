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
  Replies,
} from './types';

const PATH = '/api/sender/campaigns';

/** Prefix of the query keys of all campaign data, including that on other screens. */
export const CAMPAIGNS_KEY = ['campaigns'] as const;

export const campaignKey = (id: number) => [...CAMPAIGNS_KEY, 'one', id] as const;

const PER_PAGE = 25;
/** Page size for the file with all rejected lines. */
const PER_FILE = 200;
/** Maximum number of people shown in each list; a link leads to all. */
const REPLIES = 8;
/** Polling interval for changes without an event; other changes are refetched on their event. */
const POLL_MS = 15_000;

type Cursor = string | number | null;

export async function getCampaigns(
  filter: { estado: CampaignState | null; buscar: string },
  antes: Cursor,
  signal: AbortSignal,
): Promise<Page<Campaign>> {
  const response = await request<{ campanias: Campaign[]; siguiente: number | null }>(
    `${PATH}${query({ ...filter, antes, limite: PER_PAGE })}`,
    { signal },
  );
  return { items: response.campanias, next: response.siguiente };
}

export const useStats = (id: number) =>
  useQuery({
    queryKey: campaignKey(id),
    queryFn: ({ signal }) => request<CampaignStats>(`${PATH}/${id}/stats`, { signal }),
    staleTime: 0,
    refetchInterval: POLL_MS,
  });

/** Refetches campaign data on each campaign event. */
export function useFollowCampaigns(): void {
  const queries = useQueryClient();
  useOnLive((action) => {
    if (action.type === 'campaign') void readAgain(queries);
  });
}

const readAgain = (queries: QueryClient) =>
  // Does not restart requests in progress.
  queries.invalidateQueries({ queryKey: CAMPAIGNS_KEY }, { cancelRefetch: false });

/** Creates a draft, without recipients or text. */
export const createDraft = (body: Pick<CampaignRequest, 'nombre' | 'cliente_id'>) =>
  request<Campaign>(PATH, { method: 'POST', body: { ...body, borrador: true } });

/** Changes the given fields. */
export const editCampaign = (id: number, body: Partial<CampaignRequest>) =>
  request<Campaign>(`${PATH}/${id}`, { method: 'PUT', body });

export const deleteCampaign = (id: number) => request<null>(`${PATH}/${id}`, { method: 'DELETE' });

export const copyCampaign = (id: number, nombre: string) =>
  request<Campaign>(`${PATH}/${id}/copy`, { method: 'POST', body: { nombre } });

export type Step = 'pause' | 'resume';

export const moveCampaign = (id: number, step: Step, motivo = '') =>
  request<Campaign>(`${PATH}/${id}/${step}`, {
    method: 'POST',
    body: motivo.trim() === '' ? {} : { motivo: motivo.trim() },
  });

/** Approves the campaign together with its pending schedules. */
export const approveCampaign = (id: number) =>
  request<Campaign>(`${PATH}/${id}/approve`, { method: 'POST', body: { horarios: true } });

/** A mutation after which all campaign data is refetched. */
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
  limite = PER_PAGE,
): Promise<Page<RefusedLine>> {
  const response = await request<{ rechazos: RefusedLine[]; siguiente: number | null }>(
    `${PATH}/${id}/imports/${number}/rejected${query({ despues, limite })}`,
    { signal, timeoutMs: 30_000 },
  );
  return { items: response.rechazos, next: response.siguiente };
}

/** Fetches all rejected lines of a list. */
export async function getAllRefused(id: number, number: number): Promise<RefusedLine[]> {
  const { signal } = new AbortController();
  const all: RefusedLine[] = [];
  let next: Cursor = null;
  do {
    const page: Page<RefusedLine> = await getRefused(id, number, next, signal, PER_FILE);
    all.push(...page.items);
    next = page.next;
  } while (next !== null);
  return all;
}

/** Import options; the hub detects omitted options by itself. */
export interface ListOptions {
  columna?: string | undefined;
  nombre?: string | undefined;
  hoja?: string | undefined;
  separador?: string | undefined;
  codificacion?: string | undefined;
  /** The file's name, which identifies the list to the user later. */
  archivo?: string | undefined;
  /** `1` for a trial that stores nothing. */
  probar?: '1';
}

export const uploadPath = (id: number, prefijo: string, options: ListOptions = {}) =>
  `${PATH}/${id}/recipients${query({ prefijo, ...options })}`;

export async function getRecipients(
  id: number,
  { estado, buscar = '' }: { estado: RecipientState | null; buscar?: string },
  despues: Cursor,
  signal: AbortSignal,
  limite = PER_PAGE,
): Promise<Page<Recipient>> {
  const response = await request<{ destinatarios: Recipient[]; siguiente: number | null }>(
    `${PATH}/${id}/recipients${query({ estado, buscar, despues, limite })}`,
    { signal, timeoutMs: 30_000 },
  );
  return { items: response.destinatarios, next: response.siguiente };
}

/** Fetches the first recipient, as a sample. */
export const useSample = (id: number) =>
  useQuery({
    queryKey: [...campaignKey(id), 'sample'],
    queryFn: ({ signal }) => getRecipients(id, { estado: 'pendiente' }, null, signal, 1),
    select: ({ items }) => items[0],
    staleTime: 0,
  });

/** Fetches who answered a sent campaign, and who opted out. */
export const useReplies = (campaign: Campaign) =>
  useQuery({
    queryKey: [...campaignKey(campaign.id), 'replies'],
    queryFn: ({ signal }) =>
      request<Replies>(`${PATH}/${campaign.id}/replies${query({ limite: REPLIES })}`, { signal }),
    enabled: campaign.enviados > 0,
    staleTime: 0,
    refetchInterval: POLL_MS,
  });

export const useRecipient = (id: number, number: number) =>
  useQuery({
    queryKey: [...campaignKey(id), 'recipient', number],
    queryFn: ({ signal }) =>
      request<RecipientWithHistory>(`${PATH}/${id}/recipients/${number}`, { signal }),
    staleTime: 0,
  });

/** Retries one failed recipient, or all failed recipients if `number` is null. */
export const retryRecipients = (id: number, number: number | null, motivo: string) =>
  request<unknown>(`${PATH}/${id}/recipients/${number === null ? '' : `${number}/`}retry`, {
    method: 'POST',
    body: { motivo },
  });
