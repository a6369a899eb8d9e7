// Finding people, chats and messages.

import { BridgeError } from "./errors";
import { attempt, pageModule, serialized, wpp } from "./wa";

/** Less than the service waits, for each id that a message can have. */
const LOOK_UP_MS = 2_000;

export function connected(): boolean {
  return attempt(() => pageModule("WAWebSocketModel").Socket.state === "CONNECTED", false);
}

/** wa-js, while the page can send. */
export function tools(): any {
  const WPP = wpp();
  if (!WPP || !connected()) throw new BridgeError("NOT_READY", "the page is not connected");
  return WPP;
}

export async function recipient(WPP: any, to: string): Promise<any> {
  if (to.endsWith("@lid")) return WPP.whatsapp.WidFactory.createWid(to);
  const found = await WPP.contact.queryExists(to);
  if (found?.wid) return found.wid;
  // wa-js answers null for a number without WhatsApp, for a lost network, and
  // for 15 s after that out of its memory. The page itself throws for the latter.
  const ask = attempt<any>(() => WPP.whatsapp.functions.queryWidExists, null);
  if (typeof ask === "function") {
    const answer = await Promise.resolve(WPP.whatsapp.WidFactory.createWid(to))
      .then((wid) => ask(wid))
      .catch(() => {
        throw new BridgeError("NOT_READY", "the number could not be looked up");
      });
    if (answer?.wid) return answer.wid;
  }
  if (!connected()) throw new BridgeError("NOT_READY", "the connection was lost while the number was looked up");
  throw new BridgeError("NOT_ON_WHATSAPP", "the number has no WhatsApp");
}

/** The chat's id: the recipient by number or by LID, as the page addresses
 * them now. */
export async function chatOf(WPP: any, wid: any): Promise<string> {
  const chat = await WPP.chat.find(wid);
  return serialized(chat?.id ?? wid);
}

/** Number and LID of a person are one chat; which of them its messages carry
 * depends on when they were written. */
export function bothIds(WPP: any, id: string): string[] {
  const cache = WPP.whatsapp.lidPnCache;
  const wid = attempt<any>(() => WPP.whatsapp.WidFactory.createWid(id), null);
  const other = attempt<any>(() => (id.endsWith("@lid") ? cache.getPhoneNumber(wid) : cache.getCurrentLid(wid)), null);
  return other ? [id, serialized(other)] : [id];
}

/** A message in one of `chats`, by the last part of its id. */
export async function findMessage(WPP: any, chats: Iterable<string>, key: string, own: boolean[]): Promise<any> {
  const within = new Set(chats);
  const loaded = attempt<any>(
    () =>
      WPP.whatsapp.MsgStore.getModelsArray().find(
        (msg: any) => msg?.id?.id === key && own.includes(Boolean(msg.id.fromMe)) && within.has(serialized(msg.id.remote)),
      ),
    null,
  );
  if (loaded) return loaded;
  for (const chat of within) {
    for (const fromMe of own) {
      // wa-js throws for a message, or a chat, that is not there. What is not
      // found in time is taken for absent.
      const found = Promise.resolve()
        .then(() => WPP.chat.getMessageById(`${fromMe}_${chat}_${key}`))
        .catch(() => null);
      const msg = await Promise.race([found, new Promise<any>((resolve) => setTimeout(resolve, LOOK_UP_MS, null))]);
      if (msg?.id) return msg;
    }
  }
  return null;
}

/** A message that the caller names by WhatsApp's whole id or the last part of
 * it. Only in this chat: what somebody else wrote is nobody's to quote. */
export async function namedMessage(WPP: any, chats: Iterable<string>, name: string): Promise<any> {
  const parts = name.split("_");
  const whole = parts.length >= 3 && (parts[0] === "true" || parts[0] === "false");
  const key = whole ? parts[2]! : name;
  const own = whole ? [parts[0] === "true"] : [true, false];
  const found = await findMessage(WPP, chats, key, own);
  if (found) return found;
  if (!connected()) throw new BridgeError("NOT_READY", "the connection was lost while the message was looked up");
  throw new BridgeError("MESSAGE_NOT_FOUND", "the chat with this number has no message with that id: nothing was sent");
}
