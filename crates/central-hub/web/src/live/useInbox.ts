import { queryOptions, useQuery } from '@tanstack/react-query';

import { request } from '../api/http';
import type { InboxBody } from '../api/types';
import { INBOX_KEY } from './keys';
import { useRefetchOn } from './useRefetchOn';

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
export const useFollowInbox = (): void => useRefetchOn('conversation', INBOX_KEY);
