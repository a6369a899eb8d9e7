import { describe, expect, it } from 'vitest';

import { checkForm, endOf, messagesThatFit, lengthOf, newValues, requestOf, valuesOf, type FormValues } from './form';
import type { Schedule } from './types';

const good = (changes: Partial<FormValues> = {}): FormValues => ({ ...newValues(7), ...changes });

describe('form values', () => {
  it('have the same defaults as the hub', () => {
    expect(checkForm(good())).toEqual({});
    expect(requestOf(good())).toMatchObject({
      campania_id: 7,
      cupo_diario: 50,
      pausa_min_s: 30,
      pausa_max_s: 90,
      fecha_inicio: '',
    });
    expect(checkForm(newValues())).toEqual({ campania_id: 'campaign' });
  });

  it.each<[Partial<FormValues>, object]>([
    [{ dias_semana: [] }, { dias_semana: 'days' }],
    [{ hora_inicio: '' }, { hora_inicio: 'time' }],
    [{ hora_fin: '25:00' }, { hora_fin: 'time' }],
    [{ hora_fin: '09:00' }, { hora_fin: 'sameTime' }],
    [{ hora_inicio: '00:00', hora_fin: '00:00' }, {}],
    [{ cupo_diario: 0 }, { cupo_diario: 'quota' }],
    [{ cupo_diario: '' }, { cupo_diario: 'quota' }],
    [{ cupo_diario: 1.5 }, { cupo_diario: 'quota' }],
    [{ fecha_inicio: '2026-02-30' }, { fecha_inicio: 'date' }],
    [{ fecha_inicio: '2026-03-02', fecha_fin: '2026-03-01' }, { fecha_fin: 'datesReversed' }],
    [{ fecha_inicio: '2026-03-01', fecha_fin: '2026-03-01' }, {}],
    [{ pausa_min_s: 91 }, { pausa_max_s: 'pauseReversed' }],
    [{ pausa_max_s: 86_401 }, { pausa_max_s: 'pause' }],
    [{ pausa_min_s: 0, pausa_max_s: 0 }, {}],
    [{ comentario: 'ñ'.repeat(1000) }, {}],
    [{ comentario: 'ñ'.repeat(1001) }, { comentario: 'comment' }],
  ])('%j gives %j', (changes, problems) => expect(checkForm(good(changes))).toEqual(problems));

  it('treat 00:00 as midnight at the end of the day', () => {
    expect(requestOf(good({ hora_fin: '00:00' })).hora_fin).toBe('24:00');
    const stored = { ...requestOf(good({ hora_fin: '00:00' })), id: 1 } as unknown as Schedule;
    expect(valuesOf(stored).hora_fin).toBe('00:00');
  });
});

describe('a window', () => {
  it('may end on the next day', () => {
    expect(lengthOf(good())).toEqual({ length: 540, overMidnight: false });
    const night = good({ hora_inicio: '22:00', hora_fin: '02:00' });
    expect(lengthOf(night)).toEqual({ length: 240, overMidnight: true });
    const late = good({ hora_inicio: '22:00', hora_fin: '00:00' });
    expect(lengthOf(late)).toEqual({ length: 120, overMidnight: false });
    expect(lengthOf(good({ hora_inicio: '00:00', hora_fin: '00:00' }))?.length).toBe(1440);
    expect(lengthOf(good({ hora_fin: '' }))).toBeNull();
  });

  it('has room for a number of messages', () => {
    expect(messagesThatFit(good())).toBe(540);
    expect(messagesThatFit(good({ pausa_min_s: 0, pausa_max_s: 0 }))).toBeNull();
    expect(messagesThatFit(good({ pausa_min_s: '' }))).toBe(720);
  });
});

describe('the day of the last message', () => {
  // A Sunday.
  const now = { day: '2026-11-29', minute: 10 * 60 };

  it('is a number of sending days later', () => {
    expect(endOf(good(), 203, now)).toEqual({ days: 5, last: '2026-12-04' });
    expect(endOf(good(), 50, now)).toEqual({ days: 1, last: '2026-11-30' });
    expect(endOf(good({ dias_semana: ['wed'] }), 51, now)).toEqual({ days: 2, last: '2026-12-09' });
  });

  it('includes today if its window is not over', () => {
    const daily = good({ dias_semana: ['sun', 'mon'] });
    expect(endOf(daily, 10, now)?.last).toBe('2026-11-29');
    expect(endOf(daily, 10, { ...now, minute: 18 * 60 })?.last).toBe('2026-11-30');
  });

  it('depends on the pace if that is slower than the quota', () => {
    // 9 hours at 90 s: 360 per day.
    const slow = good({ cupo_diario: 1000, pausa_min_s: 90, pausa_max_s: 90 });
    expect(endOf(slow, 361, now)?.days).toBe(2);
  });

  it('is unknown if the schedule ends earlier or has no quota', () => {
    expect(endOf(good({ fecha_fin: '2026-12-01' }), 203, now)).toBeNull();
    expect(endOf(good({ dias_semana: [] }), 203, now)).toBeNull();
    expect(endOf(good({ cupo_diario: '' }), 203, now)).toBeNull();
    expect(endOf(good(), 0, now)).toBeNull();
  });
});
