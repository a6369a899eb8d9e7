import { describe, expect, it } from 'vitest';

import { ApiError } from '../api/http';
import { SESSION_STATES, type SessionBody, type SessionState } from '../api/types';
import { en } from '../i18n/en';
import { es } from '../i18n/es';
import { headline } from './headline';
import { hubIsAway, managerTrouble, viewOf, type Known } from './view';

function session(state: SessionState, cause: string, over: Partial<SessionBody> = {}): SessionBody {
  const at = '2026-01-14T13:02:09.336Z';
  return {
    session: 'admin',
    state,
    since: at,
    generation: 1,
    cause,
    cause_message: `because of ${cause}`,
    linked: false,
    account: null,
    qr: null,
    browser: {
      running: false,
      chrome_version: null,
      chromedriver_version: null,
      chromedriver_pid: null,
      started_at: null,
    },
    page: { url: '', whatsapp_version: null, wa_js_version: null, self_test: null },
    restarts: { total: 0, recent: 0, budget: 5, window_seconds: 600 },
    last_error: null,
    history: [],
    service: { version: '0.1.0', started_at: at },
    ...over,
  };
}

const up: Known['live'] = { link: 'open', manager: 'up', managerError: null, state: null };
const lost: Known['live'] = { ...up, link: 'lost' };

const view = (over: Partial<Known>) =>
  viewOf({ session: undefined, error: null, live: up, connecting: false, ...over });

describe('the view', () => {
  it.each<[SessionState, string, string]>([
    ['INIT', 'STARTED', 'idle'],
    ['INIT', 'CONNECT_REQUESTED', 'starting'],
    ['INIT', 'LINKED_PROFILE_FOUND', 'starting'],
    ['INIT', 'BROWSER_DIED', 'starting'],
    ['QR_REQUIRED', 'CODE_SHOWN', 'scan'],
    ['QR_REQUIRED', 'PASSKEY_REQUIRED', 'passkey'],
    ['QR_REQUIRED', 'PASSKEY_UNREADABLE', 'passkey'],
    ['AUTHENTICATED', 'CODE_SCANNED', 'syncing'],
    ['READY', 'SYNCED', 'ready'],
    ['DISCONNECTED', 'DISCONNECT_REQUESTED', 'disconnected'],
    ['ERROR', 'CHROME_NOT_FOUND', 'failed'],
  ])('%s because of %s is "%s"', (state, cause, kind) => {
    expect(view({ session: session(state, cause) }).kind).toBe(kind);
  });

  it('exists for every state', () => {
    for (const state of SESSION_STATES) {
      expect(view({ session: session(state, 'SOMETHING_NEW') }).kind).not.toBe('loading');
    }
  });

  it('changes to starting at the click, from each state that allows it', () => {
    for (const [state, cause] of [
      ['INIT', 'STARTED'],
      ['DISCONNECTED', 'CODE_NOT_SCANNED'],
      ['ERROR', 'PAGE_UNREACHABLE'],
    ] as const) {
      expect(view({ session: session(state, cause), connecting: true }).kind).toBe('starting');
    }
    expect(view({ session: session('READY', 'SYNCED'), connecting: true }).kind).toBe('ready');
  });

  it('uses the event until the session is fetched', () => {
    const state = {
      status: 'READY' as const,
      generation: 3,
      since: '2026-01-14T13:02:09.336Z',
      cause: 'SYNCED',
      message: '',
    };
    expect(view({ live: { ...up, state } }).kind).toBe('ready');
  });

  it('is waiting while nothing is known', () => {
    expect(view({}).kind).toBe('loading');
  });

  it('keeps the last state while the hub is away', () => {
    const error = new ApiError('HUB_UNREACHABLE', 'x');
    expect(view({ session: session('READY', 'SYNCED'), error, live: lost }).kind).toBe('ready');
    expect(view({ error, live: lost })).toMatchObject({ kind: 'away', who: 'hub' });
  });

  it('shows no state if session-manager does not respond', () => {
    const live = { ...up, manager: 'down' as const, managerError: { code: 'X', message: 'y' } };
    expect(view({ session: session('READY', 'SYNCED'), live })).toEqual({
      kind: 'away',
      who: 'manager',
      code: 'X',
      message: 'y',
    });
  });
});

describe('the unreachable service', () => {
  it('is the hub if the stream is lost and a fetch gets no response', () => {
    const error = new ApiError('HUB_UNREACHABLE', 'x');
    expect(hubIsAway({ error, live: lost })).toBe(true);
    expect(hubIsAway({ error: null, live: lost })).toBe(false);
    expect(hubIsAway({ error, live: up })).toBe(false);
    expect(
      hubIsAway({ error: new ApiError('BAD_RESPONSE', 'a 502 of a proxy', 502), live: lost }),
    ).toBe(true);
    expect(hubIsAway({ error: new ApiError('WHATSAPP_UNAVAILABLE', 'x', 503), live: lost })).toBe(
      false,
    );
  });

  it('is session-manager according to the stream, or else to the last fetch', () => {
    const error = new ApiError('SESSION_MANAGER_TIMEOUT', 'x', 504);
    expect(managerTrouble({ error, live: lost })?.code).toBe('SESSION_MANAGER_TIMEOUT');
    expect(managerTrouble({ error, live: up })).toBeNull();
    expect(managerTrouble({ error: null, live: { ...up, manager: 'down' } })).not.toBeNull();
    expect(managerTrouble({ error: new ApiError('INTERNAL', 'x', 500), live: lost })).toBeNull();
  });
});

describe('the headline', () => {
  it('has a text for every state in both languages', () => {
    for (const t of [es, en]) {
      for (const state of SESSION_STATES) {
        const { label } = headline(t, view({ session: session(state, 'STARTED') }));
        expect(label.length).toBeGreaterThan(0);
      }
    }
    expect(headline(es, view({ session: session('READY', 'SYNCED') })).label).toBe('Conectado');
    expect(headline(es, view({ session: session('INIT', 'STARTED') })).label).toBe('Sin conectar');
  });
});
