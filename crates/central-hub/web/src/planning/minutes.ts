// Times of day in minutes.
export const MIDNIGHT = 24 * 60;

/** Parses `09:30` as 570, `24:00` as 1440; null if invalid. */
export function minutes(text: string): number | null {
  const found = /^(\d{2}):(\d{2})(?::00)?$/.exec(text);
  if (!found) return null;
  const total = Number(found[1]) * 60 + Number(found[2]);
  return Number(found[2]) > 59 || total > MIDNIGHT ? null : total;
}
