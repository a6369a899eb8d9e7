/** Returns the time until `deadline` in whole seconds, rounded up; never negative. */
export function secondsLeft(deadline: number, now: number): number {
  return Math.max(0, Math.ceil((deadline - now) / 1000));
}

/** Formats a countdown: `4:05`. */
export function minutesAndSeconds(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Returns the remaining fraction of `lifeMs` before `deadline`, from 1 to 0. */
export function fractionLeft(deadline: number, lifeMs: number, now: number): number {
  if (lifeMs <= 0) return 0;
  return Math.min(1, Math.max(0, (deadline - now) / lifeMs));
}

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** Formats a relative time such as `hace 5 minutos`; `null` under a minute. */
export function relative(at: string, nowMs: number, locale: string): string | null {
  const seconds = (Date.parse(at) - nowMs) / 1000;
  if (Number.isNaN(seconds)) return null;
  for (const [unit, size] of UNITS) {
    const amount = Math.trunc(seconds / size);
    if (amount !== 0)
      return new Intl.RelativeTimeFormat(locale, { numeric: 'always' }).format(amount, unit);
  }
  return null;
}
