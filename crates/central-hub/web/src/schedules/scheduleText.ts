// Texts about a schedule, in the user's language.
import type { Dictionary } from '../i18n/es';
import { dayText } from '../lib/days';
import { WEEKDAYS, type Schedule, type Weekday } from '../planning/types';
import { minutes } from '../planning/minutes';

type About<K extends keyof Schedule> = Pick<Schedule, K>;

export const nameOf = (
  t: Dictionary,
  { campania_nombre, campania_id }: About<'campania_nombre' | 'campania_id'>,
): string => campania_nombre ?? t.schedules.unnamed(campania_id);

export function daysText(t: Dictionary, days: readonly Weekday[]): string {
  const s = t.schedules;
  const has = (day: Weekday) => days.includes(day);
  if (WEEKDAYS.every(has)) return s.everyDay;
  const workdays = WEEKDAYS.slice(0, 5);
  if (days.length === 5 && workdays.every(has)) return s.workdays;
  return WEEKDAYS.filter(has)
    .map((day) => s.weekdaysShort[day])
    .join(', ');
}

export function hoursText(
  t: Dictionary,
  { hora_inicio, hora_fin }: About<'hora_inicio' | 'hora_fin'>,
): string {
  const text = t.schedules.hours(hora_inicio, hora_fin);
  const [from, until] = [minutes(hora_inicio) ?? 0, minutes(hora_fin) ?? 0];
  return until <= from && until > 0 ? `${text} ${t.schedules.nextDay}` : text;
}

export function datesText(
  t: Dictionary,
  { fecha_inicio, fecha_fin }: About<'fecha_inicio' | 'fecha_fin'>,
): string {
  const s = t.schedules;
  const day = (text: string) => dayText(text, t.locale, { dateStyle: 'medium' });
  if (fecha_inicio && fecha_inicio === fecha_fin) return s.only(day(fecha_inicio));
  if (fecha_inicio && fecha_fin) return s.between(day(fecha_inicio), day(fecha_fin));
  if (fecha_inicio) return s.since(day(fecha_inicio));
  if (fecha_fin) return s.until(day(fecha_fin));
  return s.always;
}
