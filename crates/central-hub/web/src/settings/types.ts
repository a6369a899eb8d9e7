import type { SessionState, Timestamp } from '../api/types';

/** `GET /api/listener/status` */
export interface ListenerStatus {
  mode: 'listen' | 'off';
  recording: boolean;
  following: boolean;
  /** Null where another hub follows. */
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
