// Query keys of the session data.
import type { SessionBody, StateEvent } from '../api/types';

export const SESSION_KEY = ['whatsapp', 'session'] as const;
export const QR_KEY = ['whatsapp', 'qr'] as const;
export const PASSKEY_KEY = ['whatsapp', 'passkey'] as const;
export const CONFIG_KEY = ['config'] as const;
export const SENDING_KEY = ['sending'] as const;
export const INBOX_KEY = ['inbox'] as const;

/** Returns the session with a state event applied. */
export function withState(session: SessionBody, event: StateEvent): SessionBody {
  return {
    ...session,
    state: event.status,
    since: event.since,
    generation: event.generation,
    cause: event.cause,
    cause_message: event.message,
  };
}
