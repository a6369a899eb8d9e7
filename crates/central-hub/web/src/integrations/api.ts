import { request } from '../api/http';
import { query } from '../lib/query';
import type { Page } from '../ui/pages';
import type {
  Delivery,
  DeliveryDetail,
  DeliveryState,
  NewToken,
  TestResult,
  Token,
  TokenWithSecret,
  Webhook,
  WebhookBody,
  WebhookWithSecret,
} from './types';

const WEBHOOKS = '/api/webhooks';
const TOKENS = '/api/tokens';

export const WEBHOOKS_KEY = ['webhooks'] as const;
export const TOKENS_KEY = ['tokens'] as const;
export const deliveriesKey = (webhook: number) => [...WEBHOOKS_KEY, webhook, 'deliveries'] as const;

const webhookPath = (id: number): string => `${WEBHOOKS}/${id}`;

export const getWebhooks = async (signal: AbortSignal): Promise<Webhook[]> =>
  (await request<{ webhooks: Webhook[] }>(WEBHOOKS, { signal })).webhooks;

export const getWebhook = (id: number, signal: AbortSignal) =>
  request<Webhook>(webhookPath(id), { signal });

export const createWebhook = (body: WebhookBody) =>
  request<WebhookWithSecret>(WEBHOOKS, { method: 'POST', body });

export const changeWebhook = (id: number, body: WebhookBody) =>
  request<Webhook>(webhookPath(id), { method: 'PUT', body });

export const deleteWebhook = (id: number) => request<null>(webhookPath(id), { method: 'DELETE' });

export const rotateSecret = (id: number) =>
  request<WebhookWithSecret>(`${webhookPath(id)}/rotate`, { method: 'POST' });

/** Sends a test event; the receiver has 15 s to respond. */
export const testWebhook = (id: number) =>
  request<TestResult>(`${webhookPath(id)}/test`, { method: 'POST', timeoutMs: 30_000 });

export async function getDeliveries(
  webhook: number,
  estado: DeliveryState | '',
  antes: string | number | null,
  signal: AbortSignal,
): Promise<Page<Delivery>> {
  const response = await request<{ entregas: Delivery[]; siguiente: number | null }>(
    `${webhookPath(webhook)}/deliveries${query({ estado, antes, limite: 50 })}`,
    { signal },
  );
  return { items: response.entregas, next: response.siguiente };
}

export const getDelivery = (webhook: number, id: number, signal: AbortSignal) =>
  request<DeliveryDetail>(`${webhookPath(webhook)}/deliveries/${id}`, { signal });

export const replay = (webhook: number, id: number) =>
  request<unknown>(`${webhookPath(webhook)}/deliveries/${id}/replay`, { method: 'POST' });

export const replayAll = (webhook: number) =>
  request<{ reenviadas: number }>(`${webhookPath(webhook)}/deliveries/replay`, { method: 'POST' });

export async function getTokens(
  before: string | number | null,
  signal: AbortSignal,
): Promise<Page<Token>> {
  const response = await request<{ tokens: Token[]; next: number | null }>(
    `${TOKENS}${query({ before, limit: 50 })}`,
    { signal },
  );
  return { items: response.tokens, next: response.next };
}

export const createToken = (body: NewToken) =>
  request<TokenWithSecret>(TOKENS, { method: 'POST', body });

export const revokeToken = (id: number) =>
  request<{ ok: true }>(`${TOKENS}/${id}`, { method: 'DELETE' });
