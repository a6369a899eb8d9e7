import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { request } from '../api/http';
import type { SendingBody } from '../api/types';
import { SENDING_KEY } from './keys';
import { useRefetchOn } from './useRefetchOn';

const PATH = '/api/sending';
/** Polling interval for changes made through another hub. */
const POLL_MS = 15_000;

export const sendingQuery = queryOptions({
  queryKey: SENDING_KEY,
  queryFn: ({ signal }) => request<SendingBody>(PATH, { signal }),
});

/** Fetches whether all sending is stopped, by whom and since when. */
export function useSending(): SendingBody | undefined {
  return useQuery({ ...sendingQuery, refetchInterval: POLL_MS }).data;
}

/** Refetches the state of the sending switch on its events; mounted once per page. */
export const useFollowSending = (): void => useRefetchOn('sending', SENDING_KEY);

/** Stops or resumes all sending. */
export function useSwitchSending(onDone?: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (detenido: boolean) =>
      request<SendingBody>(PATH, { method: 'PUT', body: { detenido } }),
    onSuccess: (now) => {
      queries.setQueryData(SENDING_KEY, now);
      onDone?.();
    },
  });
}
