import { describe, expect, it } from 'vitest';

import { ApiError } from '../api/http';
import type { LimitsEvent, SessionBody } from '../api/types';
import { lineOf } from './line';

const UP = { link: 'open', manager: 'up', managerError: null, state: null } as const;
const session = (state: SessionBody['state'], cause = '', linked = true) =>
  ({ state, cause, cause_message: '', linked }) as SessionBody;
const of = (state: SessionBody['state'], cause = '', linked = true, limits: LimitsEvent | null = null) => {
  const { state: name, trouble, sends } = lineOf(
    { session: session(state, cause, linked), error: null, live: UP },
    limits,
  );
  return [name, trouble?.kind ?? null, trouble?.way ?? null, sends];
};
const LIMITS: LimitsEvent = {
  reach_out: { locked: false, until: null, kind: null },
  new_chats: { status: 'NONE', used: 0, total: null, cycle_end: null },
  first_sync: { complete: true, progress: null },
};

describe('the line', () => {
  it('is fine when connected', () => {
    expect(of('READY', 'SYNCED')).toEqual(['connected', null, null, true]);
    expect(of('READY', 'SYNCED', true, LIMITS)).toEqual(['connected', null, null, true]);
  });

  it('is unlinked by the phone, from here, or if it was never linked', () => {
    const unlinked = ['unlinked', 'unlinked', 'link', false];
    expect(of('DISCONNECTED', 'UNLINKED', false)).toEqual(unlinked);
    expect(of('DISCONNECTED', 'UNLINKED', true)).toEqual(unlinked);
    expect(of('DISCONNECTED', 'LOGOUT_REQUESTED', false)).toEqual(unlinked);
    expect(of('INIT', 'STARTED', false)).toEqual(unlinked);
    expect(of('QR_REQUIRED', 'CODE_SHOWN', false)).toEqual(['linking', 'unlinked', 'link', false]);
  });

  it('has lost the network, which is not reported as syncing', () => {
    expect(of('AUTHENTICATED', 'CONNECTION_LOST')).toEqual(['offline', 'offline', null, false]);
    expect(of('AUTHENTICATED', 'SERVICE_UNAVAILABLE')).toEqual(['offline', 'whatsappDown', null, false]);
    expect(of('AUTHENTICATED', 'CODE_SCANNED')).toEqual(['syncing', null, null, false]);
  });

  it('is open elsewhere, needs the passkey, or has broken tools', () => {
    expect(of('DISCONNECTED', 'CONFLICT')).toEqual(['paused', 'elsewhere', 'connect', false]);
    expect(of('QR_REQUIRED', 'PASSKEY_REQUIRED', false)).toEqual(['linking', 'passkey', 'passkey', false]);
    expect(of('AUTHENTICATED', 'TOOLS_BROKEN')).toEqual(['trouble', 'toolsBroken', 'look', false]);
    expect(of('ERROR', 'CHROME_NOT_FOUND')).toEqual(['trouble', 'broken', 'look', false]);
  });

  it('was paused by a user', () => {
    expect(of('DISCONNECTED', 'DISCONNECT_REQUESTED')).toEqual(['paused', 'paused', 'connect', false]);
    expect(of('INIT', 'STARTED', true)).toEqual(['paused', 'paused', 'connect', false]);
  });

  it('works with restrictions under WhatsApp’s limits', () => {
    const locked = { ...LIMITS, reach_out: { locked: true, until: null, kind: null } };
    const capped = { ...LIMITS, new_chats: { ...LIMITS.new_chats, status: 'CAPPED' as const } };
    expect(of('READY', '', true, locked)).toEqual(['connected', 'reachOut', 'look', true]);
    expect(of('READY', '', true, capped)).toEqual(['connected', 'newChats', 'look', true]);
    // A line that is down shows its own trouble instead.
    expect(of('DISCONNECTED', 'UNLINKED', false, locked)[1]).toBe('unlinked');
  });

  it('is unknown while nothing responds', () => {
    const error = new ApiError('HUB_UNREACHABLE', '');
    const lost = { ...UP, link: 'lost' } as const;
    const down = { ...UP, manager: 'down', managerError: { code: 'WHATSAPP_UNAVAILABLE', message: '' } } as const;
    expect(lineOf({ session: session('READY'), error, live: lost }, null).trouble?.kind).toBe('hubAway');
    expect(lineOf({ session: session('READY'), error: null, live: down }, null).trouble?.kind).toBe('managerAway');
    expect(lineOf({ session: undefined, error: null, live: UP }, null).state).toBe('unknown');
  });
});
