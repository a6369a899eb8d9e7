/** A calendar day such as `2026-03-31`, without time and zone. */
export type Day = string;

const DAY_MS = 86_400_000;

const toUtc = (day: Day): number => Date.parse(`${day}T00:00:00Z`);
const fromUtc = (millis: number): Day => new Date(millis).toISOString().slice(0, 10);

export const isDay = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(toUtc(text)) && fromUtc(toUtc(text)) === text;

export const addDays = (day: Day, days: number): Day => fromUtc(toUtc(day) + days * DAY_MS);

/** Returns the weekday; 0 is Monday. */
export const weekday = (day: Day): number => (new Date(toUtc(day)).getUTCDay() + 6) % 7;

export const mondayOf = (day: Day): Day => addDays(day, -weekday(day));

/** Cache by language and options: creating a format costs more than formatting a hundred dates. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + JSON.stringify(options);
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.DateTimeFormat(locale, options)));
  return format;
}

const clockOf = (zone: string): Intl.DateTimeFormat =>
  formatOf('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });

/** Returns the local date and time in a zone. */
export function clockIn(at: number, zone: string): { day: Day; minute: number } {
  const parts = clockOf(zone).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes) =>
    parts.find((candidate) => candidate.type === type)?.value ?? '';
  return {
    day: `${part('year')}-${part('month')}-${part('day')}`,
    minute: Number(part('hour')) * 60 + Number(part('minute')),
  };
}

export function dayText(day: Day, locale: string, options: Intl.DateTimeFormatOptions): string {
  if (!isDay(day)) return day;
  return formatOf(locale, { timeZone: 'UTC', ...options }).format(toUtc(day));
}

/** Formats a range: `23 – 29 nov 2026`. */
export const rangeText = (from: Day, to: Day, locale: string): string =>
  new Intl.DateTimeFormat(locale, {
    timeZone: 'UTC',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
  }).formatRange(toUtc(from), toUtc(to));

/** Formats a timestamp as local time in a zone: `09:30`. */
export const clockText = (at: string, zone: string, locale: string): string =>
  formatOf(locale, {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(Date.parse(at));

/** A language's words for the days near today, and its month format. */
export interface DayWords {
  today: string;
  yesterday: string;
  tomorrow: string;
  month: 'numeric' | 'short';
}

/** Formats a day: `lun 30/11`, `lun 30/11/25` in another year, `hoy` and the like near today. */
export function dayName(day: Day, today: Day, locale: string, words: DayWords): string {
  if (day === today) return words.today;
  if (day === addDays(today, -1)) return words.yesterday;
  if (day === addDays(today, 1)) return words.tomorrow;
  const week = dayText(day, locale, { weekday: 'short' }).replace('.', '');
  const otherYear = day.slice(0, 4) !== today.slice(0, 4);
  const date = dayText(day, locale, {
    day: 'numeric',
    month: words.month,
    ...(otherYear ? { year: '2-digit' } : {}),
  });
  return `${week} ${date}`;
}

/** Returns the day of a timestamp, and today, in a zone; null if the text is not a timestamp. */
function daysOf(at: string, now: number, zone: string): { day: Day; today: Day } | null {
  const time = Date.parse(at);
  return Number.isNaN(time) ? null : { day: clockIn(time, zone).day, today: clockIn(now, zone).day };
}

/** Formats a timestamp in a zone: `hoy 08:05`, `ayer 23:10`, `lun 30/11 09:00`. */
export function timestampText(
  at: string,
  now: number,
  zone: string,
  locale: string,
  words: DayWords,
): string {
  const days = daysOf(at, now, zone);
  if (!days) return at;
  return `${dayName(days.day, days.today, locale, words)} ${clockText(at, zone, locale)}`;
}

/** Formats the day of a timestamp in a zone: `hoy`, `lun 30/11`. */
export function dayOfTimestampText(
  at: string,
  now: number,
  zone: string,
  locale: string,
  words: DayWords,
): string {
  const days = daysOf(at, now, zone);
  return days ? dayName(days.day, days.today, locale, words) : at;
}

/** Formats a timestamp briefly: `08:05` today, otherwise only the day. */
export function shortTimestampText(
  at: string,
  now: number,
  zone: string,
  locale: string,
  words: DayWords,
): string {
  const days = daysOf(at, now, zone);
  if (!days) return at;
  const { day, today } = days;
  return day === today ? clockText(at, zone, locale) : dayName(day, today, locale, words);
}

/** Returns the city of a zone: `Buenos Aires` for `America/Argentina/Buenos_Aires`. */
export const cityOf = (zone: string): string => (zone.split('/').at(-1) ?? zone).replaceAll('_', ' ');
