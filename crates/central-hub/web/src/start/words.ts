import type { Dictionary } from '../i18n/es';
import { clockIn, clockText, dayText } from '../lib/days';

const find = (table: Readonly<Record<string, string>>, code: string): string | undefined =>
  Object.hasOwn(table, code) ? table[code] : undefined;

/** Why a campaign is paused: in words, with what a person wrote. */
export function whyPaused(t: Dictionary, code: string, detail: string | null): string {
  const known = find(t.start.pauses, code);
  if (known === undefined) return detail ?? code;
  return code === 'PAUSED_BY_PERSON' && detail ? `${known} ${detail}` : known;
}

export const whatFor = (t: Dictionary, code: string): string => find(t.start.waits, code) ?? code;

/** `14:30` of today, `vie 27, 14:30` of another day; as clocks there show it. */
export function momentText(at: string, now: number, zone: string, locale: string): string {
  const time = clockText(at, zone, locale);
  const { day } = clockIn(Date.parse(at), zone);
  if (day === clockIn(now, zone).day) return time;
  const far = Math.abs(Date.parse(at) - now) > 6 * 86_400_000;
  const date = dayText(day, locale, {
    weekday: 'short',
    day: 'numeric',
    ...(far ? { month: 'short' } : {}),
  });
  return `${date}, ${time}`;
}
