import { isId } from '../lib/number';
import type { NewToken, Scope, Topic, Webhook, WebhookBody } from './types';

export interface WebhookValues {
  url: string;
  descripcion: string;
  eventos: Topic[];
  /** As typed. */
  cliente_id: string;
  activo: boolean;
}

export type WebhookProblem = 'url' | 'events' | 'business';

export const NEW_WEBHOOK: WebhookValues = {
  url: '',
  descripcion: '',
  eventos: ['message', 'ack'],
  cliente_id: '',
  activo: true,
};

export const webhookValuesOf = (webhook: Webhook): WebhookValues => ({
  url: webhook.url,
  descripcion: webhook.descripcion,
  eventos: webhook.eventos,
  cliente_id: webhook.cliente_id === null ? '' : String(webhook.cliente_id),
  activo: webhook.activo,
});

const isBusiness = (typed: string): boolean => typed.trim() === '' || isId(typed.trim());

function isWebAddress(typed: string): boolean {
  if (!URL.canParse(typed.trim())) return false;
  const { protocol, hostname } = new URL(typed.trim());
  return (protocol === 'https:' || protocol === 'http:') && hostname !== '';
}

/** Validates the form; the hub validates the address further. */
export function checkWebhook(
  values: WebhookValues,
): Partial<Record<keyof WebhookValues, WebhookProblem>> {
  return {
    ...(isWebAddress(values.url) ? {} : { url: 'url' }),
    ...(values.eventos.length > 0 ? {} : { eventos: 'events' }),
    ...(isBusiness(values.cliente_id) ? {} : { cliente_id: 'business' }),
  };
}

export const webhookBodyOf = (values: WebhookValues): WebhookBody => ({
  url: values.url.trim(),
  descripcion: values.descripcion.trim(),
  eventos: values.eventos,
  cliente_id: values.cliente_id.trim() === '' ? null : Number(values.cliente_id),
  activo: values.activo,
});

export interface TokenValues {
  name: string;
  scopes: Scope[];
  cliente_id: string;
  /** Validity in days from now; if empty, valid until revoked. */
  days: string;
}

export type TokenProblem = 'name' | 'scopes' | 'business' | 'days';

export const NEW_TOKEN: TokenValues = { name: '', scopes: ['read', 'send'], cliente_id: '', days: '' };

const MAX_NAME_LENGTH = 100;
const MAX_DAYS = 3650;

export function checkToken(values: TokenValues): Partial<Record<keyof TokenValues, TokenProblem>> {
  const name = [...values.name.trim()].length;
  const days = values.days.trim();
  const daysFit = days === '' || (/^[1-9]\d{0,3}$/.test(days) && Number(days) <= MAX_DAYS);
  return {
    ...(name >= 1 && name <= MAX_NAME_LENGTH ? {} : { name: 'name' }),
    ...(values.scopes.length > 0 ? {} : { scopes: 'scopes' }),
    ...(isBusiness(values.cliente_id) ? {} : { cliente_id: 'business' }),
    ...(daysFit ? {} : { days: 'days' }),
  };
}

const DAY_MS = 86_400_000;

export const newTokenOf = (values: TokenValues, now: number): NewToken => ({
  name: values.name.trim(),
  scopes: values.scopes,
  ...(values.cliente_id.trim() === '' ? {} : { cliente_id: Number(values.cliente_id) }),
  ...(values.days.trim() === ''
    ? {}
    : { expires_at: new Date(now + Number(values.days) * DAY_MS).toISOString() }),
});
