// From schedules to blocks on a week: hours are the wall clock's in the
// business's zone, so nothing here knows a zone but `now`, which comes in.
import { addDays, weekday, type Day } from '../lib/days';
import { WEEKDAYS, type Schedule } from './types';

export const MIDNIGHT = 24 * 60;

/** A part of one day in which a schedule is open. */
export interface Block {
  schedule: Schedule;
  /** Minutes of the day, `to` not included. */
  from: number;
  to: number;
  /** It began the day before, or ends the day after. */
  cut: 'start' | 'end' | null;
  /** Its place among those that overlap, and of how many. */
  column: number;
  columns: number;
}

export interface WeekDay {
  day: Day;
  blocks: Block[];
}

/** `09:30` is 570; `24:00` is 1440; nonsense is null. */
export function minutes(text: string): number | null {
  const found = /^(\d{2}):(\d{2})(?::00)?$/.exec(text);
  if (!found) return null;
  const total = Number(found[1]) * 60 + Number(found[2]);
  return Number(found[2]) > 59 || total > MIDNIGHT ? null : total;
}

export const clock = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

/** Whether one of its windows begins on this day. */
export function beginsOn(schedule: Schedule, day: Day): boolean {
  const name = WEEKDAYS[weekday(day)];
  return (
    name !== undefined &&
    schedule.dias_semana.includes(name) &&
    (schedule.fecha_inicio === null || schedule.fecha_inicio <= day) &&
    (schedule.fecha_fin === null || day <= schedule.fecha_fin)
  );
}

type Piece = Pick<Block, 'schedule' | 'from' | 'to' | 'cut'>;

/** What of a schedule is on this day: its own window, and the end of yesterday's. */
function piecesOf(schedule: Schedule, day: Day): Piece[] {
  const from = minutes(schedule.hora_inicio);
  const until = minutes(schedule.hora_fin);
  if (from === null || until === null || from === until) return [];
  const overMidnight = until < from;
  const pieces: Piece[] = [];
  if (overMidnight && until > 0 && beginsOn(schedule, addDays(day, -1)))
    pieces.push({ schedule, from: 0, to: until, cut: 'start' });
  if (beginsOn(schedule, day))
    pieces.push({
      schedule,
      from,
      to: overMidnight ? MIDNIGHT : until,
      cut: overMidnight && until > 0 ? 'end' : null,
    });
  return pieces;
}

/** Puts what overlaps side by side: a run of overlapping pieces shares its columns. */
export function sideBySide(pieces: readonly Piece[]): Block[] {
  const sorted = pieces.toSorted(
    (a, b) => a.from - b.from || b.to - a.to || a.schedule.id - b.schedule.id,
  );
  const blocks: Block[] = [];
  let run: Block[] = [];
  let ends: number[] = [];
  const close = () => {
    for (const block of run) block.columns = ends.length;
    blocks.push(...run);
    run = [];
    ends = [];
  };
  for (const piece of sorted) {
    if (run.length > 0 && piece.from >= Math.max(...ends)) close();
    const free = ends.findIndex((end) => end <= piece.from);
    const column = free === -1 ? ends.length : free;
    ends[column] = piece.to;
    run.push({ ...piece, column, columns: 1 });
  }
  close();
  return blocks;
}

/**
 * The seven days from `first` on. What will never be open any more is left
 * out: a campaign that is over opens nothing from `today` on. So is what never
 * was: a schedule opened nothing before the day it was made, which `madeOn` tells.
 */
export function layoutWeek(
  schedules: readonly Schedule[],
  first: Day,
  today: Day,
  madeOn: (schedule: Schedule) => Day = () => first,
): WeekDay[] {
  return WEEKDAYS.map((_, index) => {
    const day = addDays(first, index);
    const open = schedules.filter(
      (schedule) =>
        (schedule.campania_estado !== 'finalizado' || day < today) && madeOn(schedule) <= day,
    );
    return { day, blocks: sideBySide(open.flatMap((schedule) => piecesOf(schedule, day))) };
  });
}

/** Whether a window is over at this moment of the business's clock. */
export const isPast = (day: Day, { to }: Pick<Block, 'to'>, now: { day: Day; minute: number }): boolean =>
  day < now.day || (day === now.day && to <= now.minute);

/** The hours that are shown: the working day, and whatever lies outside of it. */
export function hoursOf(week: readonly WeekDay[]): { first: number; last: number } {
  const blocks = week.flatMap((day) => day.blocks);
  const first = Math.min(8 * 60, ...blocks.map((block) => block.from));
  const last = Math.max(20 * 60, ...blocks.map((block) => block.to));
  return { first: Math.floor(first / 60), last: Math.ceil(last / 60) };
}

/** Where in the hours that are shown a minute is, from 0 to 1; null outside of them. */
export function placeOf(minute: number, hours: { first: number; last: number }): number | null {
  const place = (minute - hours.first * 60) / ((hours.last - hours.first) * 60);
  return place < 0 || place > 1 ? null : place;
}
