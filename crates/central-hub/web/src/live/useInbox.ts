import { useQuery, useQueryClient } from '@tanstack/react-query';

import { request } from '../api/http';
import type { InboxBody } from '../api/types';
import { INBOX_KEY } from './keys';
import { useOnLive } from './LiveProvider';

/** What no event told of is seen after so long at last. */
const AGAIN_MS = 20_000;

/** Who waits for an answer, and how much is unread; asked for once, whoever shows it. */
export function useInbox(): InboxBody | undefined {
  const { data } = useQuery({
    queryKey: INBOX_KEY,
    queryFn: ({ signal }) => request<InboxBody>('/api/listener/inbox', { signal }),
    refetchInterval: AGAIN_MS,
  });
  return data;
}

/** Keeps the counts in step with what is told; once for the whole page. */
export function useFollowInbox(): void {
  const queries = useQueryClient();
  useOnLive(({ type }) => {
    if (type !== 'conversation' && type !== 'opened') return;
    void queries.invalidateQueries({ queryKey: INBOX_KEY });
  });
}
