import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';

import { request } from '../api/http';
import type { InboxBody } from '../api/types';
import { isFresh } from './isFresh';
import { INBOX_KEY } from './keys';
import { useOnLive } from './LiveProvider';

/** Polling interval for changes without an event. */
const POLL_MS = 20_000;

export const inboxQuery = queryOptions({
  queryKey: INBOX_KEY,
  queryFn: ({ signal }) => request<InboxBody>('/api/listener/inbox', { signal }),
});

/** Fetches the unanswered and unread counts; all components share one request. */
export function useInbox(): InboxBody | undefined {
  return useQuery({ ...inboxQuery, refetchInterval: POLL_MS }).data;
}

/** Refetches the counts on conversation events; mounted once per page. */
export function useFollowInbox(): void {
  const queries = useQueryClient();
  useOnLive(({ type }) => {
    if (type !== 'conversation' && type !== 'opened') return;
    if (type === 'opened' && isFresh(queries, INBOX_KEY)) return;
    void queries.invalidateQueries({ queryKey: INBOX_KEY });
  });
}
