import { useQueryClient, type QueryKey } from '@tanstack/react-query';

import { isFresh } from './isFresh';
import { useOnLive } from './LiveProvider';
import type { LiveAction } from './reducer';

/** Refetches a query on an event, and when the stream opens after a while. */
export function useRefetchOn(event: LiveAction['type'], key: QueryKey): void {
  const queries = useQueryClient();
  useOnLive(({ type }) => {
    if (type !== event && (type !== 'opened' || isFresh(queries, key))) return;
    void queries.invalidateQueries({ queryKey: key });
  });
}
