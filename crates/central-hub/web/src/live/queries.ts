import { QueryClient, queryOptions, useQuery } from '@tanstack/react-query';

import { getConfig, getPasskey, getQr, getSession, requestPairingCode } from '../api/endpoints';
import { ApiError } from '../api/http';
import { CONFIG_KEY, PASSKEY_KEY, QR_KEY, SESSION_KEY } from './keys';
import { useLive } from './LiveProvider';

/** Polling interval while the event stream is down. */
const FALLBACK_MS = 3_000;
const PASSKEY_MS = 1_500;
/**
 * Renewal interval of a pairing code. Each request extends the code's lifetime, which is longer.
 */
const PAIRING_MS = 45_000;

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // Events report changes; a failed read is reported at once instead of
      // after silent retries.
      queries: {
        staleTime: Infinity,
        retry: false,
        refetchOnWindowFocus: false,
        // The hub may run on this machine and be reachable without a network.
        networkMode: 'always',
      },
      mutations: { retry: false, networkMode: 'always' },
    },
  });
}

export const sessionQuery = queryOptions({
  queryKey: SESSION_KEY,
  queryFn: ({ signal }) => getSession(signal),
});

export const configQuery = queryOptions({
  queryKey: CONFIG_KEY,
  queryFn: ({ signal }) => getConfig(signal),
});

export function useSession() {
  const { link } = useLive();
  return useQuery({
    ...sessionQuery,
    // The interval retries a failed read; each mount of a component need not.
    retryOnMount: false,
    // A failed read is retried even with the stream up: no event would trigger
    // it.
    refetchInterval: (query) =>
      link === 'open' && query.state.status !== 'error' ? false : FALLBACK_MS,
  });
}

export function useConfig() {
  const { link } = useLive();
  return useQuery({
    ...configQuery,
    refetchInterval: (query) =>
      link === 'open' && query.state.status !== 'error' ? false : FALLBACK_MS,
  });
}

/** Polls the QR code while the stream, which otherwise delivers it, is down. */
export function useFallbackQr(active: boolean) {
  const { link } = useLive();
  const enabled = active && link === 'lost';
  return useQuery({
    queryKey: QR_KEY,
    queryFn: ({ signal }) => getQr(signal),
    enabled,
    refetchInterval: enabled ? FALLBACK_MS : false,
    gcTime: 0,
  });
}

/** Polls WhatsApp's passkey request, since no event reports its steps. */
export function usePasskey(active: boolean) {
  return useQuery({
    queryKey: PASSKEY_KEY,
    queryFn: ({ signal }) => getPasskey(signal),
    enabled: active,
    refetchInterval: active ? PASSKEY_MS : false,
    gcTime: 0,
  });
}

/** Polls the pairing code, which the service renews while it is requested. */
export function usePairingCode(phone: string | null) {
  return useQuery({
    queryKey: ['whatsapp', 'pairing-code', phone],
    queryFn: () => requestPairingCode(phone ?? ''),
    enabled: phone !== null,
    refetchInterval: ({ state: { data, status } }) => {
      if (status === 'error' || !data?.expires_at) return false;
      const remainingMs = Date.parse(data.expires_at) - Date.now();
      return Math.min(PAIRING_MS, Math.max(1_000, remainingMs + 500));
    },
    gcTime: 0,
    // The QR code appears a moment before the page can create a pairing code.
    retry: (failures, error) =>
      error instanceof ApiError && error.code === 'QR_NOT_AVAILABLE' && failures < 10,
    retryDelay: 1_000,
  });
}
