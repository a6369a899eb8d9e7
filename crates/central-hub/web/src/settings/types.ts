import type { SessionState, Timestamp } from '../api/types';

/** `GET /api/listener/status` */
export interface ListenerStatus {
  mode: 'listen' | 'off';
  recording: boolean;
  following: boolean;
  /** Null if another hub follows the events. */
  connected: boolean | null;
  last_event_at: Timestamp | null;
  lag_ms: number | null;
  last_message_at: Timestamp | null;
}

/** `GET /api/health` */
export interface Health {
  uptime: number;
  dependencies: {
    session_manager: { status: 'up' | 'down'; state: SessionState | null; code: string | null };
    database: { status: 'up' | 'down'; engine: 'sqlite' | 'postgres' };
  };
}

/** An alert channel and its recipient. */
export interface AlertChannel {
  way: 'email' | 'webhook';
  to: string;
}

/** `GET /api/alerts` */
export interface Alerts {
  ways: AlertChannel[];
  after_minutes: number;
  repeat_hours: number | null;
  quiet_hours: string | null;
  digest_at: string | null;
  holding: {
    key: string;
    code: string;
    severity: 'critical' | 'warning';
    title: string;
    text: string;
    since: Timestamp;
    told_at: Timestamp | null;
  }[];
  told: {
    way: AlertChannel['way'];
    kind: 'raised' | 'repeated' | 'cleared' | 'digest';
    code: string;
    title: string;
    state: 'pending' | 'sent' | 'dead';
    attempts: number;
    error: string | null;
    at: Timestamp;
  }[];
}

/** The result of a test of one channel. */
export interface ChannelTest extends AlertChannel {
  ok: boolean;
  code?: string;
  message?: string;
}
