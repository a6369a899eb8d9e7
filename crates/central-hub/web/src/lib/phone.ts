export type PhoneProblem = 'empty' | 'characters';

export type PhoneCheck = { ok: true; written: string } | { ok: false; problem: PhoneProblem };

/**
 * What somebody typed, without what parts digits. Whether it is a number, and of which country,
 * the hub alone knows (`GET /api/phone`): here only what is plainly none is told while typing.
 */
export function checkPhone(input: string): PhoneCheck {
  const written = input.replace(/[\s().\-\u2010-\u2015\p{Cf}]/gu, '');
  if (/^\+?$/.test(written)) return { ok: false, problem: 'empty' };
  if (!/^\+?\d+$/.test(written)) return { ok: false, problem: 'characters' };
  return { ok: true, written };
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
