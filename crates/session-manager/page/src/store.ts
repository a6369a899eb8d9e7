// Searches the page's own message store for missed messages. After a reload
// most of it is only in the page's database.
//
//   chats ──> changed chats ──> search, chat by chat, from the end backwards ────┐
//   memory ─> messages that the page's database may not have (yet) ──────────────┴─> messages
//
// The service holds the cursor: a call works for its time budget and returns the
// next cursor. One search runs at a time; a new one cancels the previous one.

import { note } from "./channel";
import { BridgeError } from "./errors";
import { tools } from "./lookup";
import { CHATS, attachMessages, describe, isMessage } from "./messages";
import { Slice, pause } from "./pause";
import { type Model, attempt, pageModule, serialized } from "./wa";

export interface ChatsArgs {
  /** Search only chats with a message from this second on. */
  since: number;
}

export interface SearchArgs {
  chat: string;
  /** Return only messages from this second on. */
  since: number;
  /** The cursor: the message next to which reading continues. By default the chat's end. */
  anchor: string | null;
  direction: "before" | "after";
  /** Time budget in milliseconds. */
  budget_ms: number;
}

interface Found {
  /** The messages, in the order of the page's database. */
  messages: object[];
  /** The next cursor; `null` if there are no more. */
  next: string | null;
  /** The message at which the search began because it could not begin at the chat's end. More
   * messages may follow it. */
  began_at: string | null;
  /** Whether the page has none of the anchors, so that the chat's messages are unknown. */
  lost: boolean;
}

export interface MemoryArgs {
  since: number;
  limit: number;
  /** The mark of an earlier result. If it is still current, the result is empty. */
  mark: string;
}

interface Remembered {
  ids: Array<[string, number]>;
  more: boolean;
  mark: string;
}

/** How many messages of one chat are read at once: the page processes them in one task. */
const AT_ONCE = 50;
/** Maximum number of messages per result. */
const GIVEN = 250;
/** How many messages are tried as anchors to find a chat. */
const ANCHORS = 10;

export const time = (msg: Model | undefined): number => Number(msg?.t ?? 0);
const models = (collection: any): Model[] => attempt<Model[]>(() => collection.getModelsArray(), []);

let latest = 0;
let turn: Promise<unknown> = Promise.resolve();

/** Cancels the previous search, and runs `work` once that search has ended. */
function alone<T>(work: (check: () => void) => Promise<T>): Promise<T> {
  const mine = ++latest;
  const check = (): void => {
    if (mine !== latest) throw new BridgeError("NOT_READY", "another search took its place");
  };
  const result = turn.then(() => {
    check();
    return work(check);
  });
  turn = result.catch(() => undefined);
  return result;
}

/** Returns the ids of the chats that changed, each with the time, latest last. */
export function chats({ since }: ChatsArgs): Promise<Array<[string, number]>> {
  return alone(async (check) => {
    const WPP = tools();
    // Subscribe first, so that messages that arrive during the search are not missed.
    attachMessages();
    const slice = new Slice();
    const changed: Array<{ id: string; last: number; row: number }> = [];
    for (const chat of models(WPP.whatsapp.ChatStore)) {
      if (slice.over()) {
        await slice.next();
        check();
      }
      const id = serialized(chat.id);
      if (!CHATS.test(id)) continue;
      let last = time(chat);
      let row = 0;
      for (const msg of models(chat.msgs)) {
        last = Math.max(last, time(msg));
        row = Math.max(row, Number(msg.rowId) || 0);
      }
      // Include a chat without a time as well.
      if (last === 0 || last >= since) changed.push({ id, last, row });
    }
    changed.sort((a, b) => a.last - b.last || a.row - b.row);
    return changed.map(({ id, last }) => [id, last]);
  });
}

interface Beside {
  messages: Model[];
  /** Returns whether the anchor is missing in the page's database. */
  unknown: boolean;
}

/** Returns the page's own search of its database. wa-js has a search as well, but treats a
 * missing message as the end and does not report it. */
export function finder(WPP: any): (anchor: unknown, direction: string) => Promise<Beside> {
  const find =
    attempt<any>(() => WPP.whatsapp.functions.msgFindByDirection, null) ??
    attempt<any>(() => pageModule("WAWebDBMessageFindLocal").msgFindByDirection, null);
  if (typeof find !== "function") throw new BridgeError("FAILED", "the page's search of its messages is not there");
  return async (anchor, direction) => {
    const answer = await find({ anchor, count: AT_ONCE, direction });
    const messages: Model[] = Array.isArray(answer) ? answer : (answer?.messages ?? []);
    return { messages, unknown: Number(answer?.status ?? 200) >= 400 };
  };
}

/** Whether the page accepts a chat as an anchor. If so, an empty result at a chat's end means
 * that the chat is empty. */
let takesChats = false;

/** Returns messages of a chat that are usable as anchors, latest first. */
function anchorsOf(chat: Model): string[] {
  const inMemory = models(chat.msgs).slice(-ANCHORS).reverse();
  const ids = [...inMemory.map((msg) => serialized(msg.id)), serialized(chat.lastReceivedKey)];
  return [...new Set(ids)].filter(Boolean);
}

/** Returns the last messages of a chat, and the anchor that found them. */
async function end(WPP: any, id: string, find: ReturnType<typeof finder>): Promise<Beside & { at: string | null }> {
  const chat: Model | undefined = WPP.whatsapp.ChatStore.get(id);
  const remote = chat?.id ?? WPP.whatsapp.WidFactory.createWid(id);
  const last = await find({ remote }, "before").catch(() => ({ messages: [], unknown: true }));
  if (last.messages.length) takesChats = true;
  if (last.messages.length || (takesChats && !last.unknown)) return { ...last, at: null };
  const anchors = chat ? anchorsOf(chat) : [];
  for (const at of anchors) {
    const found = await find(WPP.whatsapp.MsgKey.fromString(at), "before");
    if (!found.unknown) return { ...found, at };
  }
  return { messages: [], unknown: last.unknown || anchors.length > 0, at: null };
}

/** Converts a row of the page's database into a model. */
function model(WPP: any, row: Model): Model {
  const { MsgModel, MsgStore } = WPP.whatsapp;
  const known = attempt<any>(() => MsgStore.get(serialized(row.id)), null);
  // A row that the page cannot convert still has its text.
  return known ?? attempt<any>(() => (row instanceof MsgModel ? row : new MsgModel(row)), row);
}

/** Returns messages of a chat from `since` on, as many as the time budget allows. */
export function search({ chat, since, anchor, direction, budget_ms }: SearchArgs): Promise<Found> {
  return alone(async (check) => {
    const began = performance.now();
    const WPP = tools();
    const find = finder(WPP);
    const slice = new Slice();
    const pages: object[][] = [];
    let given = 0;
    let at = anchor;
    let beganAt: string | null = null;
    for (;;) {
      let page: Beside;
      if (at === null) {
        const last = await end(WPP, chat, find);
        page = last;
        beganAt = last.at;
      } else {
        page = await find(WPP.whatsapp.MsgKey.fromString(at), direction);
      }
      check();
      if (page.unknown) {
        return { messages: pages.flat(), next: null, began_at: beganAt, lost: true };
      }
      // The page may omit messages that it does not display, so only an empty result is the end.
      const edge = direction === "before" ? page.messages[0] : page.messages.at(-1);
      const described: object[] = [];
      for (const row of page.messages) {
        if (time(row) < since || !isMessage(row)) continue;
        described.push(describe(model(WPP, row)));
        if (slice.over()) await slice.next();
      }
      if (direction === "before") pages.unshift(described);
      else pages.push(described);
      given += described.length;
      // Rows are in order of arrival, which may differ from the order of their times. So stop only
      // when all rows of the result are too old.
      const old = direction === "before" && page.messages.every((row) => time(row) < since);
      const next = edge && !old ? serialized(edge.id) : null;
      if (next === null || next === at) return { messages: pages.flat(), next: null, began_at: beganAt, lost: false };
      at = next;
      if (given >= GIVEN || performance.now() - began > budget_ms) {
        return { messages: pages.flat(), next: at, began_at: beganAt, lost: false };
      }
      await slice.next();
      check();
    }
  });
}

/** Returns a value that changes with every added message, whether or not it is published. */
function memoryMark(messages: Model[]): string {
  return `${messages.length} ${serialized(messages.at(-1)?.id)}`;
}

/** Returns the ids of the messages in memory from `since` on, oldest first. */
export function memory({ since, limit, mark }: MemoryArgs): Promise<Remembered> {
  return alone(async (check) => {
    const WPP = tools();
    attachMessages();
    const messages = models(WPP.whatsapp.MsgStore);
    const now = memoryMark(messages);
    if (mark === now) return { ids: [], more: false, mark: now };
    type Entry = { id: string; at: number; row: number };
    // Rows within the same second keep the order of arrival.
    const inOrder = (a: Entry, b: Entry): number => a.at - b.at || a.row - b.row;
    let found: Entry[] = [];
    let more = false;
    // Keep at most twice the size of a result, since there may be very many.
    const keepOldest = (): void => {
      found.sort(inOrder);
      more ||= found.length > limit;
      found = found.slice(0, limit);
    };
    const slice = new Slice();
    for (const msg of messages) {
      if (slice.over()) {
        await slice.next();
        check();
      }
      if (time(msg) < since || !isMessage(msg)) continue;
      found.push({ id: serialized(msg.id), at: time(msg), row: Number(msg.rowId ?? 0) });
      if (found.length >= 2 * limit) keepOldest();
    }
    keepOldest();
    return { ids: found.map(({ id, at }) => [id, at]), more, mark: now };
  });
}

/** Returns these messages, in order, as far as the page has them, and the ids of those that
 * certainly do not exist. */
async function find(ids: string[]): Promise<{ messages: Model[]; absent: string[] }> {
  const failed = new Set<string>();
  const all = await stored(ids, failed);
  return {
    messages: all.filter((msg) => msg !== undefined),
    absent: ids.filter((id, n) => all[n] === undefined && !failed.has(id)),
  };
}

/** Like `find`, but returns `undefined` for each message that the page does not have. Adds
 * failed lookups to `failed`. */
export async function stored(ids: string[], failed = new Set<string>()): Promise<Array<Model | undefined>> {
  const WPP = tools();
  const store = WPP.whatsapp.MsgStore;
  const known = new Map<string, Model>();
  const keep = (msg: Model | undefined | null): void => {
    if (msg?.id) known.set(serialized(msg.id), msg);
  };
  for (const id of ids) keep(attempt(() => store.get(id), undefined));
  const missing = ids.filter((id) => !known.has(id));
  if (missing.length && typeof store.getMessagesById === "function") {
    ((await store.getMessagesById(missing))?.messages ?? []).forEach(keep);
  } else {
    // One by one, since wa-js throws for a missing message.
    for (const id of missing) {
      keep(
        await WPP.chat.getMessageById(id).catch((error: any) => {
          if (error?.code !== "msg_not_found") failed.add(id);
          return null;
        }),
      );
    }
  }
  return ids.map((id) => known.get(id));
}

/** Returns those of these messages that are a person's, and the ids of the others: absent
 * messages, notices, and rows that only carried a change of another message and were deleted
 * with it. */
export async function read({ ids }: { ids: string[] }): Promise<{ messages: unknown[]; none: string[] }> {
  const { messages, absent: none } = await find(ids);
  const slice = new Slice();
  const described: unknown[] = [];
  for (const msg of messages) {
    if (slice.over()) await slice.next();
    if (!isMessage(msg)) {
      none.push(serialized(msg.id));
      continue;
    }
    try {
      described.push(describe(msg));
    } catch (error) {
      note("warn", `a message could not be read: ${error}`);
    }
  }
  return { messages: described, none };
}

export async function acks({ ids }: { ids: string[] }): Promise<Array<{ id: string; ack: number }>> {
  await pause();
  return (await find(ids)).messages.map((msg) => ({ id: serialized(msg.id), ack: Number(msg.ack ?? 0) }));
}
