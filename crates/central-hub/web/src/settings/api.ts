import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { request } from '../api/http';
import type { Alerts, Health, ListenerStatus, ChannelTest } from './types';

const LISTENER_KEY = ['listener', 'status'] as const;

/** Polling interval: no event reports these changes. */
const POLL_MS = 15_000;

// Hashing a password takes the hub some time.
const PASSWORD_MS = 30_000;

export const changePassword = (current_password: string, new_password: string) =>
  request<{ ok: boolean }>('/api/auth/password', {
    method: 'POST',
    body: { current_password, new_password },
    timeoutMs: PASSWORD_MS,
  });

export const ALERTS_KEY = ['alerts'] as const;

// A mail server may be slow.
const TEST_MS = 90_000;

export const useAlerts = () =>
  useQuery({
    queryKey: ALERTS_KEY,
    queryFn: ({ signal }) => request<Alerts>('/api/alerts', { signal }),
    staleTime: 0,
    refetchInterval: POLL_MS,
  });

export const testAlerts = () =>
  request<{ ok: boolean; ways: ChannelTest[] }>('/api/alerts/test', {
    method: 'POST',
    timeoutMs: TEST_MS,
  });

export const useListener = () =>
  useQuery({
    queryKey: LISTENER_KEY,
    queryFn: ({ signal }) => request<ListenerStatus>('/api/listener/status', { signal }),
    staleTime: 0,
    refetchInterval: POLL_MS,
  });

export const useHealth = () =>
  useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => request<Health>('/api/health', { signal }),
    staleTime: 0,
    refetchInterval: POLL_MS,
  });

/** Turns the recording of messages on or off. */
export function useRecording(done: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (mode: 'listen' | 'off') =>
      request<{ recording: boolean }>('/api/listener/mode', { method: 'POST', body: { mode } }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: LISTENER_KEY });
      void queries.invalidateQueries({ queryKey: ['overview'] });
      done();
    },
  });
}
