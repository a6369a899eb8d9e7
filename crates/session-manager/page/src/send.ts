// Sending. Every refusal says whether anything can have left.

import { markOwn } from "./messages";
import { attempt, pageModule, serialized, wpp } from "./wa";

/** Codes that the service understands; all but `UNCONFIRMED` mean that
 * nothing was sent. */
export class BridgeError extends Error {
  constructor(
    readonly code: "NOT_READY" | "NOT_ON_WHATSAPP" | "REFUSED" | "UNCONFIRMED" | "FAILED",
    message: string,
  ) {
    super(message);
  }
}

export interface SendArgs {
  /** `…@c.us` or `…@lid`. */
  to: string;
  text: string;
  /** The last part of the message's id, fixed by the service. */
  key: string;
}

function connected(): boolean {
  return attempt(() => pageModule("WAWebSocketModel").Socket.state === "CONNECTED", false);
}

async function recipient(WPP: any, to: string): Promise<any> {
  if (to.endsWith("@lid")) return WPP.whatsapp.WidFactory.createWid(to);
  const found = await WPP.contact.queryExists(to);
  if (found?.wid) return found.wid;
  // wa-js answers null for a number without WhatsApp and for a lost network.
  if (!connected()) throw new BridgeError("NOT_READY", "the connection was lost while the number was looked up");
  throw new BridgeError("NOT_ON_WHATSAPP", "the number has no WhatsApp");
}

function outcome(error: unknown): BridgeError {
  if (error instanceof BridgeError) return error;
  const text = String((error as any)?.message ?? error).slice(0, 300);
  return new BridgeError("FAILED", text);
}

/** Less than the service waits, for each of two chats. */
const LOOK_UP_MS = 2_000;

export interface MessageStateArgs {
  to: string;
  key: string;
}

/** What the page's store has of a message, by the last part of its id. */
export async function messageState({ to, key }: MessageStateArgs): Promise<{ id: string; ack: number } | null> {
  const WPP = wpp();
  if (!WPP || !connected()) throw new BridgeError("NOT_READY", "the page is not connected");
  const store = WPP.whatsapp.MsgStore;
  const told = (msg: any): { id: string; ack: number } => ({ id: serialized(msg.id), ack: Number(msg.ack ?? 0) });
  const loaded = attempt<any>(
    () => store.getModelsArray().find((msg: any) => msg?.id?.id === key && msg.id.fromMe),
    null,
  );
  if (loaded) return told(loaded);
  // Not loaded: the profile is asked for the ids that it can have. The chat may
  // be addressed by number or by LID, now or when the message was written.
  const chats = new Set<string>([to]);
  try {
    const wid = await recipient(WPP, to);
    chats.add(serialized(wid));
    const chat = await WPP.chat.find(wid);
    chats.add(serialized(chat?.id ?? wid));
  } catch (error) {
    if (!(error instanceof BridgeError) || error.code !== "NOT_ON_WHATSAPP") throw error;
  }
  for (const chat of chats) {
    // wa-js throws for a message, or a chat, that is not there. What is not found
    // in time is taken for absent: it goes out again under the same id, which
    // the server drops if it has it.
    const found = Promise.resolve(WPP.chat.getMessageById(`true_${chat}_${key}`)).catch(() => null);
    const msg = await Promise.race([found, new Promise<any>((resolve) => setTimeout(resolve, LOOK_UP_MS, null))]);
    if (msg?.id) return told(msg);
  }
  return null;
}

export async function sendText({ to, text, key }: SendArgs): Promise<{ id: string }> {
  const WPP = wpp();
  if (!WPP || !connected()) throw new BridgeError("NOT_READY", "the page is not connected");
  let id = "";
  let attempted = false;
  try {
    const wid = await recipient(WPP, to);
    // The chat decides the address (number or LID) that the id must carry.
    const chat = await WPP.chat.find(wid);
    const chatId = serialized(chat?.id ?? wid);
    id = `true_${chatId}_${key}`;
    markOwn(id);
    attempted = true;
    const sent = await WPP.chat.sendTextMessage(chatId, text, {
      messageId: id,
      createChat: true,
      waitForAck: true,
      linkPreview: false,
      detectMentioned: false,
      markIsRead: false,
    });
    const result = sent?.sendMsgResult?.messageSendResult ?? sent?.sendMsgResult;
    if (result === "OK" || Number(sent?.ack ?? 0) >= 1) return { id: serialized(sent.id) || id };
    if (result === "ERROR_NETWORK" || result === undefined || result === null) {
      throw new BridgeError("UNCONFIRMED", `WhatsApp did not confirm the message (${result ?? "no result"})`);
    }
    throw new BridgeError("REFUSED", `WhatsApp refused the message (${result})`);
  } catch (error) {
    const told = outcome(error);
    // Past the call nobody can say that nothing left.
    if (attempted && told.code === "FAILED") throw new BridgeError("UNCONFIRMED", told.message);
    throw told;
  }
}
