// Collects what WhatsApp says about a number: its names, its about text and its picture.

import { BridgeError } from "./errors";
import { bothIds, recipient, tools } from "./lookup";
import { person } from "./people";
import { label, link } from "./text";
import { attempt, serialized } from "./wa";

export interface Contact {
  chat: string;
  phone: string | null;
  lid: string | null;
  name: string | null;
  pushname: string | null;
  about: string | null;
  business: boolean;
  picture_url: string | null;
}

/** The timeout of a query in milliseconds. Each field has its own query; a field that does not
 * arrive in time is left out. */
const PART_MS = 5_000;

function within<T>(read: () => Promise<T> | T): Promise<T | null> {
  const late = new Promise<null>((resolve) => setTimeout(resolve, PART_MS, null));
  return Promise.race([Promise.resolve().then(read), late]).catch(() => null);
}

/** Returns what is known about a number; `null` if the number is not on WhatsApp. */
export async function contact({ to }: { to: string }): Promise<Contact | null> {
  const WPP = tools();
  let wid: any;
  try {
    wid = await recipient(WPP, to);
  } catch (error) {
    if (error instanceof BridgeError && error.code === "NOT_ON_WHATSAPP") return null;
    throw error;
  }
  const chat = serialized(wid);
  const ids = [...new Set([chat, ...bothIds(WPP, chat)])];
  // The page may know a person by number, by LID, or by both.
  const known = ids.map((id) => attempt<any>(() => WPP.whatsapp.ContactStore.get(id), null)).filter(Boolean);
  const first = <T>(read: (contact: any) => T | null | undefined): T | null => {
    for (const one of known) {
      const value = attempt(() => read(one) ?? null, null);
      if (value !== null) return value;
    }
    return null;
  };
  const [about, picture] = await Promise.all([
    within(async () => (await WPP.whatsapp.StatusStore.find(wid))?.status),
    within(() => WPP.contact.getProfilePictureUrl(chat, true)),
  ]);
  const { phone, lid } = person(chat);
  return {
    chat,
    phone,
    lid,
    name: label(first((one) => one.name), 200),
    pushname: label(first((one) => one.pushname), 200),
    about: label(about, 1_000),
    business: Boolean(first((one) => one.isBusiness || null)),
    picture_url: link(picture),
  };
}
