export type PhoneProblem = 'empty' | 'characters';

export type PhoneCheck = { ok: true; written: string } | { ok: false; problem: PhoneProblem };

/**
 * Removes separators from a typed number, and reports obvious errors. Only the hub knows whether
 * the number is valid, and its country (`GET /api/phone`).
 */
export function checkPhone(input: string): PhoneCheck {
  const written = input.replace(/[\s().\-\u2010-\u2015\p{Cf}]/gu, '');
  if (/^\+?$/.test(written)) return { ok: false, problem: 'empty' };
  if (!/^\+?\d+$/.test(written)) return { ok: false, problem: 'characters' };
  return { ok: true, written };
}

/**
 * Formats a number for display: `5491158254201` → `+54 9 11 5825-4201`. Numbers of other
 * countries are not grouped.
 */
export function formatPhone(digits: string): string {
  if (!/^\d+$/.test(digits)) return digits;
  const argentineMobile =
    /^549(11)(\d{4})(\d{4})$/.exec(digits) ?? /^549(\d{3})(\d{3})(\d{4})$/.exec(digits);
  if (argentineMobile)
    return `+54 9 ${argentineMobile[1]} ${argentineMobile[2]}-${argentineMobile[3]}`;
  // Separating the country code would need a table of country codes.
  return `+${digits}`;
}

/** Formats a contact's number for display; without a number, returns the LID. */
export const numberOf = ({ telefono, chat }: { telefono: string | null; chat: string }): string =>
  telefono ? formatPhone(telefono) : chat;
