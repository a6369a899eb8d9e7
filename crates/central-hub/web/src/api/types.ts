// Types of the API: those of crates/session-api and the hub's own. Field names are
// those of the API; unknown fields are ignored.

export const SESSION_STATES = [
  'INIT',
  'QR_REQUIRED',
  'AUTHENTICATED',
  'READY',
  'DISCONNECTED',
  'ERROR',
] as const;

export type SessionState = (typeof SESSION_STATES)[number];

/** `agente` may read and answer all conversations, and change nothing else. */
export type Role = 'admin' | 'agente' | 'cliente';

/** The caller's identity, as reported by the hub. */
export interface Me {
  auth_required: boolean;
  user: { id: number; username: string; role: Role; cliente_id: number | null } | null;
  role: Role;
  cliente_id: number | null;
  scopes: string[];
  csrf: string | null;
}

/** Why a campaign is paused. */
export interface PauseReason {
  codigo: string;
  detalle: string | null;
  /** Who paused it; null if unknown. */
  por: string | null;
  fecha: Timestamp | null;
}

/** RFC 3339 in UTC with milliseconds. */
export type Timestamp = string;

export interface Account {
  id: string;
  phone: string;
  lid?: string | null;
  pushname?: string | null;
  platform?: string | null;
}

export interface QrInfo {
  expires_at: Timestamp;
  codes_left: number;
  refreshes_left: number;
}

export interface BrowserInfo {
  running: boolean;
  chrome_version: string | null;
  chromedriver_version: string | null;
  chromedriver_pid: number | null;
  started_at: Timestamp | null;
}

export interface SelfTest {
  ok: boolean;
  checks: Record<string, boolean>;
}

export interface PageInfo {
  url: string;
  whatsapp_version: string | null;
  wa_js_version: string | null;
  self_test: SelfTest | null;
}

export interface RestartInfo {
  total: number;
  recent: number;
  budget: number;
  window_seconds: number;
}

export interface LastError {
  code: string;
  message: string;
  at: Timestamp;
}

export interface HistoryEntry {
  from: SessionState;
  to: SessionState;
  cause: string;
  message: string;
  at: Timestamp;
}

export interface ServiceInfo {
  version: string;
  started_at: Timestamp;
}

/** `GET /api/admin/whatsapp/session` */
export interface SessionBody {
  session: string;
  state: SessionState;
  since: Timestamp;
  generation: number;
  cause: string;
  cause_message: string;
  linked: boolean;
  account: Account | null;
  qr: QrInfo | null;
  passkey?: { stage: string; needs_confirmation: boolean } | null;
  browser: BrowserInfo;
  page: PageInfo;
  restarts: RestartInfo;
  last_error: LastError | null;
  history: HistoryEntry[];
  service: ServiceInfo;
}

/** `GET /api/config` */
export interface ConfigBody {
  version: string;
  dry_run: boolean;
  environment: string;
  auto_campaigns_enabled: boolean;
  auth_required: boolean;
  /** Time zone of the schedules. */
  zone: string;
  // Sent to administrators only.
  session_manager_base_url?: string;
  session_manager_token_set?: boolean;
  internal_token_set?: boolean;
  database_engine?: 'sqlite' | 'postgres';
  database_url?: string;
  webhook_allowed_hosts?: string;
}

/** `GET /api/admin/whatsapp/qr` */
export type QrBody = { status: 'NO_QR' } | { status: 'QR_AVAILABLE'; qr: string };

/** `POST /api/admin/whatsapp/connect` */
export interface ConnectBody {
  success: boolean;
  message: string;
  session: string;
  state: SessionState;
  alreadyConnected: boolean;
}

/** `POST /api/admin/whatsapp/disconnect` and `…/logout` */
export interface TransitionBody {
  success: boolean;
  message: string;
  session: string;
  state: SessionState;
}

/** `POST /api/admin/whatsapp/pairing-code` */
export interface PairingCodeBody {
  code: string;
  expires_at?: Timestamp;
}

/** `PublicKeyCredentialRequestOptions` as JSON. */
export interface PasskeyRequest {
  challenge: string;
  rpId?: string;
  [more: string]: unknown;
}

/** `PublicKeyCredential.toJSON()` */
export interface PasskeyCredential {
  id: string;
  response: Record<string, string | undefined>;
  [more: string]: unknown;
}

/** `GET /api/admin/whatsapp/passkey` */
export type PasskeyBody =
  | { status: 'NO_PASSKEY' }
  | { status: 'PASSKEY_REQUIRED'; public_key: PasskeyRequest; expires_at: Timestamp }
  | { status: 'PASSKEY_CONFIRM'; verification_code: string };

export interface SendRequest {
  cliente_id?: number;
  to: string;
  message: string;
}

/** `POST /api/send` */
export interface SendBody {
  ok: boolean;
  message_id: string;
  dry_run?: boolean;
}

export interface ErrorBody {
  /** A copy of the code on the routes that the Node hub had. */
  error: true | string;
  code: string;
  message: string;
}

// Payloads of `GET /api/events`, by event name.

export interface StateEvent {
  status: SessionState;
  generation: number;
  since: Timestamp;
  cause: string;
  message: string;
}

export interface QrEvent {
  status: 'NO_QR' | 'QR_AVAILABLE';
  qr?: string;
  expires_at?: Timestamp;
  expires_in_ms?: number;
}

/** The account's WhatsApp limits. */
export interface LimitsEvent {
  reach_out: { locked: boolean; until: Timestamp | null; kind: string | null };
  new_chats: {
    status: 'NONE' | 'FIRST_WARNING' | 'SECOND_WARNING' | 'CAPPED';
    used: number;
    total: number | null;
    cycle_end: Timestamp | null;
  };
  first_sync: { complete: boolean; progress: number | null };
}

export type AckStatus = 'failed' | 'accepted' | 'sent' | 'delivered' | 'read' | 'played';

export interface AckEvent {
  message_id: string;
  ack: number;
  status: AckStatus;
  at: Timestamp;
}

export interface HubEvent {
  session_manager: 'up' | 'down';
  code?: string;
  message?: string;
  dry_run: boolean;
}

/** `event: message`: an inbound message, or one written on the phone. */
export interface MessageEvent {
  from_me?: boolean;
}

/** `event: conversation`: a conversation changed; the payload is its last message. */
export interface ConversationEvent {
  id: number;
  fecha: Timestamp;
  direccion: 'entrante' | 'saliente';
  telefono: string | null;
  nombre: string | null;
  chat: string;
  tipo: string;
  mensaje: string;
  sin_responder_desde: Timestamp | null;
}

/** `GET /api/listener/inbox` */
export interface InboxBody {
  sin_responder: number;
  /** When the longest wait for a reply began. */
  desde: Timestamp | null;
  sin_leer: number;
  /** Whether a count was cut off at the hub's maximum. */
  hay_mas: boolean;
}

/** `GET /api/sending` */
export interface SendingBody {
  detenido: boolean;
  por: string | null;
  desde: Timestamp | null;
}

/** `event: campaign`: the full state of a campaign that changed. */
export interface CampaignEvent {
  id: number;
}

/** `GET /api/phone` */
export type UnderstoodPhone =
  | { ok: true; numero: string; pais?: string; local?: boolean; tipo?: string }
  | { ok: false; motivo: string; mensaje: string };
