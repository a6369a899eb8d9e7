// Lays out schedules as blocks in a week. Hours are local to the business's
// zone, so only `now`, which the caller passes, depends on a zone.
import { addDays, weekday, type Day } from '../lib/days';
import { MIDNIGHT, minutes } from '../planning/minutes';
import { WEEKDAYS, type Schedule } from '../planning/types';

/** A part of a day in which a schedule is open. */
export interface Block {
  schedule: Schedule;
  /** Minutes of the day; `to` is exclusive. */
  from: number;
  to: number;
  /** Whether the block began on the day before, or ends on the day after. */
  cut: 'start' | 'end' | null;
  /** Index of the block's column among overlapping blocks, and the number of columns. */
  column: number;
  columns: number;
}

export interface WeekDay {
  day: Day;
  blocks: Block[];
}

export const clock = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

/** Returns whether a window of the schedule begins on this day. */
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

/**
 * Returns the parts of a schedule on a day: the day's own window, and the end of
 * the previous day's window.
 */
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

/** Lays out overlapping pieces side by side; a connected group shares its columns. */
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
 * Lays out the seven days from `first`. Omits windows that will never open: a
 * finished campaign opens nothing from `today` on. Also omits days before a
 * schedule was created, according to `createdOn`.
 */
export function layoutWeek(
  schedules: readonly Schedule[],
  first: Day,
  today: Day,
  createdOn: (schedule: Schedule) => Day = () => first,
): WeekDay[] {
  return WEEKDAYS.map((_, index) => {
    const day = addDays(first, index);
    const open = schedules.filter(
      (schedule) =>
        (schedule.campania_estado !== 'finalizado' || day < today) && createdOn(schedule) <= day,
    );
    return { day, blocks: sideBySide(open.flatMap((schedule) => piecesOf(schedule, day))) };
  });
}

/** Returns whether a window is over, in the business's local time. */
export const isPast = (day: Day, { to }: Pick<Block, 'to'>, now: { day: Day; minute: number }): boolean =>
  day < now.day || (day === now.day && to <= now.minute);

/** Returns the displayed hours: the working day, extended by windows outside it. */
export function hoursOf(week: readonly WeekDay[]): { first: number; last: number } {
  const blocks = week.flatMap((day) => day.blocks);
  const first = Math.min(8 * 60, ...blocks.map((block) => block.from));
  const last = Math.max(20 * 60, ...blocks.map((block) => block.to));
  return { first: Math.floor(first / 60), last: Math.ceil(last / 60) };
}

/**
 * Returns the position of a minute within the displayed hours, from 0 to 1; null
 * outside.
 */
export function placeOf(minute: number, hours: { first: number; last: number }): number | null {
  const place = (minute - hours.first * 60) / ((hours.last - hours.first) * 60);
  return place < 0 || place > 1 ? null : place;
}
