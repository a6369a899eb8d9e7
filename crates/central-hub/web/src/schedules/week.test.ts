import { describe, expect, it } from 'vitest';

import { addDays, isDay, mondayOf, clockIn, weekday } from '../lib/days';
import type { Schedule } from '../planning/types';
import { MIDNIGHT, minutes } from '../planning/minutes';
import { clock, hoursOf, isPast, layoutWeek, placeOf, sideBySide } from './week';

// 2026-11-23 is a Monday.
const MONDAY = '2026-11-23';

let count = 0;
function schedule(changes: Partial<Schedule> = {}): Schedule {
  count += 1;
  return {
    id: count,
    campania_id: 1,
    campania_nombre: 'Marzo',
    campania_estado: 'en_progreso',
    cliente_id: null,
    dias_semana: ['mon', 'wed', 'fri'],
    hora_inicio: '09:00',
    hora_fin: '18:00',
    cupo_diario: 50,
    fecha_inicio: null,
    fecha_fin: null,
    pausa_min_s: 30,
    pausa_max_s: 90,
    comentario: null,
    estado: 'aprobada',
    motivo: null,
    fecha: '2026-11-01T00:00:00.000Z',
    actualizado: '2026-11-01T00:00:00.000Z',
    ...changes,
  };
}

/** Formats each block as `23 09:00-18:00 0/1`. */
function formatBlocks(all: Schedule[], monday = MONDAY, today = MONDAY): string[] {
  return layoutWeek(all, monday, today).flatMap(({ day, blocks }) =>
    blocks.map(
      ({ from, to, cut, column, columns }) =>
        `${day.slice(8)} ${clock(from)}-${clock(to)}${cut ? ` ${cut}` : ''} ${column}/${columns}`,
    ),
  );
}

describe('days', () => {
  it('count through months and years', () => {
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(addDays('2028-03-01', -1)).toBe('2028-02-29');
    expect(weekday(MONDAY)).toBe(0);
    expect(weekday('2026-11-29')).toBe(6);
    expect(mondayOf('2026-11-29')).toBe(MONDAY);
    expect(mondayOf(MONDAY)).toBe(MONDAY);
    expect(mondayOf('2027-01-01')).toBe('2026-12-28');
  });

  it('are rejected if malformed', () => {
    expect(isDay('2026-02-28')).toBe(true);
    for (const bad of ['2026-02-30', '2026-2-3', 'hoy', '', '2026-11-23T00:00']) {
      expect(isDay(bad)).toBe(false);
    }
  });

  it('are in the business’s zone, not the browser’s', () => {
    const at = Date.parse('2026-11-24T02:30:00Z');
    expect(clockIn(at, 'America/Argentina/Buenos_Aires')).toEqual({
      day: MONDAY,
      minute: 23 * 60 + 30,
    });
    expect(clockIn(at, 'UTC')).toEqual({ day: '2026-11-24', minute: 150 });
    // Midnight is 00:00, not 24:00.
    const midnight = Date.parse('2026-11-24T03:00:00Z');
    expect(clockIn(midnight, 'America/Argentina/Buenos_Aires').minute).toBe(0);
    // Madrid's daylight saving time ends on 2026-10-25 at 03:00.
    expect(clockIn(Date.parse('2026-10-25T00:30:00Z'), 'Europe/Madrid').minute).toBe(150);
    expect(clockIn(Date.parse('2026-10-25T01:30:00Z'), 'Europe/Madrid').minute).toBe(150);
  });
});

describe('minutes', () => {
  it.each([
    ['00:00', 0],
    ['09:30', 570],
    ['09:30:00', 570],
    ['24:00', 1440],
    ['24:01', null],
    ['9:30', null],
    ['09:60', null],
    ['', null],
  ])('%j is %j', (text, expected) => expect(minutes(text)).toBe(expected));
});

describe('the week', () => {
  it('has the windows of the weekdays', () => {
    expect(formatBlocks([schedule()])).toEqual([
      '23 09:00-18:00 0/1',
      '25 09:00-18:00 0/1',
      '27 09:00-18:00 0/1',
    ]);
    expect(layoutWeek([], MONDAY, MONDAY).map(({ day }) => day)).toEqual([
      '2026-11-23',
      '2026-11-24',
      '2026-11-25',
      '2026-11-26',
      '2026-11-27',
      '2026-11-28',
      '2026-11-29',
    ]);
  });

  it('respects the start and end dates', () => {
    const dated = schedule({ fecha_inicio: '2026-11-25', fecha_fin: '2026-11-26' });
    expect(formatBlocks([dated])).toEqual(['25 09:00-18:00 0/1']);
    expect(formatBlocks([dated], addDays(MONDAY, 7))).toEqual([]);
    expect(formatBlocks([schedule({ fecha_inicio: '2026-11-30' })])).toEqual([]);
  });

  it('continues windows over midnight, including from the Sunday before', () => {
    const night = schedule({ dias_semana: ['sun'], hora_inicio: '22:00', hora_fin: '02:00' });
    expect(formatBlocks([night])).toEqual(['23 00:00-02:00 start 0/1', '29 22:00-24:00 end 0/1']);
    // The last window begins on the last day and ends on the next.
    const last = { ...night, fecha_fin: '2026-11-22' };
    expect(formatBlocks([last])).toEqual(['23 00:00-02:00 start 0/1']);
    const first = { ...night, fecha_inicio: MONDAY };
    expect(formatBlocks([first])).toEqual(['29 22:00-24:00 end 0/1']);
    // Both notations of midnight at the end of the day.
    for (const hora_fin of ['00:00', '24:00']) {
      expect(formatBlocks([{ ...night, hora_fin }])).toEqual(['29 22:00-24:00 0/1']);
    }
    const all = schedule({ dias_semana: ['tue'], hora_inicio: '00:00', hora_fin: '24:00' });
    expect(formatBlocks([all])).toEqual(['24 00:00-24:00 0/1']);
  });

  it('omits schedules with invalid hours', () => {
    expect(formatBlocks([schedule({ hora_inicio: '09:00', hora_fin: '09:00' })])).toEqual([]);
    expect(formatBlocks([schedule({ hora_inicio: 'x' })])).toEqual([]);
  });

  it('shows the past windows of a finished campaign, and no upcoming ones', () => {
    const over = schedule({ campania_estado: 'finalizado' });
    expect(formatBlocks([over], MONDAY, '2026-11-25')).toEqual(['23 09:00-18:00 0/1']);
  });
});

describe('overlapping windows', () => {
  const piece = (from: number, to: number) => ({
    schedule: schedule(),
    from: from * 60,
    to: to * 60,
    cut: null,
  });
  const columns = (...pieces: [number, number][]) =>
    sideBySide(pieces.map(([from, to]) => piece(from, to))).map(
      ({ from, column, columns: all }) => `${from / 60}:${column}/${all}`,
    );

  it('are side by side', () => {
    expect(columns([9, 18], [9, 12], [10, 11])).toEqual(['9:0/3', '9:1/3', '10:2/3']);
  });

  it('reuse a free column', () => {
    expect(columns([9, 18], [9, 11], [11, 13], [12, 14])).toEqual([
      '9:0/3',
      '9:1/3',
      '11:1/3',
      '12:2/3',
    ]);
  });

  it('leave adjacent windows at full width', () => {
    expect(columns([9, 12], [12, 15])).toEqual(['9:0/1', '12:0/1']);
    expect(columns([9, 12], [10, 11], [12, 15])).toEqual(['9:0/2', '10:1/2', '12:0/1']);
  });

  it('never put two windows in one column at the same time', () => {
    for (let round = 0; round < 200; round += 1) {
      const random = (most: number) => Math.floor(Math.random() * most);
      const pieces = Array.from({ length: random(12) }, () => {
        const from = random(1400);
        return { schedule: schedule(), from, to: from + 1 + random(1440 - from), cut: null };
      });
      const blocks = sideBySide(pieces);
      expect(blocks).toHaveLength(pieces.length);
      for (const a of blocks) {
        expect(a.column).toBeLessThan(a.columns);
        for (const b of blocks) {
          if (a === b || a.to <= b.from || b.to <= a.from) continue;
          expect(a.columns).toBe(b.columns);
          expect(a.column).not.toBe(b.column);
        }
      }
    }
  });
});

describe('the hours', () => {
  it('cover the working day and windows outside it', () => {
    const hours = (...all: Schedule[]) => hoursOf(layoutWeek(all, MONDAY, MONDAY));
    expect(hours()).toEqual({ first: 8, last: 20 });
    expect(hours(schedule({ hora_inicio: '07:30', hora_fin: '20:15' }))).toEqual({
      first: 7,
      last: 21,
    });
    expect(hours(schedule({ hora_inicio: '22:00', hora_fin: '02:00' }))).toEqual({
      first: 0,
      last: 24,
    });
  });

  it('have a position for the present time', () => {
    const hours = { first: 8, last: 20 };
    expect(placeOf(14 * 60, hours)).toBe(0.5);
    expect(placeOf(8 * 60, hours)).toBe(0);
    expect(placeOf(7 * 60, hours)).toBeNull();
    expect(placeOf(21 * 60, hours)).toBeNull();
  });
});

describe('past windows', () => {
  const now = { day: '2026-11-25', minute: 12 * 60 };

  it('are those whose end is reached', () => {
    expect(isPast('2026-11-24', { to: MIDNIGHT }, now)).toBe(true);
    expect(isPast('2026-11-25', { to: 12 * 60 }, now)).toBe(true);
    expect(isPast('2026-11-25', { to: 12 * 60 + 1 }, now)).toBe(false);
    expect(isPast('2026-11-26', { to: 60 }, now)).toBe(false);
  });

  it('exclude days before the schedule was created', () => {
    const one = schedule({ dias_semana: ['mon', 'tue', 'wed', 'thu', 'fri'] });
    const days = layoutWeek([one], MONDAY, '2026-11-29', () => '2026-11-26');
    expect(days.map(({ blocks }) => blocks.length)).toEqual([0, 0, 0, 1, 1, 0, 0]);
  });

  it('can be shown from any day of the week', () => {
    const one = schedule({ dias_semana: ['mon'] });
    const days = layoutWeek([one], '2026-11-29', '2026-11-29');
    expect(days.map(({ day, blocks }) => [day.slice(8), blocks.length])).toEqual([
      ['29', 0],
      ['30', 1],
      ['01', 0],
      ['02', 0],
      ['03', 0],
      ['04', 0],
      ['05', 0],
    ]);
  });
});
