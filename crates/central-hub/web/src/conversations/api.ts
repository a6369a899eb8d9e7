import { queryOptions, useMutation, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, type RefObject } from 'react';

import { ApiError, request } from '../api/http';
import { query } from '../lib/query';
import type { SendBody } from '../api/types';
import { useOnLive } from '../live/LiveProvider';
import type { Page } from '../ui/pages';
import type { FileKind } from './attachments';
import { fetchBackTo } from './backTo';
import { isApart, merge, mergeAll, type Known } from './history';
import type { Fetched } from './pageChain';
import type { Target } from './thread';
import type { Conversation, History, Sent } from './types';

export const CONVERSATIONS_KEY = ['conversations'] as const;

/** Number of conversations in the first page, and in each further one. */
const FIRST_CONVERSATIONS = 30;
export const MORE_CONVERSATIONS = 100;
const PER_HISTORY = 50;
/** Number of messages in a page on the way to a far one: the hub's maximum. */
const PER_FAR_HISTORY = 200;
/** Maximum number of missed pages to fetch, such as after sleep; beyond it the cache is dropped. */
const MAX_MISSED_PAGES = 20;
const SEND_MS = 75_000;
/** Timeout of a send with a file, which WhatsApp's page encrypts and uploads first. */
const FILE_MS = 180_000;
/** Polling interval for changes without an event, or whose event arrived before the hub stored them. */
export const POLL_MS = 10_000;
/** A conversation that a click fetched is not fetched again when it is shown, within this time. */
const PREFETCHED_MS = 1_000;
/** Delays of the refetches after an event, since the hub may store the message a moment later. */
const REFETCH_DELAYS_MS = [0, 700, 2_500];

export type Which = 'sin_responder' | 'todas';

export async function getConversations(
  filtro: Which,
  buscar: string,
  antes: string | number | null,
  signal: AbortSignal | undefined,
  limite: number = FIRST_CONVERSATIONS,
): Promise<Page<Conversation>> {
  const response = await request<{ conversaciones: Conversation[]; siguiente: number | null }>(
    `/api/listener/conversations${query({ filtro, buscar, antes, limite })}`,
    { ...(signal && { signal }), timeoutMs: 30_000 },
  );
  return { items: response.conversaciones, next: response.siguiente };
}

/** Fetches a part of a conversation, newest first. */
export const getHistory = (
  number: string,
  parameters: { antes: number | null; limite: number; buscar?: string },
  options: { signal?: AbortSignal; timeoutMs?: number } = {},
) =>
  request<History>(
    `/api/listener/history/${encodeURIComponent(number)}${query(parameters)}`,
    options,
  );

/** Fetches the newest page, and further pages until they reach the known messages. */
async function newestPages(number: string, known: Known | undefined, signal: AbortSignal): Promise<Fetched<History>[]> {
  const pages: Fetched<History>[] = [];
  for (let before: number | null = null; ; ) {
    const page: History = await getHistory(number, { antes: before, limite: PER_HISTORY }, { signal });
    pages.push({ page, before });
    if (!isApart(known, page)) return pages;
    // The gap is too wide: start again from the newest page.
    if (pages.length === MAX_MISSED_PAGES) return pages.slice(0, 1);
    before = page.siguiente;
  }
}

/**
 * The query of a conversation's known messages. It fetches the newest page, and the page with the
 * message id `inSight()`, if that is another; null at the end of the list.
 */
export function historyQuery(queries: QueryClient, number: string, inSight: () => number | null) {
  const queryKey = [...CONVERSATIONS_KEY, 'of', number];
  const known = () => queries.getQueryData<Known>(queryKey);
  return queryOptions({
    queryKey,
    queryFn: async ({ signal }): Promise<Known> => {
      const pages = await newestPages(number, known(), signal);
      const { page: last } = pages.at(-1) ?? {};
      const visibleId = inSight();
      if (visibleId !== null && last && visibleId < (last.siguiente ?? 0)) {
        const before = visibleId + 1;
        const page = await getHistory(number, { antes: before, limite: PER_HISTORY }, { signal });
        pages.push({ page, before });
      }
      // Read the cache again: older pages may have arrived meanwhile.
      return mergeAll(known(), pages);
    },
    staleTime: PREFETCHED_MS,
    // `merge` already reuses unchanged messages.
    structuralSharing: false,
  });
}

/** Returns a function that begins to fetch a conversation, while the click on it still renders. */
export function usePrefetchHistory(): (number: string) => void {
  const queries = useQueryClient();
  return useCallback(
    (number) => void queries.prefetchQuery(historyQuery(queries, number, () => null)),
    [queries],
  );
}

/**
 * Fetches a conversation from its end backwards, as far as requested, and keeps it. An event or
 * the polling interval refetches only the newest page and the visible page.
 *
 * `inSight` is the newest visible message id; null at the end of the list.
 */
export function useHistory(number: string, inSight: RefObject<number | null>) {
  const queries = useQueryClient();
  const history = historyQuery(queries, number, () => inSight.current);
  const known = () => queries.getQueryData<Known>(history.queryKey);
  const current = useQuery({ ...history, refetchInterval: POLL_MS });
  const older = useMutation({
    mutationFn: async (limite: number) => {
      const before = known()?.older ?? null;
      if (before === null) return;
      const page = await getHistory(number, { antes: before, limite });
      queries.setQueryData<Known>(history.queryKey, (now) => now && merge(now, page, before));
    },
  });
  const underWay = useRef(false);
  const { mutate } = older;
  const loadOlder = useCallback(() => {
    // Scrolling requests a page again before the first request renders as pending.
    if (underWay.current) return;
    underWay.current = true;
    mutate(PER_HISTORY, { onSettled: () => (underWay.current = false) });
  }, [mutate]);
  const backTo = useMutation({
    mutationFn: async ({ target, signal, onProgress }: BackTo): Promise<boolean | null> => {
      const from = known()?.older ?? null;
      if (from === null) return false;
      const { page, isFound, error } = await fetchBackTo(target, from, onProgress, (antes) =>
        getHistory(number, { antes, limite: PER_FAR_HISTORY }, { signal }),
      );
      // All at once: merging and rendering each page would take longer than to fetch it. What was
      // fetched before an error is kept, so that the next attempt goes on from there.
      const before = known();
      const isNext = before !== undefined && before.older !== null && before.older <= from;
      if (page && isNext) queries.setQueryData(history.queryKey, merge(before, page, from));
      if (signal.aborted) return null;
      if (error) throw error;
      return isFound && !isNext ? null : isFound;
    },
  });
  const { mutateAsync } = backTo;
  const loadBackTo = useCallback(
    (target: Target, signal: AbortSignal, onProgress: (oldest: string) => void) =>
      // `error` below has the error.
      mutateAsync({ target, signal, onProgress }).catch(() => null),
    [mutateAsync],
  );
  return {
    known: current.data,
    error: current.error ?? older.error ?? backTo.error,
    isLoadingOlder: older.isPending,
    loadOlder,
    loadBackTo,
  };
}

interface BackTo {
  target: Target;
  signal: AbortSignal;
  onProgress: (oldest: string) => void;
}

export const answer = (
  body: { destinatario: string; mensaje: string; cliente_id?: number; responde_a?: number },
  key: string,
) =>
  request<Sent>('/api/sender/messages/send', {
    method: 'POST',
    body,
    headers: { 'idempotency-key': key },
    timeoutMs: SEND_MS,
  });

interface FileMessage {
  to: string;
  cliente_id?: number;
  type: FileKind;
  /** Whether an audio file is a voice message. */
  voice?: true;
  file_id: string;
  filename?: string;
  caption?: string;
  /** WhatsApp's id of the quoted message. */
  reply_to?: string;
}

/** Sends an uploaded file and waits for WhatsApp's confirmation. */
export const sendFile = (body: FileMessage, key: string) =>
  request<SendBody>('/api/send', {
    method: 'POST',
    body,
    headers: { 'idempotency-key': key },
    timeoutMs: FILE_MS,
  });

const FOLLOWED: ReadonlySet<string> = new Set(['message', 'ack', 'conversation', 'opened']);

const chatPath = (chat: string, what: string) =>
  `/api/listener/conversations/${encodeURIComponent(chat)}/${what}`;

/** Marks a contact's messages as read, up to the specified one. */
export const markRead = (chat: string, hasta: number) =>
  request<unknown>(chatPath(chat, 'read'), { method: 'POST', body: { hasta } });

/** Marks a contact's present messages as needing no reply. */
export const markAttended = (chat: string) =>
  request<unknown>(chatPath(chat, 'attended'), { method: 'POST' });

/** Refetches conversations on inbound, sent and read events. */
export function useFollow(): void {
  const queries = useQueryClient();
  const timers = useRef(new Set<ReturnType<typeof setTimeout>>());
  useEffect(() => {
    const waiting = timers.current;
    return () => waiting.forEach(clearTimeout);
  }, []);
  useOnLive(({ type }) => {
    if (!FOLLOWED.has(type)) return;
    // Debounces: a burst of events causes one request.
    timers.current.forEach(clearTimeout);
    timers.current.clear();
    for (const ms of REFETCH_DELAYS_MS) {
      const timer = setTimeout(() => {
        timers.current.delete(timer);
        // Does not cancel requests in progress.
        void queries.invalidateQueries(
          { queryKey: CONVERSATIONS_KEY },
          { cancelRefetch: false },
        );
      }, ms);
      timers.current.add(timer);
    }
  });
}

/** Shared with the opt-out screen, so that a change there updates this query. */
export const OPT_OUT_KEY = ['opt-outs'] as const;

const OPT_OUTS = '/api/sender/bajas';

/**
 * Returns whether the contact has opted out; refetched with each new message. `latest` is the last
 * message's id; null until the messages are known.
 */
export const useOptOut = (phone: string, latest: number | null) =>
  useQuery({
    enabled: latest !== null,
    queryKey: [...OPT_OUT_KEY, 'of', phone, latest],
    queryFn: async ({ signal }) => {
      try {
        return await request<{ telefono: string }>(`${OPT_OUTS}/${encodeURIComponent(phone)}`, {
          signal,
        });
      } catch (error) {
        // The contact is not on the list, or has no number.
        if (error instanceof ApiError && (error.status === 404 || error.status === 400)) return null;
        throw error;
      }
    },
    placeholderData: (before) => before,
    staleTime: 0,
  });

export const addOptOut = (body: { telefono: string; motivo: string }) =>
  request<unknown>(OPT_OUTS, { method: 'POST', body });

export const removeOptOut = (phone: string) =>
  request<null>(`${OPT_OUTS}/${encodeURIComponent(phone)}`, { method: 'DELETE' });
