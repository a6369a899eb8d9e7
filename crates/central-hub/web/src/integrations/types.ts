/** Event types of webhooks. */
export const TOPICS = [
  'message',
  'message_edited',
  'message_deleted',
  'reaction',
  'call',
  'ack',
  'state',
  'campaign',
] as const;
export type Topic = (typeof TOPICS)[number];

export interface WebhookBody {
  url: string;
  descripcion: string;
  eventos: Topic[];
  cliente_id: number | null;
  activo: boolean;
}

export interface Webhook extends WebhookBody {
  id: number;
  /** Why the hub disabled the webhook; null otherwise. */
  motivo: string | null;
  /** Until when the previous secret also signs after a rotation. */
  secreto_anterior_hasta: string | null;
  creado: string;
  actualizado: string;
}

export interface WebhookWithSecret extends Webhook {
  secreto: string;
}

export interface TestResult {
  ok: boolean;
  clave: string;
  estado_http: number | null;
  error: string | null;
  duracion_ms: number;
}

export const DELIVERY_STATES = ['pendiente', 'entregada', 'descartada'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export interface Delivery {
  id: number;
  /** The `webhook-id` header, by which the receiver recognizes duplicates. */
  clave: string;
  evento: string;
  estado: DeliveryState;
  intentos: number;
  proximo_intento: string | null;
  estado_http: number | null;
  error: string | null;
  creada: string;
  actualizada: string;
}

export interface Attempt {
  fecha: string;
  duracion_ms: number;
  estado_http: number | null;
  error: string | null;
}

export interface DeliveryDetail extends Delivery {
  cuerpo: unknown;
  historial: Attempt[];
}

/** Scopes of a token; `admin` includes all. */
export const SCOPES = ['read', 'send', 'campaigns', 'link', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

export interface NewToken {
  name: string;
  scopes: Scope[];
  cliente_id?: number;
  expires_at?: string;
}

export interface Token {
  id: number;
  name: string;
  scopes: Scope[];
  cliente_id: number | null;
  user_id: number | null;
  created_at: string;
  expires_at: string | null;
  used_at: string | null;
  /** Created while the server had no password, so any caller may have created it. */
  unguarded?: boolean;
}

export interface TokenWithSecret extends Token {
  token: string;
}
