import { useQuery, useQueryClient } from '@tanstack/react-query';

import { request } from '../api/http';
import type { InboxBody } from '../api/types';
import { INBOX_KEY } from './keys';
import { useOnLive } from './LiveProvider';

/** Polling interval for changes without an event. */
const POLL_MS = 20_000;

/** Fetches the unanswered and unread counts; all components share one request. */
export function useInbox(): InboxBody | undefined {
  const { data } = useQuery({
    queryKey: INBOX_KEY,
    queryFn: ({ signal }) => request<InboxBody>('/api/listener/inbox', { signal }),
    refetchInterval: POLL_MS,
  });
  return data;
}

/** Refetches the counts on conversation events; mounted once per page. */
export function useFollowInbox(): void {
  const queries = useQueryClient();
  useOnLive(({ type }) => {
    if (type !== 'conversation' && type !== 'opened') return;
    void queries.invalidateQueries({ queryKey: INBOX_KEY });
  });
}
