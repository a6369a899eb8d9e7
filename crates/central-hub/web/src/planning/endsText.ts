import type { Dictionary } from '../i18n/es';
import { clockIn, dayName } from '../lib/days';
import { endOf, type FormValues } from './form';

/** Returns `203 people at 50 a day: 5 days, until fri 4/12`; null without a daily quota. */
export function endsText(
  t: Dictionary,
  values: FormValues,
  people: number,
  zone: string,
): string | null {
  const now = clockIn(Date.now(), zone);
  const end = endOf(values, people, now);
  if (!end) return null;
  return t.schedules.form.ends(
    t.campaigns.people(people, people.toLocaleString(t.locale)),
    Number(values.cupo_diario).toLocaleString(t.locale),
    end.days,
    dayName(end.last, now.day, t.locale, t.dates),
  );
}
