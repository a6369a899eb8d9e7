import { actorOf } from '../api/actor';
import type { Me } from '../api/types';
import type { Dictionary } from '../i18n/es';
import { numberOf } from '../lib/phone';
import type { Fact } from '../ui/Facts';
import type { ContactDetails } from './types';

/** Returns what is known of a contact: number, own name, opt-out. */
export function factsOf(
  t: Dictionary,
  contact: ContactDetails,
  me: Me,
  formatTime: (at: string) => string,
): Fact[] {
  const s = t.contacts.detail;
  const { desde_baja: out, nombre_whatsapp: name } = contact;
  const facts: Fact[] = [[s.number, numberOf(contact)]];
  if (name) facts.push([s.calls, name]);
  if (out) {
    const how = out.origen === 'mensaje' ? t.optOuts.asked(null) : t.optOuts.addedBy(actorOf(me, out.por));
    facts.push([s.optOut, `${how}, ${formatTime(out.fecha)}`]);
  }
  return facts;
}
