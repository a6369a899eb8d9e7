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
