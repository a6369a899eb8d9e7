import type { Dictionary } from '../i18n/es';
import { numberOf } from '../lib/phone';
import type { Fact } from '../ui/Facts';
import type { OneContact } from './types';

/** Returns what is known of a contact: number, own name, opt-out. */
export function factsOf(
  t: Dictionary,
  contact: OneContact,
  moment: (at: string) => string,
): Fact[] {
  const s = t.contacts.detail;
  const { desde_baja: out, nombre_whatsapp: name } = contact;
  const facts: Fact[] = [[s.number, numberOf(contact)]];
  if (name) facts.push([s.calls, name]);
  if (out) facts.push([s.optOut, `${s.optOutBy[out.origen]}, ${moment(out.fecha)}`]);
  return facts;
}
