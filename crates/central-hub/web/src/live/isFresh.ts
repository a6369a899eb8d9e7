import type { QueryClient, QueryKey } from '@tanstack/react-query';

const FRESH_MS = 2_000;

/**
 * Returns whether a query was fetched just now, or is being fetched. When the stream opens with the
 * page, such a query need not be repeated: polling catches what changed in between.
 */
export function isFresh(queries: QueryClient, key: QueryKey): boolean {
  const state = queries.getQueryState(key);
  if (!state) return false;
  return state.fetchStatus === 'fetching' || Date.now() - state.dataUpdatedAt < FRESH_MS;
}
