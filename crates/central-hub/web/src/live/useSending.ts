import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { request } from '../api/http';
import type { SendingBody } from '../api/types';
import { SENDING_KEY } from './keys';
import { useOnLive } from './LiveProvider';

const PATH = '/api/sending';
/** What another hub's page did is seen after so long at last. */
const AGAIN_MS = 15_000;

/** Whether somebody stopped all sending, who and since when. */
export function useSending(): SendingBody | undefined {
  const { data } = useQuery({
    queryKey: SENDING_KEY,
    queryFn: ({ signal }) => request<SendingBody>(PATH, { signal }),
    refetchInterval: AGAIN_MS,
  });
  return data;
}

/** Keeps it in step with what is told; once for the whole page. */
export function useFollowSending(): void {
  const queries = useQueryClient();
  useOnLive(({ type }) => {
    if (type === 'sending' || type === 'opened')
      void queries.invalidateQueries({ queryKey: SENDING_KEY });
  });
}

/** Stops all sending, or lets it go on. */
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
