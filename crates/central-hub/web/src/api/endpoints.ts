import { request } from './http';
import type {
  ConfigBody,
  ConnectBody,
  PairingCodeBody,
  QrBody,
  SendBody,
  SendRequest,
  SessionBody,
  TransitionBody,
} from './types';

const WHATSAPP = '/api/admin/whatsapp';

export const EVENTS_PATH = '/api/events';

// Longer than the services' own deadlines, so that their answer, which names the
// cause, comes first. A send waits for WhatsApp's server; unlinking may have to
// start the browser.
const ACTION_MS = 30_000;
const LONG_MS = 75_000;

export const getConfig = (signal?: AbortSignal) => request<ConfigBody>('/api/config', { signal });

export const getSession = (signal?: AbortSignal) =>
  request<SessionBody>(`${WHATSAPP}/session`, { signal });

export const getQr = (signal?: AbortSignal) => request<QrBody>(`${WHATSAPP}/qr`, { signal });

export const connect = () =>
  request<ConnectBody>(`${WHATSAPP}/connect`, { method: 'POST', timeoutMs: ACTION_MS });

export const disconnect = () =>
  request<TransitionBody>(`${WHATSAPP}/disconnect`, { method: 'POST', timeoutMs: ACTION_MS });

export const logout = () =>
  request<TransitionBody>(`${WHATSAPP}/logout`, { method: 'POST', timeoutMs: LONG_MS });

export const requestPairingCode = (phone: string) =>
  request<PairingCodeBody>(`${WHATSAPP}/pairing-code`, {
    method: 'POST',
    body: { phone },
    timeoutMs: ACTION_MS,
  });

export const send = (body: SendRequest, idempotencyKey: string) =>
  request<SendBody>('/api/send', {
    method: 'POST',
    body,
    headers: { 'idempotency-key': idempotencyKey },
    timeoutMs: LONG_MS,
  });
