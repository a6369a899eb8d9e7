export type PhoneProblem = 'empty' | 'characters' | 'zero' | 'short' | 'long';

export type PhoneCheck = { ok: true; digits: string } | { ok: false; problem: PhoneProblem };

// E.164 allows 15 digits; the shortest international numbers in use have 8.
const SHORTEST = 8;
const LONGEST = 15;

/** Reads a number in international form, written as people write it: `+54 9 11 5825-4201`. */
export function checkPhone(input: string): PhoneCheck {
  const compact = input
    .replace(/[\s().\-\u2010-\u2015\u2060\u202a-\u202e]/g, '')
    .replace(/^\+/, '');
  if (compact === '') return { ok: false, problem: 'empty' };
  if (!/^\d+$/.test(compact)) return { ok: false, problem: 'characters' };
  // 0 and 00 are how a country dials out; no country code begins with 0.
  if (compact.startsWith('0')) return { ok: false, problem: 'zero' };
  if (compact.length < SHORTEST) return { ok: false, problem: 'short' };
  if (compact.length > LONGEST) return { ok: false, problem: 'long' };
  return { ok: true, digits: compact };
}

/** For reading only: `5491158254201` → `+54 9 11 5825-4201`; other countries whole. */
export function formatPhone(digits: string): string {
  if (!/^\d+$/.test(digits)) return digits;
  const argentineMobile =
    /^549(11)(\d{4})(\d{4})$/.exec(digits) ?? /^549(\d{3})(\d{3})(\d{4})$/.exec(digits);
  if (argentineMobile)
    return `+54 9 ${argentineMobile[1]} ${argentineMobile[2]}-${argentineMobile[3]}`;
  // Where a country code ends takes a table to know: better whole than split wrong.
  return `+${digits}`;
}
