import { describe, expect, it } from 'vitest';

import type { AckEvent, StateEvent } from '../api/types';
import { INITIAL, reduce, type LiveAction, type LiveState } from './reducer';

const state = (status: StateEvent['status'], generation = 1): StateEvent => ({
  status,
  generation,
  since: '2026-01-14T13:02:09.336Z',
  cause: 'CODE_SHOWN',
  message: 'the page shows a code',
});

const after = (...actions: LiveAction[]): LiveState => actions.reduce(reduce, INITIAL);

const qrDisplayed: LiveAction[] = [
  { type: 'opened' },
  { type: 'state', event: state('QR_REQUIRED') },
  {
    type: 'qr',
    now: 1_000,
    event: { status: 'QR_AVAILABLE', qr: 'data:image/png;base64,AA==', expires_in_ms: 20_000 },
  },
];

describe('the QR code', () => {
  it('expires relative to its arrival, independent of the wall clock', () => {
    expect(after(...qrDisplayed).qr).toEqual({
      image: 'data:image/png;base64,AA==',
      deadline: 21_000,
      lifeMs: 20_000,
    });
  });

  it('may have no expiry', () => {
    const live = after(...qrDisplayed, {
      type: 'qr',
      now: 0,
      event: { status: 'QR_AVAILABLE', qr: 'data:image/png;base64,BB==' },
    });
    expect(live.qr).toEqual({ image: 'data:image/png;base64,BB==', deadline: null, lifeMs: null });
  });

  it.each<[string, LiveAction]>([
    ['it is withdrawn', { type: 'qr', now: 0, event: { status: 'NO_QR' } }],
    ['the phone is linked', { type: 'state', event: state('AUTHENTICATED', 2) }],
    ['the stream is lost', { type: 'lost' }],
    ['session-manager is away', { type: 'hub', event: { session_manager: 'down', dry_run: true } }],
  ])('goes when %s', (_, action) => {
    expect(after(...qrDisplayed, action).qr).toBeNull();
  });

  it('is kept by an event with the same state', () => {
    expect(after(...qrDisplayed, { type: 'state', event: state('QR_REQUIRED', 2) }).qr).not.toBeNull();
  });
});

describe('the link', () => {
  it('is connecting, open, lost, open again', () => {
    expect(INITIAL.link).toBe('connecting');
    expect(after({ type: 'opened' }).link).toBe('open');
    expect(after({ type: 'opened' }, { type: 'lost' }).link).toBe('lost');
    expect(after({ type: 'lost' }, { type: 'opened' }).link).toBe('open');
  });

  it('keeps the last state while lost', () => {
    expect(after(...qrDisplayed, { type: 'lost' }).state?.status).toBe('QR_REQUIRED');
  });
});

describe('the hub event', () => {
  it('keeps the reason why session-manager is away until it is back', () => {
    const down = after({
      type: 'hub',
      event: { session_manager: 'down', code: 'WHATSAPP_UNAVAILABLE', message: 'x', dry_run: true },
    });
    expect(down.manager).toBe('down');
    expect(down.managerError).toEqual({ code: 'WHATSAPP_UNAVAILABLE', message: 'x' });
    const up = reduce(down, { type: 'hub', event: { session_manager: 'up', dry_run: false } });
    expect(up).toMatchObject({ manager: 'up', managerError: null, dryRun: false });
  });
});

describe('acknowledgements', () => {
  const ack = (id: string, n: number, status: AckEvent['status']): LiveAction => ({
    type: 'ack',
    event: { message_id: id, ack: n, status, at: '2026-01-14T13:02:09.336Z' },
  });

  it('never go back', () => {
    const live = after(ack('a', 1, 'sent'), ack('a', 3, 'read'), ack('a', 2, 'delivered'));
    expect(live.acks.get('a')?.status).toBe('read');
  });

  it('may report a failure', () => {
    expect(after(ack('a', 0, 'accepted'), ack('a', -1, 'failed')).acks.get('a')?.status).toBe(
      'failed',
    );
  });

  it('are kept for the latest messages only', () => {
    const live = after(...Array.from({ length: 120 }, (_, n) => ack(`m${n}`, 1, 'sent')));
    expect(live.acks.size).toBe(50);
    expect(live.acks.has('m119')).toBe(true);
    expect(live.acks.has('m0')).toBe(false);
  });
});
