// Sends messages. Every error says whether the message may have been sent.

import { media } from "./content";
import { BLOCKED, BridgeError, fromSend } from "./errors";
import { type HandedFile, handed } from "./files";
import { type Content, answered, hand } from "./kinds";
import { refreshLimitsSoon } from "./limits";
import { bothIds, chatOf, connected, findMessage, isBlocked, namedMessage, recipient, tools } from "./lookup";
import { type OwnState, markOwn, ownState } from "./messages";
import { giveReaction, isGiven } from "./own_reactions";
import { attempt, pageModule, serialized } from "./wa";

export interface SendArgs {
  /** `…@c.us` or `…@lid`. */
  to: string;
  /** The last part of the message's id, fixed by the service. */
  key: string;
  content: Content;
  /** Whether an earlier attempt may have sent the message under this key. */
  again: boolean;
  file?: HandedFile;
  /** The service's timeout, in milliseconds. */
  patience_ms: number;
}

interface Sent {
  /** WhatsApp's full id; a reaction has none. */
  id: string | null;
  /** The file that was sent. */
  media?: object | undefined;
}

export interface MessageStateArgs {
  to: string;
  key: string;
}

/** Looks a message up in the page's store, by the last part of its id. */
export async function messageState({ to, key }: MessageStateArgs): Promise<OwnState | null> {
  const WPP = tools();
  // The chat may be addressed by number or by LID, and by the other one when the message was
  // written. A message that is not found is resent under the same id, which the server drops if it
  // already has it.
  const chats = new Set<string>(bothIds(WPP, to));
  const found = async (): Promise<OwnState | null> => {
    const msg = await findMessage(WPP, chats, key, [true]);
    if (!msg) return null;
    const state = ownState(msg);
    // The page does not retry a message that it marked as failed, even if it shows the clock icon.
    return state.ack === 0 && msg.isSendFailure ? { ...state, ack: -1 } : state;
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

/** WhatsApp's limit on writing to people who never wrote first. */
const REACH_OUT = 463;
/** WhatsApp's monthly limit on new chats. */
const NEW_CHATS = 475;

/** Returns the page's name for an error number of the server; empty if it has none. */
function reasonName(number: number): string {
  const reasons = attempt<Record<string, unknown>>(() => pageModule("WAWebCreateNackFromStanza").NackReason, {});
  const name = Object.keys(reasons).find((key) => reasons[key] === number);
  return name ? ` ${name}` : "";
}

/** Maps an error number of the server to a bridge error. */
function refusal(number: number): BridgeError {
  switch (number) {
    case REACH_OUT:
      refreshLimitsSoon();
      return new BridgeError("REACH_OUT_LIMIT", `WhatsApp refused the message: its limit on writing to people who never wrote first (${number})`);
    case NEW_CHATS:
      refreshLimitsSoon();
      return new BridgeError("NEW_CHAT_LIMIT", `WhatsApp refused the message: its monthly limit on new chats (${number})`);
    default:
      return new BridgeError("REFUSED", `WhatsApp refused the message (${number}${reasonName(number)})`);
  }
}

/** Interprets the result of a send, an object or a plain string; `null` means success. Only a
 * number comes from the server: without one the page itself failed, before or after the server
 * received the message. */
function verdict(answer: any, ack: number): BridgeError | null {
  const result = answer?.messageSendResult ?? answer;
  if (result === "OK" || ack >= 1) return null;
  const number = Number(answer?.ackErrorCode ?? Number.NaN);
  if (Number.isInteger(number)) return refusal(number);
  switch (result) {
    // The page gave up before the server had the message. That says nothing about an earlier
    // attempt with the same id.
    case "ERROR_UPLOAD":
    case "ERROR_EXPIRED":
    case "ERROR_CANCELLED":
      return new BridgeError("FAILED", `the page gave the message up (${result})`);
    default:
      return new BridgeError("UNCONFIRMED", `WhatsApp did not confirm the message (${result ?? "no result"})`);
  }
}

async function react(WPP: any, chats: string[], content: Content & { type: "reaction" }, again: boolean): Promise<{ id: null }> {
  const target = await namedMessage(WPP, chats, content.message_id);
  // wa-js accepts no id for a reaction, and it needs none. Each person has only one reaction per
  // message, the last one, so sending the same reaction twice is harmless.
  if (again && (await isGiven(WPP, target, content.emoji))) return { id: null };
  const { result } = await giveReaction(WPP, target, content.emoji);
  // Some versions of the page return nothing on success, and throw on failure.
  const refused = result === undefined || result === null ? null : verdict(result, 0);
  if (refused) throw refused;
  return { id: null };
}

export async function send({ to, key, content, again, file: about, patience_ms }: SendArgs): Promise<Sent> {
  // Take the file before anything else: the input must not outlive the call.
  const file = about && handed(key, about);
  const WPP = tools();
  // Removing a reaction is allowed.
  const guarded = content.type !== "reaction" || content.emoji !== "";
  const check = (ids: string[]): void => {
    if (guarded && isBlocked(WPP, ids)) throw new BridgeError("RECIPIENT_BLOCKED", BLOCKED);
  };
  check(bothIds(WPP, to));
  const wid = await recipient(WPP, to);
  // The chat decides which address, number or LID, the id must carry.
  const chatId = await chatOf(WPP, wid);
  const chats = [...new Set([serialized(wid), ...bothIds(WPP, chatId)])];
  check(chats);
  if (content.type === "reaction") return react(WPP, chats, content, again);
  const reply = answered(content);
  // A message that may have been delivered must be sent again under the same id. The server drops
  // it, or delivers it without the quoted message if that was deleted meanwhile.
  const quoted = reply && (await namedMessage(WPP, chats, reply).catch((error) => {
    if (again && error instanceof BridgeError && error.code === "MESSAGE_NOT_FOUND") return null;
    throw error;
  }));
  const id = `true_${chatId}_${key}`;
  try {
    markOwn(id);
    const sent = await hand(WPP, chatId, id, content, quoted, file, patience_ms);
    const refused = verdict(sent?.sendMsgResult, Number(sent?.ack ?? 0));
    // For a file the page swallows the exception.
    if (refused?.code === "UNCONFIRMED" && file) check(chats);
    if (refused) throw refused;
    const model = file && (await findMessage(WPP, chats, key, [true]).catch(() => null));
    return { id: serialized(sent.id) || id, media: model ? media(model) : undefined };
  } catch (error) {
    if (error instanceof BridgeError) throw error;
    const { code, message } = fromSend(error);
    if (code === "RECIPIENT_BLOCKED") throw new BridgeError(code, message);
    // The page stores a message before it sends it. If the message is not in the store, nothing was
    // sent; otherwise the outcome is unknown.
    const stored = !connected() || (await findMessage(WPP, chats, key, [true]));
    throw new BridgeError(stored ? "UNCONFIRMED" : code, message);
  }
}
