import { QueryClient, useQuery } from '@tanstack/react-query';

import { useLive } from '../live/LiveProvider';
import { getConfig, getQr, getSession } from './endpoints';
import type { SessionBody, StateEvent } from './types';

export const SESSION_KEY = ['whatsapp', 'session'] as const;
export const QR_KEY = ['whatsapp', 'qr'] as const;
export const CONFIG_KEY = ['config'] as const;

/** How often to ask while the event stream is down. */
const FALLBACK_MS = 3_000;

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // Events say when something changed; a failed read is told at once instead
      // of hiding behind silent retries.
      queries: {
        staleTime: Infinity,
        retry: false,
        refetchOnWindowFocus: false,
        // The hub may stand on this very machine: being off-line says nothing.
        networkMode: 'always',
      },
      mutations: { retry: false, networkMode: 'always' },
    },
  });
}

export function useSession() {
  const { link } = useLive();
  return useQuery({
    queryKey: SESSION_KEY,
    queryFn: ({ signal }) => getSession(signal),
    // A read that failed is asked again even with the stream up: nothing else would.
    refetchInterval: (query) =>
      link === 'open' && query.state.status !== 'error' ? false : FALLBACK_MS,
  });
}

export function useConfig() {
  const { link } = useLive();
  return useQuery({
    queryKey: CONFIG_KEY,
    queryFn: ({ signal }) => getConfig(signal),
    refetchInterval: (query) =>
      link === 'open' && query.state.status !== 'error' ? false : FALLBACK_MS,
  });
}

/** The code by polling; only while the stream, which carries it, is down. */
export function useFallbackQr(wanted: boolean) {
  const { link } = useLive();
  const enabled = wanted && link === 'lost';
  return useQuery({
    queryKey: QR_KEY,
    queryFn: ({ signal }) => getQr(signal),
    enabled,
    refetchInterval: enabled ? FALLBACK_MS : false,
    gcTime: 0,
  });
}

/** What a state event says, written over the session that is already known. */
export function withState(session: SessionBody, event: StateEvent): SessionBody {
  return {
    ...session,
    state: event.status,
    since: event.since,
    generation: event.generation,
    cause: event.cause,
    cause_message: event.message,
  };
}
