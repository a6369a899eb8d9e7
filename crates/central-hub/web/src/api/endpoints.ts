import { ApiError, ME_PATH, request, setCsrf } from './http';
import type {
  ConfigBody,
  ConnectBody,
  Me,
  PairingCodeBody,
  PasskeyBody,
  PasskeyCredential,
  QrBody,
  SendBody,
  SendRequest,
  SessionBody,
  TransitionBody,
  UnderstoodPhone,
} from './types';

/** The signed-in user's business; null if the user has access to all. */
let business: number | null = null;

/** Builds the path of a session route: the administrators' route, or that of one business. */
const whatsapp = (path: string) =>
  business === null ? `/api/admin/whatsapp/${path}` : `/api/whatsapp/${business}/${path}`;

export const EVENTS_PATH = '/api/events';

// Longer than the services' own timeouts, so that their response, which names
// the cause, arrives first. A send waits for WhatsApp's server; unlinking may
// have to start the browser.
const ACTION_MS = 30_000;
const LONG_MS = 75_000;

/** Fetches how the hub parses a typed phone number. */
export const understandPhone = (numero: string, signal?: AbortSignal) =>
  request<UnderstoodPhone>(`/api/phone?${new URLSearchParams({ numero })}`, { signal });

export const getConfig = (signal?: AbortSignal) => request<ConfigBody>('/api/config', { signal });

export async function getMe(signal?: AbortSignal): Promise<Me> {
  const me = await request<Me>(ME_PATH, { signal });
  setCsrf(me.csrf);
  business = me.cliente_id;
  return me;
}

export async function signIn(username: string, password: string): Promise<void> {
  const body = { username, password };
  const { csrf } = await request<{ csrf: string }>('/api/auth/login', {
    method: 'POST',
    body,
    timeoutMs: ACTION_MS,
  });
  setCsrf(csrf);
}

export async function signOut(): Promise<void> {
  await request('/api/auth/logout', { method: 'POST' });
  setCsrf(null);
}

export const getSession = (signal?: AbortSignal) =>
  request<SessionBody>(whatsapp('session'), { signal });

export async function getQr(signal?: AbortSignal): Promise<QrBody> {
  if (business === null) return request<QrBody>(whatsapp('qr'), { signal });
  try {
    const { qr_code_base64: qr } = await request<{ qr_code_base64: string }>(whatsapp('qr'), {
      signal,
    });
    return { status: 'QR_AVAILABLE', qr };
  } catch (error) {
    // This route reports a missing code in its own format.
    const none = error instanceof ApiError && (error.status === 404 || error.status === 409);
    if (none) return { status: 'NO_QR' };
    throw error;
  }
}

export const connect = () =>
  request<ConnectBody>(whatsapp('connect'), { method: 'POST', timeoutMs: ACTION_MS });

export const disconnect = () =>
  request<TransitionBody>(whatsapp('disconnect'), { method: 'POST', timeoutMs: ACTION_MS });

export const logout = () =>
  request<TransitionBody>(whatsapp('logout'), { method: 'POST', timeoutMs: LONG_MS });

export const requestPairingCode = (phone: string) =>
  request<PairingCodeBody>(whatsapp('pairing-code'), {
    method: 'POST',
    body: { phone },
    timeoutMs: ACTION_MS,
  });

/** Only for administrators: the passkey belongs to the whole session. */
const PASSKEY = '/api/admin/whatsapp/passkey';

export const getPasskey = (signal?: AbortSignal) => request<PasskeyBody>(PASSKEY, { signal });

export const answerPasskey = (credential: PasskeyCredential) =>
  request<TransitionBody>(PASSKEY, { method: 'POST', body: credential, timeoutMs: ACTION_MS });

export const confirmPasskey = () =>
  request<TransitionBody>(`${PASSKEY}/confirm`, { method: 'POST', timeoutMs: ACTION_MS });

export const cancelPasskey = () =>
  request<TransitionBody>(`${PASSKEY}/cancel`, { method: 'POST', timeoutMs: ACTION_MS });

export const send = (body: SendRequest, idempotencyKey: string) =>
  request<SendBody>('/api/send', {
    method: 'POST',
    body,
    headers: { 'idempotency-key': idempotencyKey },
    timeoutMs: LONG_MS,
  });
