// Derives the state of the WhatsApp line (connected, unlinked, …) and its remedy, in one place
// for the banner, the menu, the start screen and the answer box.
import type { LimitsEvent } from '../api/types';
import { hubIsAway, managerTrouble, viewOf, type Known } from './view';

export type Trouble =
  | 'hubAway'
  | 'managerAway'
  | 'unlinked'
  | 'offline'
  | 'whatsappDown'
  | 'elsewhere'
  | 'passkey'
  | 'toolsBroken'
  | 'paused'
  | 'broken'
  | 'reachOut'
  | 'newChats';

/** The remedy of a problem; null if it resolves by itself or the user cannot resolve it. */
export type Remedy = 'link' | 'connect' | 'passkey' | 'look' | null;

export interface Line {
  /** The state in one word, for the foot of the menu. */
  state:
    | 'unknown'
    | 'unlinked'
    | 'connecting'
    | 'linking'
    | 'syncing'
    | 'offline'
    | 'connected'
    | 'paused'
    | 'trouble';
  tone: 'good' | 'warn' | 'bad' | 'quiet';
  /** Whether messages can be sent now. */
  sends: boolean;
  trouble: { kind: Trouble; tone: 'bad' | 'warn'; way: Remedy; cause: string; until: string | null } | null;
}

const trouble = (
  kind: Trouble,
  way: Remedy,
  { tone = 'bad', cause = '', until = null }: { tone?: 'bad' | 'warn'; cause?: string; until?: string | null } = {},
): Line['trouble'] => ({ kind, tone, way, cause, until });

/** Returns a reached limit of WhatsApp, with which the line works, but not for every message. */
function limitOf(limits: LimitsEvent | null): Line['trouble'] {
  if (limits?.reach_out.locked) {
    return trouble('reachOut', 'look', { tone: 'warn', until: limits.reach_out.until });
  }
  if (limits?.new_chats.status === 'CAPPED') {
    return trouble('newChats', 'look', { tone: 'warn', until: limits.new_chats.cycle_end });
  }
  return null;
}

/** Causes that mean an unlinked line, which has no state of its own. */
const UNLINKED: ReadonlySet<string> = new Set(['UNLINKED', 'LOGOUT_REQUESTED', 'CODE_NOT_SCANNED']);

export function lineOf(known: Omit<Known, 'connecting'>, limits: LimitsEvent | null): Line {
  if (hubIsAway(known)) {
    return { state: 'unknown', tone: 'bad', sends: false, trouble: trouble('hubAway', null) };
  }
  const away = managerTrouble(known);
  if (away) {
    return {
      state: 'unknown',
      tone: 'bad',
      sends: false,
      trouble: trouble('managerAway', null, { cause: away.code }),
    };
  }
  const view = viewOf({ ...known, connecting: false });
  switch (view.kind) {
    case 'loading':
    case 'away':
      return { state: 'unknown', tone: 'quiet', sends: false, trouble: null };
    case 'idle':
      return view.linked
        ? { state: 'paused', tone: 'bad', sends: false, trouble: trouble('paused', 'connect') }
        : { state: 'unlinked', tone: 'bad', sends: false, trouble: trouble('unlinked', 'link') };
    case 'starting':
      return { state: 'connecting', tone: 'warn', sends: false, trouble: null };
    case 'scan':
      return { state: 'linking', tone: 'warn', sends: false, trouble: trouble('unlinked', 'link') };
    case 'passkey':
      return { state: 'linking', tone: 'warn', sends: false, trouble: trouble('passkey', 'passkey') };
    case 'syncing': {
      const { cause } = view;
      if (cause === 'TOOLS_BROKEN') {
        return {
          state: 'trouble',
          tone: 'bad',
          sends: false,
          trouble: trouble('toolsBroken', 'look', { cause }),
        };
      }
      if (cause === 'CONNECTION_LOST') {
        return {
          state: 'offline',
          tone: 'bad',
          sends: false,
          trouble: trouble('offline', null, { cause }),
        };
      }
      if (cause === 'SERVICE_UNAVAILABLE') {
        return {
          state: 'offline',
          tone: 'bad',
          sends: false,
          trouble: trouble('whatsappDown', null, { cause }),
        };
      }
      return { state: 'syncing', tone: 'warn', sends: false, trouble: null };
    }
    case 'ready': {
      const limit = limitOf(limits);
      return { state: 'connected', tone: limit ? 'warn' : 'good', sends: true, trouble: limit };
    }
    case 'disconnected': {
      const { cause, linked } = view;
      if (cause === 'CONFLICT') {
        return {
          state: 'paused',
          tone: 'bad',
          sends: false,
          trouble: trouble('elsewhere', 'connect', { cause }),
        };
      }
      if (linked && !UNLINKED.has(cause)) {
        return {
          state: 'paused',
          tone: 'bad',
          sends: false,
          trouble: trouble('paused', 'connect', { cause }),
        };
      }
      return { state: 'unlinked', tone: 'bad', sends: false, trouble: trouble('unlinked', 'link', { cause }) };
    }
    case 'failed':
      return {
        state: 'trouble',
        tone: 'bad',
        sends: false,
        trouble: trouble('broken', 'look', { cause: view.cause }),
      };
  }
}
