import { ApiError } from '../api/http';
import type { SessionBody, StateEvent } from '../api/types';
import type { LiveState } from './reducer';

/** The views of the session screen, of which exactly one is active. */
export type View =
  | { kind: 'loading' }
  | { kind: 'away'; who: 'hub' | 'manager'; code: string; message: string }
  | { kind: 'idle'; linked: boolean }
  | { kind: 'starting'; linked: boolean; cause: string; message: string }
  | { kind: 'scan' }
  | { kind: 'passkey' }
  | { kind: 'syncing'; cause: string; message: string }
  | { kind: 'ready' }
  | { kind: 'disconnected'; linked: boolean; cause: string; message: string }
  | { kind: 'failed'; cause: string; message: string };

export interface Known {
  session: SessionBody | undefined;
  /** The error of the latest session read. */
  error: Error | null;
  live: Pick<LiveState, 'link' | 'manager' | 'managerError' | 'state'>;
  /** Whether `/connect` was requested here and has not taken effect yet. */
  connecting: boolean;
}

// The hub's error codes for an unusable session-manager.
const MANAGER_AWAY = new Set([
  'WHATSAPP_UNAVAILABLE',
  'SESSION_MANAGER_TIMEOUT',
  'SESSION_MANAGER_BAD_RESPONSE',
]);

const codeOf = (error: Error | null): string => (error instanceof ApiError ? error.code : '');

/** Returns whether the hub itself is unreachable, not only its stream. */
export function hubIsAway({ error, live }: Pick<Known, 'error' | 'live'>): boolean {
  if (live.link !== 'lost' || error === null) return false;
  // A response in the API's format means that the hub is up.
  return !(error instanceof ApiError) || error.status === 0 || error.code === 'BAD_RESPONSE';
}

/**
 * Returns why session-manager is unusable now, or `null` if it is usable or
 * unknown.
 */
export function managerTrouble({
  error,
  live,
}: Pick<Known, 'error' | 'live'>): { code: string; message: string } | null {
  if (live.link === 'open' && live.manager === 'down') {
    return live.managerError ?? { code: '', message: '' };
  }
  // An open stream is more recent than the last fetch; without a stream the last fetch
  // counts.
  const known = live.link === 'open' && live.manager === 'up';
  if (!known && error !== null && MANAGER_AWAY.has(codeOf(error))) {
    return { code: codeOf(error), message: error.message };
  }
  return null;
}

function fromState(
  at: Pick<SessionBody, 'state' | 'cause' | 'cause_message'>,
  linked: boolean,
  connecting: boolean,
): View {
  const { state, cause, cause_message: message } = at;
  const waitsForConnect =
    state === 'DISCONNECTED' || state === 'ERROR' || (state === 'INIT' && cause === 'STARTED');
  if (waitsForConnect && connecting) return { kind: 'starting', linked, cause: '', message: '' };
  switch (state) {
    case 'INIT':
      return waitsForConnect
        ? { kind: 'idle', linked }
        : { kind: 'starting', linked, cause, message };
    case 'QR_REQUIRED':
      return { kind: cause.startsWith('PASSKEY_') ? 'passkey' : 'scan' };
    case 'AUTHENTICATED':
      return { kind: 'syncing', cause, message };
    case 'READY':
      return { kind: 'ready' };
    case 'DISCONNECTED':
      return { kind: 'disconnected', linked, cause, message };
    case 'ERROR':
      return { kind: 'failed', cause, message };
  }
}

const fromEvent = (event: StateEvent) => ({
  state: event.status,
  cause: event.cause,
  cause_message: event.message,
});

export function viewOf(known: Known): View {
  const { session, error, live, connecting } = known;
  const trouble = managerTrouble(known);
  if (trouble) return { kind: 'away', who: 'manager', ...trouble };
  if (session) return fromState(session, session.linked, connecting);
  if (live.state && live.link !== 'lost')
    return fromState(fromEvent(live.state), false, connecting);
  if (error) return { kind: 'away', who: 'hub', code: codeOf(error), message: error.message };
  return { kind: 'loading' };
}
