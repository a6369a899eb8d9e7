// The form values of a schedule, and their validation.
import { addDays, isDay, weekday, type Day } from '../lib/days';
import { MIDNIGHT, minutes } from './minutes';
import { WEEKDAYS, type Schedule, type ScheduleRequest, type Weekday } from './types';

export interface FormValues {
  campania_id: number | null;
  dias_semana: Weekday[];
  hora_inicio: string;
  /** `00:00` is midnight at the end of the day. */
  hora_fin: string;
  /** Empty numeric fields are empty strings. */
  cupo_diario: number | string;
  fecha_inicio: string;
  fecha_fin: string;
  pausa_min_s: number | string;
  pausa_max_s: number | string;
  comentario: string;
}

export type FormProblem =
  | 'campaign'
  | 'days'
  | 'time'
  | 'sameTime'
  | 'quota'
  | 'date'
  | 'datesReversed'
  | 'pause'
  | 'pauseReversed'
  | 'comment';

export type FormProblems = Partial<Record<keyof FormValues, FormProblem>>;

export const MAX_COMMENT_LENGTH = 1000;
const MAX_QUOTA = 100_000;
const MAX_PAUSE_S = 24 * 3600;

export const newValues = (campaign: number | null = null): FormValues => ({
  campania_id: campaign,
  dias_semana: ['mon', 'tue', 'wed', 'thu', 'fri'],
  hora_inicio: '09:00',
  hora_fin: '18:00',
  cupo_diario: 50,
  fecha_inicio: '',
  fecha_fin: '',
  pausa_min_s: 30,
  pausa_max_s: 90,
  comentario: '',
});

/** Converts 24:00, which a time input does not support. */
const inputTime = (hour: string): string => (hour === '24:00' ? '00:00' : hour);

export const valuesOf = (schedule: Schedule): FormValues => ({
  campania_id: schedule.campania_id,
  dias_semana: schedule.dias_semana,
  hora_inicio: schedule.hora_inicio,
  hora_fin: inputTime(schedule.hora_fin),
  cupo_diario: schedule.cupo_diario ?? '',
  fecha_inicio: schedule.fecha_inicio ?? '',
  fecha_fin: schedule.fecha_fin ?? '',
  pausa_min_s: schedule.pausa_min_s,
  pausa_max_s: schedule.pausa_max_s,
  comentario: schedule.comentario ?? '',
});

const within = (value: number | string, least: number, most: number): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;

export function checkForm(values: FormValues): FormProblems {
  const problems: FormProblems = {};
  if (values.campania_id === null) problems.campania_id = 'campaign';
  if (values.dias_semana.length === 0) problems.dias_semana = 'days';
  const from = minutes(values.hora_inicio);
  const until = minutes(values.hora_fin);
  if (from === null) problems.hora_inicio = 'time';
  if (until === null) problems.hora_fin = 'time';
  else if (from === until && until !== 0) problems.hora_fin = 'sameTime';
  if (!within(values.cupo_diario, 1, MAX_QUOTA)) problems.cupo_diario = 'quota';
  for (const field of ['fecha_inicio', 'fecha_fin'] as const) {
    if (values[field] !== '' && !isDay(values[field])) problems[field] = 'date';
  }
  const { fecha_inicio: first, fecha_fin: last } = values;
  if (!problems.fecha_inicio && !problems.fecha_fin && first && last && last < first)
    problems.fecha_fin = 'datesReversed';
  for (const field of ['pausa_min_s', 'pausa_max_s'] as const) {
    if (!within(values[field], 0, MAX_PAUSE_S)) problems[field] = 'pause';
  }
  const { pausa_min_s: least, pausa_max_s: most } = values;
  if (!problems.pausa_min_s && !problems.pausa_max_s && Number(least) > Number(most))
    problems.pausa_max_s = 'pauseReversed';
  if ([...values.comentario.trim()].length > MAX_COMMENT_LENGTH) problems.comentario = 'comment';
  return problems;
}

/** Builds the request from valid values. */
export const requestOf = (values: FormValues): ScheduleRequest => ({
  campania_id: values.campania_id ?? 0,
  dias_semana: values.dias_semana,
  hora_inicio: values.hora_inicio,
  // Midnight ends the day on which the window begins.
  hora_fin: values.hora_fin === '00:00' ? '24:00' : values.hora_fin,
  cupo_diario: Number(values.cupo_diario),
  fecha_inicio: values.fecha_inicio,
  fecha_fin: values.fecha_fin,
  pausa_min_s: Number(values.pausa_min_s),
  pausa_max_s: Number(values.pausa_max_s),
  comentario: values.comentario,
});

/** Returns the window's length in minutes, and whether it spans midnight. */
export function lengthOf(values: FormValues): { length: number; overMidnight: boolean } | null {
  const from = minutes(values.hora_inicio);
  const endMinute = minutes(values.hora_fin);
  if (from === null || endMinute === null) return null;
  const until = endMinute === 0 ? MIDNIGHT : endMinute;
  if (from === until) return null;
  return until > from
    ? { length: until - from, overMidnight: false }
    : { length: until + MIDNIGHT - from, overMidnight: true };
}

/**
 * Returns how many messages fit into the window at the average pause; null
 * without a pause.
 */
export function messagesThatFit(values: FormValues): number | null {
  const window = lengthOf(values);
  const average = (Number(values.pausa_min_s) + Number(values.pausa_max_s)) / 2;
  if (!window || !(average > 0)) return null;
  return Math.floor((window.length * 60) / average);
}

/** Maximum length of the forecast in days. */
const MAX_FORECAST_DAYS = 400;

/**
 * Returns the day of the last message to `people` recipients, and the number
 * of sending days; null if these cannot be determined, or if the schedule ends
 * earlier.
 */
export function endOf(
  values: FormValues,
  people: number,
  now: { day: Day; minute: number },
): { days: number; last: Day } | null {
  const window = lengthOf(values);
  const until = minutes(values.hora_fin);
  const quota = Math.min(Number(values.cupo_diario), messagesThatFit(values) ?? Infinity);
  if (!window || until === null || !(quota >= 1) || people < 1) return null;
  const needed = Math.ceil(people / quota);
  const ended = !window.overMidnight && until !== 0 && until <= now.minute;
  let days = 0;
  for (let ahead = ended ? 1 : 0; ahead < MAX_FORECAST_DAYS; ahead += 1) {
    const day = addDays(now.day, ahead);
    const name = WEEKDAYS[weekday(day)];
    if (name === undefined || !values.dias_semana.includes(name)) continue;
    if (values.fecha_inicio !== '' && day < values.fecha_inicio) continue;
    if (values.fecha_fin !== '' && day > values.fecha_fin) return null;
    days += 1;
    if (days === needed) return { days, last: day };
  }
  return null;
}
