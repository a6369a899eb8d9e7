// Looks up people, chats and messages.

import { BridgeError, toBridgeError } from "./errors";
import { attempt, pageModule, serialized, wpp } from "./wa";

/** Timeout in milliseconds for each id that a message can have, shorter than the service's own. */
const LOOK_UP_MS = 2_000;
/** Timeout of a server query for a number, in milliseconds. */
const QUERY_MS = 15_000;
/** How long a positive lookup of a number is cached, in milliseconds. */
const EXISTS_MS = 300_000;

export function connected(): boolean {
  return attempt(() => pageModule("WAWebSocketModel").Socket.state === "CONNECTED", false);
}

/** Returns wa-js if the page can send; throws otherwise. */
export function tools(): any {
  const WPP = wpp();
  if (!WPP || !connected()) throw new BridgeError("NOT_READY", "the page is not connected");
  return WPP;
}

/** The cache of numbers on WhatsApp: the server's id of each, and when the entry expires. */
const existing = new Map<string, { wid: any; until: number }>();

/** Returns the number as WhatsApp's server knows it; `null` if it is not on WhatsApp. Does not
 * use wa-js's own query, which trusts the phone's saved contacts and cannot tell an unknown
 * number from a lost network. */
async function queryServer(WPP: any, wid: any): Promise<any> {
  const query = attempt<any>(() => WPP.whatsapp.functions.queryWidExists, null);
  if (typeof query !== "function") {
    const known = await Promise.resolve(attempt<any>(() => WPP.contact.queryWidExists(wid), null)).catch(() => null);
    if (known?.wid) return known.wid;
    throw new BridgeError("FAILED", "this page cannot look a number up: nothing was sent");
  }
  const lost = (): BridgeError =>
    connected()
      ? new BridgeError("FAILED", "the number could not be looked up: nothing was sent")
      : new BridgeError("CONNECTION_LOST", "the connection was lost while the number was looked up: nothing was sent");
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer")), QUERY_MS);
  });
  const answer: any = await Promise.race([Promise.resolve().then(() => query(wid)), late])
    .catch(() => {
      throw lost();
    })
    .finally(() => clearTimeout(timer));
  if (!answer?.wid && !connected()) throw lost();
  return answer?.wid ?? null;
}

const nobody = (): BridgeError => new BridgeError("NOT_ON_WHATSAPP", "the number has no WhatsApp");

export async function recipient(WPP: any, to: string): Promise<any> {
  const wid = WPP.whatsapp.WidFactory.createWid(to);
  // A number whose LID the page knows is on WhatsApp.
  if (to.endsWith("@lid") || bothIds(WPP, to).length > 1) return wid;
  const known = existing.get(to);
  if (known && Date.now() < known.until) return known.wid;
  existing.delete(to);
  const found = await queryServer(WPP, wid);
  if (!found) throw nobody();
  if (existing.size > 1_000) existing.delete(existing.keys().next().value!);
  existing.set(to, { wid: found, until: Date.now() + EXISTS_MS });
  return found;
}

/** Returns the id of the recipient's chat, by number or by LID, as the page addresses it now. */
export async function chatOf(WPP: any, wid: any): Promise<string> {
  try {
    const chat = await WPP.chat.find(wid);
    return serialized(chat?.id ?? wid);
  } catch (error) {
    const id = serialized(wid);
    existing.delete(id);
    // The page throws the same error for a number that is not on WhatsApp and for one that it could
    // not look up.
    if (!id.endsWith("@lid") && !(await queryServer(WPP, wid))) throw nobody();
    throw new BridgeError("FAILED", `the chat could not be opened: ${toBridgeError(error).message}`);
  }
}

/** Returns whether the account has blocked the person with one of these ids. */
export function isBlocked(WPP: any, ids: Iterable<string>): boolean {
  const list = pageModule("WAWebBlocklistCollection")?.BlocklistCollection ?? attempt<any>(() => WPP.whatsapp.BlocklistStore, null);
  return [...ids].some((id) => attempt(() => Boolean(list.get(WPP.whatsapp.WidFactory.createWid(id))), false));
}

/** Returns the number and LID of a person. Both are the same chat; which of the two a message
 * carries depends on when it was written. */
export function bothIds(WPP: any, id: string): string[] {
  const cache = WPP.whatsapp.lidPnCache;
  const wid = attempt<any>(() => WPP.whatsapp.WidFactory.createWid(id), null);
  const other = attempt<any>(() => (id.endsWith("@lid") ? cache.getPhoneNumber(wid) : cache.getCurrentLid(wid)), null);
  return other ? [id, serialized(other)] : [id];
}

/** Returns a number as WhatsApp's server spells it, and its LID; both are `null` if the number
 * is not on WhatsApp. */
export async function lookUp({ to }: { to: string }): Promise<{ chat: string | null; lid: string | null }> {
  const WPP = tools();
  try {
    const chat = serialized(await recipient(WPP, to));
    return { chat, lid: bothIds(WPP, chat).find((id) => id.endsWith("@lid")) ?? null };
  } catch (error) {
    if (error instanceof BridgeError && error.code === "NOT_ON_WHATSAPP") return { chat: null, lid: null };
    throw error;
  }
}

/** Returns all addresses that the page knows of a person, in WhatsApp's own spelling, from one
 * of them. */
export function addressesOf({ to }: { to: string }): string[] {
  const found = existing.get(to);
  return bothIds(tools(), found ? serialized(found.wid) : to);
}

/** Returns whether a lookup failed because the page has no such message or chat. */
const isAbsence = (error: any): boolean =>
  ["msg_not_found", "chat_not_found"].includes(error?.code) || /404/.test(`${error?.status ?? ""} ${error?.name ?? ""}`);

/** Returns a message in one of `chats`, by the last part of its id, and whether its absence is
 * certain: a lookup that fails or takes too long proves nothing. */
export async function searchMessage(WPP: any, chats: Iterable<string>, key: string, own: boolean[]): Promise<{ msg: any; certain: boolean }> {
  const within = new Set(chats);
  const loaded = attempt<any>(
    () =>
      WPP.whatsapp.MsgStore.getModelsArray().find(
        (msg: any) => msg?.id?.id === key && own.includes(Boolean(msg.id.fromMe)) && within.has(serialized(msg.id.remote)),
      ),
    null,
  );
  if (loaded) return { msg: loaded, certain: true };
  let certain = true;
  for (const chat of within) {
    for (const fromMe of own) {
      // wa-js throws for a missing message or chat.
      const found = Promise.resolve()
        .then(() => WPP.chat.getMessageById(`${fromMe}_${chat}_${key}`))
        .catch((error) => (isAbsence(error) ? null : undefined));
      const msg = await Promise.race([found, new Promise<any>((resolve) => setTimeout(resolve, LOOK_UP_MS, undefined))]);
      if (msg?.id) return { msg, certain: true };
      if (msg === undefined) certain = false;
    }
  }
  return { msg: null, certain };
}

/** Returns a message in one of `chats`, by the last part of its id. A message that is not found in
 * time counts as absent. */
export async function findMessage(WPP: any, chats: Iterable<string>, key: string, own: boolean[]): Promise<any> {
  return (await searchMessage(WPP, chats, key, own)).msg;
}

/** Returns a message by WhatsApp's full id or the last part of it. Searches only this chat,
 * since messages of other chats must not be quoted. */
export async function namedMessage(WPP: any, chats: Iterable<string>, name: string): Promise<any> {
  const parts = name.split("_");
  const whole = parts.length >= 3 && (parts[0] === "true" || parts[0] === "false");
  const key = whole ? parts[2]! : name;
  const own = whole ? [parts[0] === "true"] : [true, false];
  const found = await findMessage(WPP, chats, key, own);
  if (found) return found;
  if (!connected()) throw new BridgeError("CONNECTION_LOST", "the connection was lost while the message was looked up: nothing was sent");
  throw new BridgeError("MESSAGE_NOT_FOUND", "the chat with this number has no message with that id: nothing was sent");
}
