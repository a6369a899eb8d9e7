// Gives the account's own reaction to a message, and takes it away.
//
// The account has one reaction to each message, the last. The page keeps it as a row of its
// reactions table: before it is sent, without an ack, and with what became of it afterwards. wa-js
// takes no id for a reaction, so the service cannot choose one. It need not: a reaction that the
// server has already is not sent again, and one whose outcome is unknown may be given again.

import { reaction, rowsOfReactions, tellReaction } from "./changes";
import { BLOCKED, BridgeError, fromSend } from "./errors";
import { bothIds, connected, findMessage, isBlocked, tools } from "./lookup";
import { isDeleted, type Target } from "./own_changes";
import { type Model, attempt, pageModule, serialized } from "./wa";

export interface ReactionArgs extends Target {
  /** Empty to take the reaction away. */
  emoji: string;
}

/** The account's reaction as the page has it. */
interface Given {
  /** WhatsApp's id of the reaction; `null` if the page has none. */
  key: string | null;
  /** When it was given or taken away, in milliseconds. */
  at: number;
}

/** Returns the row of the account's own reaction to a message; `null` if it never had one. */
async function ownRow(WPP: any, msg: Model): Promise<any> {
  const [own, chat = "", key = ""] = serialized(msg.id).split("_");
  const ids = bothIds(WPP, chat).map((id) => `${own}_${id}_${key}`);
  const rows = await rowsOfReactions(ids).catch(() => []);
  const given = rows.filter((row) => serialized(row.msgKey).startsWith("true_"));
  return given.sort((a, b) => Number(b.timestamp ?? 0) - Number(a.timestamp ?? 0))[0] ?? null;
}

/** Returns whether this is the account's reaction to the message, and the server has it. */
export async function isGiven(WPP: any, msg: Model, emoji: string): Promise<boolean> {
  const row = await ownRow(WPP, msg);
  const given = row ? reaction(row) : null;
  return given !== null && (given.emoji ?? "") === emoji;
}

/** Sends a reaction to a message that the page has. */
export async function giveReaction(WPP: any, msg: Model, emoji: string): Promise<{ result: any; row: any }> {
  try {
    const answer = await WPP.chat.sendReactionToMessage(msg, emoji || false);
    // So that it is told even if nobody asks for the changes of this message any more.
    const row = await ownRow(WPP, msg);
    if (row) tellReaction(row);
    return { result: answer?.sendMsgResult, row };
  } catch (error) {
    const { code, message } = fromSend(error);
    throw new BridgeError(code === "RECIPIENT_BLOCKED" ? code : "UNCONFIRMED", message);
  }
}

/** Returns whether the page offers to react to this message. */
const canReact = (msg: Model): boolean =>
  attempt(() => Boolean(pageModule("WAWebReactionsUtils").canReactToMessage(msg)), msg.type !== "revoked");

export async function setReaction({ emoji, ...target }: ReactionArgs): Promise<Given> {
  const WPP = tools();
  const [own, chat = "", key = ""] = target.id.split("_");
  const ids = bothIds(WPP, chat);
  const msg: Model | null = await findMessage(WPP, ids, key, [own === "true"]);
  if (!msg) {
    if (!connected()) throw new BridgeError("NOT_READY", "the connection was lost while the message was looked up");
    if (await isDeleted(target)) throw new BridgeError("NOT_CHANGEABLE", "the message is deleted: no reaction was given");
    throw new BridgeError("MESSAGE_NOT_FOUND", "WhatsApp's page has no message with that id: nothing was changed");
  }
  const before = await ownRow(WPP, msg);
  const known = before ? reaction(before) : null;
  if (known && (known.emoji ?? "") === emoji) return { key: known.key, at: known.at };
  if (!before && emoji === "") return { key: null, at: Date.now() };
  if (emoji !== "" && isBlocked(WPP, ids)) {
    throw new BridgeError("RECIPIENT_BLOCKED", BLOCKED);
  }
  if (emoji !== "" && !canReact(msg)) {
    throw new BridgeError("NOT_CHANGEABLE", "WhatsApp takes no reaction to this message: nothing was changed");
  }
  const { result, row } = await giveReaction(WPP, msg, emoji);
  // Some versions of the page return nothing on success, and throw on failure.
  const sent = result === undefined || result === null || (result.messageSendResult ?? result) === "OK";
  if (!sent) throw new BridgeError("UNCONFIRMED", "WhatsApp did not confirm the reaction");
  const given = row ? reaction(row) : null;
  return given ? { key: given.key, at: given.at } : { key: null, at: Date.now() };
}
