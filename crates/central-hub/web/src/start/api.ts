import { keepPreviousData, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';

import { request } from '../api/http';
import { readStored, writeStored } from '../lib/browserStorage';
import { useOnLive } from '../live/LiveProvider';
import type { Overview } from './types';

export const OVERVIEW_KEY = ['overview'] as const;

/** Polling interval for changes without an event. */
const POLL_MS = 20_000;
/** How long a fetched overview is shown again without another request. */
const FRESH_MS = 1_000;
/** Minimum interval between refreshes caused by events. */
const MIN_REFRESH_MS = 1_500;

const TELLING: ReadonlySet<string> = new Set(['message', 'ack', 'campaign', 'state', 'limits']);

export const overviewQuery = queryOptions({
  queryKey: OVERVIEW_KEY,
  queryFn: ({ signal }) => request<Overview>('/api/overview', { signal }),
  staleTime: FRESH_MS,
});

const HIDDEN_FIRST_STEPS = 'leadmaster-first-steps';

/** Whether the user of this browser has hidden the initial setup steps. */
export const areFirstStepsHidden = (): boolean => readStored(HIDDEN_FIRST_STEPS) === 'hidden';
export const hideFirstSteps = (): void => writeStored(HIDDEN_FIRST_STEPS, 'hidden');

/** Fetches the overview, and again on each event. */
export function useOverview() {
  const queries = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useOnLive(({ type }) => {
    if (!TELLING.has(type) || timer.current !== null) return;
    timer.current = setTimeout(() => {
      timer.current = null;
      void queries.invalidateQueries({ queryKey: OVERVIEW_KEY });
    }, MIN_REFRESH_MS);
  });
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
      timer.current = null;
    },
    [],
  );
  return useQuery({
    ...overviewQuery,
    placeholderData: keepPreviousData,
    refetchInterval: POLL_MS,
  });
}
