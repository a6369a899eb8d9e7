// Finds a person's ids, number and LID, as far as the page knows both.

import { attempt, serialized, wpp } from "./wa";

export interface Person {
  /** The number, in digits only. */
  phone: string | null;
  /** `…@lid`. */
  lid: string | null;
}

const digits = (id: string): string => id.split("@")[0]!.split(":")[0]!;

/** Returns the person with this id; an empty result for a group's id. */
export function person(id: string): Person {
  const WPP = wpp();
  const wid = attempt<any>(() => WPP.whatsapp.WidFactory.createWid(id), null);
  if (!wid || id.endsWith("@g.us")) return { phone: null, lid: null };
  const cache = WPP?.whatsapp?.lidPnCache;
  if (id.endsWith("@lid")) {
    const phone = serialized(attempt(() => cache.getPhoneNumber(wid), null));
    return { phone: phone ? digits(phone) : null, lid: id };
  }
  return { phone: digits(id), lid: serialized(attempt(() => cache.getCurrentLid(wid), null)) || null };
}
