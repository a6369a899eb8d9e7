import { describe, expect, it } from 'vitest';

import { en } from '../i18n/en';
import { es } from '../i18n/es';
import { reasonText } from './reasonText';
import { standingOf, type SendingContext } from './standing';

const WAIT = (codigo: string, hasta: string | null = null) => ({ codigo, hasta });
const real = { estado: 'en_progreso', simulacion: false, espera: null } as const;
const test = { ...real, simulacion: true } as const;
const LIMITS = {
  reach_out: { locked: false, until: null, kind: null },
  new_chats: { status: 'NONE', used: 0, total: null, cycle_end: null },
  first_sync: { complete: true, progress: null },
} as const;
const GOOD: SendingContext = {
  dryRun: false,
  stopped: false,
  campaignsOn: true,
  line: 'ready',
  limits: LIMITS,
  schedules: { total: 1, approved: 1 },
};
const UNKNOWN: SendingContext = {
  dryRun: null,
  stopped: null,
  campaignsOn: null,
  line: 'loading',
  limits: null,
  schedules: null,
};
const kinds = (campaign: Parameters<typeof standingOf>[0], changes: Partial<SendingContext>) => {
  const standing = standingOf(campaign, { ...GOOD, ...changes });
  return standing.kind === 'waiting' ? standing.reasons.map(({ kind }) => kind) : standing.kind;
};

describe('a campaign', () => {
  it('sends if there is no obstacle, and has the time of the next message', () => {
    expect(standingOf({ ...real, espera: WAIT('PAUSE', '2026-11-30T12:00:00Z') }, GOOD)).toEqual({
      kind: 'sending',
      next: '2026-11-30T12:00:00Z',
    });
    expect(kinds(real, {})).toBe('sending');
    expect(kinds(test, {})).toBe('testing');
    expect(kinds(real, { stopped: true })).toEqual(['stopped']);
    expect(kinds(test, { stopped: true })).toBe('testing');
    expect(kinds({ ...real, espera: WAIT('SENDING_STOPPED') }, {})).toBe('sending');
    expect(kinds({ ...real, estado: 'pausada' }, { dryRun: true })).toBe('idle');
  });

  it('waits with all reasons', () => {
    expect(
      kinds(
        { ...real, espera: WAIT('AUTO_CAMPAIGNS_DISABLED') },
        {
          dryRun: true,
          campaignsOn: false,
          line: 'disconnected',
          schedules: { total: 2, approved: 0 },
          limits: {
            ...LIMITS,
            reach_out: { locked: true, until: null, kind: null },
            new_chats: { ...LIMITS.new_chats, status: 'CAPPED' },
          },
        },
      ),
    ).toEqual(['rehearsalLock', 'campaignsOff', 'notReady', 'reachOut', 'newChats', 'notApproved']);
    expect(kinds(real, { schedules: { total: 0, approved: 0 } })).toEqual(['noSchedule']);
    expect(kinds({ ...real, espera: WAIT('NO_APPROVED_SCHEDULE') }, { schedules: null })).toEqual(['notApproved']);
  });

  it('does not wait for the phone or the lock in a dry run', () => {
    expect(kinds(test, { dryRun: true, line: 'idle' })).toBe('testing');
    expect(kinds(test, { dryRun: true, campaignsOn: false })).toEqual(['campaignsOff']);
  });

  it('uses the server’s reason about the hours', () => {
    const until = '2026-11-30T12:00:00Z';
    expect(standingOf({ ...real, espera: WAIT('OUTSIDE_HOURS', until) }, GOOD)).toEqual({
      kind: 'waiting',
      reasons: [{ kind: 'outsideHours', until }],
    });
    expect(kinds({ ...real, espera: WAIT('DAILY_QUOTA_REACHED', until) }, {})).toEqual(['quota']);
  });

  it('drops a reported reason that was cleared since', () => {
    expect(kinds({ ...real, espera: WAIT('AUTO_CAMPAIGNS_DISABLED') }, {})).toBe('sending');
    expect(kinds({ ...real, espera: WAIT('NO_APPROVED_SCHEDULE') }, {})).toBe('sending');
  });

  it('ignores unknown state', () => {
    expect(kinds(real, UNKNOWN)).toBe('sending');
  });

  // `i18n/codes.test.ts` compares these codes with the server's.
  it.each(Object.keys(es.start.waits))('has a sentence for %s', (codigo) => {
    const standing = standingOf({ ...real, espera: WAIT(codigo) }, { ...GOOD, ...UNKNOWN });
    if (codigo === 'PAUSE') {
      expect(standing.kind).toBe('sending');
      return;
    }
    const [reason, ...others] = standing.kind === 'waiting' ? standing.reasons : [];
    if (!reason) throw new Error(`${codigo} is no reason`);
    expect(others).toEqual([]);
    for (const t of [es, en]) expect(reasonText(t, reason, String)).toMatch(/^\p{Lu}.+\.$/u);
  });
});
