// Sending. Every refusal says whether anything can have left.

import { BridgeError, told } from "./errors";
import { type HandedFile, handed } from "./files";
import { type Content, answered, hand } from "./kinds";
import { bothIds, chatOf, connected, findMessage, namedMessage, recipient, tools } from "./lookup";
import { markOwn } from "./messages";
import { serialized } from "./wa";

export interface SendArgs {
  /** `…@c.us` or `…@lid`. */
  to: string;
  /** The last part of the message's id, fixed by the service. */
  key: string;
  content: Content;
  /** Whether it may have been sent before, with this key. */
  again: boolean;
  file?: HandedFile;
  /** How long the service waits. */
  patience_ms: number;
}

export interface MessageStateArgs {
  to: string;
  key: string;
}

/** What the page's store has of a message, by the last part of its id. */
export async function messageState({ to, key }: MessageStateArgs): Promise<{ id: string; ack: number } | null> {
  const WPP = tools();
  // The chat may be addressed by number or by LID, now or when the message was
  // written. What is not found goes out again under the same id, which the
  // server drops if it has it.
  const chats = new Set<string>(bothIds(WPP, to));
  const found = async (): Promise<{ id: string; ack: number } | null> => {
    const msg = await findMessage(WPP, chats, key, [true]);
    return msg && { id: serialized(msg.id), ack: Number(msg.ack ?? 0) };
  };
  const known = await found();
  if (known) return known;
  const before = chats.size;
  try {
    const wid = await recipient(WPP, to);
    const chat = await chatOf(WPP, wid);
    for (const id of [serialized(wid), ...bothIds(WPP, chat)]) chats.add(id);
  } catch (error) {
    if (!(error instanceof BridgeError) || error.code !== "NOT_ON_WHATSAPP") throw error;
  }
  return chats.size > before ? found() : null;
}

/** What the server's answer, an object or its word alone, means; `null` for a yes. */
function verdict(answer: any, ack: number): BridgeError | null {
  const result = answer?.messageSendResult ?? answer;
  if (result === "OK" || ack >= 1) return null;
  switch (result) {
    case undefined:
    case null:
    case "ERROR_NETWORK":
      return new BridgeError("UNCONFIRMED", `WhatsApp did not confirm the message (${result ?? "no result"})`);
    // The page gave up before the server had the message: that says nothing of
    // an earlier attempt with the same id.
    case "ERROR_UPLOAD":
    case "ERROR_EXPIRED":
    case "ERROR_CANCELLED":
      return new BridgeError("FAILED", `the page gave the message up (${result})`);
    default: {
      // WhatsApp's number for it, where the page hands it out: 463 is its limit
      // on writing to strangers.
      const number = Number.isInteger(answer?.errorCode) ? `, ${answer.errorCode}` : "";
      return new BridgeError("REFUSED", `WhatsApp refused the message (${result}${number})`);
    }
  }
}

async function react(WPP: any, chats: string[], content: Content & { type: "reaction" }): Promise<{ id: null }> {
  const target = await namedMessage(WPP, chats, content.message_id);
  // wa-js takes no id for it, and it needs none: a message has one reaction of
  // each person, the last one, so the same one twice is the same as once.
  let answer: any;
  try {
    answer = await WPP.chat.sendReactionToMessage(target, content.emoji || false);
  } catch (error) {
    throw new BridgeError("UNCONFIRMED", told(error).message);
  }
  const result = answer?.sendMsgResult;
  // Some versions of the page end without a word, and throw when it fails.
  const refused = result === undefined || result === null ? null : verdict(result, 0);
  if (refused) throw refused;
  return { id: null };
}

export async function send({ to, key, content, again, file: about, patience_ms }: SendArgs): Promise<{ id: string | null }> {
  // Before anything else: the input must not outlive the call.
  const file = about && handed(key, about);
  const WPP = tools();
  const wid = await recipient(WPP, to);
  // The chat decides the address (number or LID) that the id must carry.
  const chatId = await chatOf(WPP, wid);
  const chats = [...new Set([serialized(wid), ...bothIds(WPP, chatId)])];
  if (content.type === "reaction") return react(WPP, chats, content);
  const reply = answered(content);
  // Once it may be at the recipient's the same id has to go out in any case:
  // the server drops it, or it comes without what it answers, deleted since.
  const quoted = reply && (await namedMessage(WPP, chats, reply).catch((error) => {
    if (again && error instanceof BridgeError && error.code === "MESSAGE_NOT_FOUND") return null;
    throw error;
  }));
  const id = `true_${chatId}_${key}`;
  try {
    markOwn(id);
    const sent = await hand(WPP, chatId, id, content, quoted, file, patience_ms);
    const refused = verdict(sent?.sendMsgResult, Number(sent?.ack ?? 0));
    if (refused) throw refused;
    return { id: serialized(sent.id) || id };
  } catch (error) {
    if (error instanceof BridgeError) throw error;
    const { code, message } = told(error);
    // The page stores a message before it sends it. Of one that is not there
    // nothing left; of any other nobody can say.
    const stored = !connected() || (await findMessage(WPP, chats, key, [true]));
    throw new BridgeError(stored ? "UNCONFIRMED" : code, message);
  }
}
