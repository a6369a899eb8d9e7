import { queryOptions, useMutation, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useCallback, useRef, type RefObject } from 'react';

import { CONVERSATIONS_KEY, getConversations, MORE_CONVERSATIONS, POLL_MS, type Which } from './api';
import { floorOf, isApart, merge, mergeAll, type ConversationPage, type KnownList } from './conversationPages';
import type { Fetched } from './pageChain';

/** Maximum number of missed pages to fetch, such as after sleep; beyond it the list begins anew. */
const MAX_MISSED_PAGES = 5;

/** Fetches the top of the list, and further pages until they reach the known ones. */
async function fetchTop(which: Which, known: KnownList | undefined, signal: AbortSignal): Promise<Fetched<ConversationPage>[]> {
  const pages: Fetched<ConversationPage>[] = [];
  for (let before: number | null = null; ; ) {
    const limit = before === null ? undefined : MORE_CONVERSATIONS;
    const page = await getConversations(which, '', before, signal, limit);
    pages.push({ page, before });
    if (!isApart(known, page)) return pages;
    // The gap is too wide: the list begins anew.
    if (pages.length === MAX_MISSED_PAGES) return pages.slice(0, 1);
    before = floorOf(page);
  }
}

/**
 * The query of the known conversations. It fetches the top of the list, and the page below the
 * place `inSight()`, if that is another; null at the top.
 */
function conversationsQuery(queries: QueryClient, which: Which, inSight: () => number | null) {
  const queryKey = [...CONVERSATIONS_KEY, 'list', which];
  const known = () => queries.getQueryData<KnownList>(queryKey);
  return queryOptions({
    queryKey,
    queryFn: async ({ signal }): Promise<KnownList> => {
      const pages = await fetchTop(which, known(), signal);
      const [top] = pages;
      const place = inSight();
      if (place !== null && top && place <= floorOf(top.page)) {
        const page = await getConversations(which, '', place, signal, MORE_CONVERSATIONS);
        pages.push({ page, before: place });
      }
      // Read the cache again: further pages may have arrived meanwhile.
      return mergeAll(known(), pages);
    },
    // The list may have changed before the user returns to it.
    staleTime: 0,
    // `merge` already reuses unchanged conversations.
    structuralSharing: false,
  });
}

/**
 * Fetches the list of conversations from its top down, as far as requested, and keeps it. An event
 * or the polling interval refetches only the top and what is in sight.
 *
 * `inSight` is the place above the first visible conversation; null at the top of the list.
 */
export function useConversations(which: Which, enabled: boolean, inSight: RefObject<number | null>) {
  const queries = useQueryClient();
  const list = conversationsQuery(queries, which, () => inSight.current);
  const current = useQuery({ ...list, enabled, refetchInterval: POLL_MS });
  const more = useMutation({
    mutationFn: async () => {
      const below = queries.getQueryData<KnownList>(list.queryKey)?.below ?? null;
      if (below === null) return;
      const page = await getConversations(which, '', below, undefined, MORE_CONVERSATIONS);
      queries.setQueryData<KnownList>(list.queryKey, (now) => now && merge(now, page, below));
    },
  });
  const underWay = useRef(false);
  const { mutate } = more;
  const loadMore = useCallback(() => {
    // Scrolling requests a page again before the first request renders as pending.
    if (underWay.current) return;
    underWay.current = true;
    mutate(undefined, { onSettled: () => (underWay.current = false) });
  }, [mutate]);
  return {
    known: current.data,
    error: current.error ?? more.error,
    retry: () => void current.refetch(),
    isLoadingMore: more.isPending,
    loadMore,
  };
}
