// Reports changes of messages after they were sent: edits, deletions, reactions.
//
//   MsgStore, wa-js ──> change ──> channel        changes while the page is loaded,
//                                                 of messages that it has in memory
//   changes(messages) <── service, periodically   changes from the page's database,
//                                                 which it publishes no event for
//
// Each change has its own key, which the service uses for dedup.

import { note, post } from "./channel";
import { connected, tools } from "./lookup";
import { CHATS, describe } from "./messages";
import { Slice } from "./pause";
import { type Person, person } from "./people";
import { finder, stored, time } from "./store";
import { cut } from "./text";
import { type Model, attempt, pageModule, serialized, wpp } from "./wa";

export interface Change extends Person {
  kind: "edited" | "deleted" | "reaction";
  /** Identifies the change, for the service's dedup. */
  key: string;
  message_id: string;
  chat: string;
  /** Whether the account itself made the change, on another device. */
  from_me: boolean;
  at: number;
  /** The text after the change. */
  body?: string;
  /** `null` if the reaction was removed. */
  emoji?: string | null;
}

const parts = (id: string): { fromMe: boolean; chat: string } => {
  const [own, chat = ""] = id.split("_");
  return { fromMe: own === "true", chat };
};

/** Converts a time in seconds or milliseconds to milliseconds. */
const milliseconds = (value: unknown): number => {
  const number = Number(value ?? 0) || Date.now();
  return Math.round(number < 1e11 ? number * 1000 : number);
};

function edited(msg: Model): Change | null {
  const key = serialized(msg.latestEditMsgKey);
  if (!key || msg.type === "revoked") return null;
  const message_id = serialized(msg.id);
  const { fromMe, chat } = parts(message_id);
  if (!CHATS.test(chat)) return null;
  const { body } = describe(msg) as { body: string };
  return { kind: "edited", key, message_id, chat, ...person(chat), from_me: fromMe, at: milliseconds(msg.latestEditSenderTimestampMs), body };
}

function deleted(original: unknown, at: unknown): Change | null {
  const message_id = serialized(original);
  const { fromMe, chat } = parts(message_id);
  if (!message_id || !CHATS.test(chat)) return null;
  return { kind: "deleted", key: message_id, message_id, chat, ...person(chat), from_me: fromMe, at: milliseconds(at) };
}

/** Returns whether a reaction of the account itself is one that WhatsApp's server has. The page
 * stores it before it sends it, with an ack of 0; from another device it may come without any. */
const hasServer = (row: any): boolean => row.ack === undefined || row.ack === null || Number(row.ack) >= 1;

/** Converts a row of the page's reactions table, which has one row per person and message; an
 * empty row is a removed reaction. */
export function reaction(row: any): Change | null {
  const key = serialized(row.msgKey);
  const message_id = serialized(row.parentMsgKey);
  const { chat } = parts(message_id);
  const { fromMe } = parts(key);
  if (!key || !CHATS.test(chat) || (fromMe && !hasServer(row))) return null;
  const emoji = cut(row.reactionText, 32);
  const sender = serialized(row.senderUserJid);
  const who = person(chat.endsWith("@g.us") && !fromMe ? sender : chat);
  return { kind: "reaction", key, message_id, chat, ...who, from_me: fromMe, at: milliseconds(row.timestamp), emoji: emoji || null };
}

export function tellReaction(row: any): void {
  announce(() => reaction(row));
}

/** Reports a reaction of the account itself. wa-js's event does not say whether the server has it,
 * but the page's table does. */
async function ownReaction({ id, msgId }: any): Promise<void> {
  const rows = await rowsOfReactions([serialized(msgId)]).catch(() => []);
  for (const row of rows) if (serialized(row.msgKey) === serialized(id)) tellReaction(row);
}

function announce(make: () => Change | null): void {
  try {
    const change = make();
    if (change) post({ type: "change", change });
  } catch (error) {
    note("warn", `what became of a message could not be read: ${error}`);
  }
}

let attached = false;

export function attachChanges(): boolean {
  if (attached) return true;
  const WPP = wpp();
  const store: Model | undefined = WPP?.whatsapp?.MsgStore;
  if (!store || typeof store.on !== "function" || typeof WPP.on !== "function") return false;
  attached = true;
  // Wait until the model has all fields of the edit.
  store.on("change:latestEditMsgKey", (msg: Model) => queueMicrotask(() => announce(() => edited(msg))));
  store.on("change:type", (msg: Model) => {
    if (msg?.type === "revoked") queueMicrotask(() => announce(() => deleted(msg.protocolMessageKey ?? msg.id, msg.revokeTimestamp)));
  });
  WPP.on("chat.msg_revoke", ({ refId }: any) => announce(() => deleted(refId, Date.now())));
  WPP.on("chat.new_reaction", (row: any) => {
    if (serialized(row.id).startsWith("true_")) ownReaction(row);
    else announce(() => reaction({ msgKey: row.id, parentMsgKey: row.msgId, senderUserJid: row.sender, reactionText: row.reactionText, timestamp: row.timestamp }));
  });
  // wa-js reports reactions only once it is fully ready, some moments after the page can send. Its
  // own listeners run before this one.
  attempt(() => WPP.loader.onFullReady(() => post({ type: "changes_missed" })), undefined);
  return true;
}

/** Fetches rows of the page's reactions table, including removed reactions. */
export async function rowsOfReactions(ids: string[]): Promise<any[]> {
  const ask = pageModule("WAWebDBGetReactions")?.getAllReactionsFromParentMsgs;
  const rows = typeof ask === "function" ? await ask(ids) : await pageModule("WAWebSchemaReactions")?.getReactionsTable?.().anyOf(["parentMsgKey"], ids);
  return Array.isArray(rows) ? rows : [];
}

/** How many rows of a chat to search backwards for a missing message. */
const ROWS_BACK = 500;

/** Returns the messages of `chat` that were deleted for everyone. The row of a deletion has a
 * new key, and refers to the original message. */
async function revokedIn(WPP: any, chat: string, since: number): Promise<Change[]> {
  const find = finder(WPP);
  const found: Change[] = [];
  let anchor: unknown = { remote: WPP.whatsapp.ChatStore.get(chat)?.id ?? WPP.whatsapp.WidFactory.createWid(chat) };
  for (let rows = 0; rows < ROWS_BACK; ) {
    const page = await find(anchor, "before").catch(() => null);
    if (!page?.messages.length) break;
    for (const row of page.messages) {
      if (row.type !== "revoked") continue;
      const change = deleted(row.protocolMessageKey ?? row.id, row.revokeTimestamp ?? row.t);
      if (change) found.push(change);
    }
    rows += page.messages.length;
    if (page.messages.every((row) => time(row) < since)) break;
    anchor = WPP.whatsapp.MsgKey.fromString(serialized(page.messages[0]!.id));
  }
  return found;
}

export interface ChangesArgs {
  /** Ids of messages, each with the second in which the message was sent. */
  messages: Array<[string, number]>;
}

/** Returns the changes of these messages, as far as the page knows them. */
export async function changes({ messages }: ChangesArgs): Promise<Change[]> {
  const WPP = tools();
  attachChanges();
  const slice = new Slice();
  const known = await stored(messages.map(([id]) => id));
  const found: Array<Change | null> = [];
  const missing = new Map<string, number>();
  for (const [at, msg] of known.entries()) {
    const [id, seconds] = messages[at]!;
    if (!msg) {
      const { chat } = parts(id);
      missing.set(chat, Math.min(missing.get(chat) ?? seconds, seconds));
    } else if (msg.type === "revoked") found.push(deleted(msg.protocolMessageKey ?? id, msg.revokeTimestamp));
    else found.push(attempt(() => edited(msg), null));
    if (slice.over()) await slice.next();
  }
  const ids = new Set(messages.map(([id]) => id));
  for (const [chat, since] of missing) {
    if (!connected()) break;
    found.push(...(await revokedIn(WPP, chat, since - 1)).filter((change) => ids.has(change.message_id)));
    await slice.next();
  }
  const rows = await rowsOfReactions(messages.map(([id]) => id)).catch(() => []);
  for (const row of rows) found.push(attempt(() => reaction(row), null));
  return found.filter((change) => change !== null);
}
