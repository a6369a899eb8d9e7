// Searches the page's own message store for messages that were missed.
// After a reload most of it is not in memory, but in the page's database.
//
//   chats ──> which changed ──> search, chat by chat, from its end backwards ─┐
//   memory ─> what the page holds and its database may not hold (yet) ────────┴─> messages
//
// The service keeps the place: a call works for its budget and says where to go
// on. One search runs at a time; one that is asked for ends the one before.

import { note } from "./channel";
import { BridgeError } from "./errors";
import { tools } from "./lookup";
import { CHATS, attachMessages, describe, isMessage } from "./messages";
import { Slice, pause } from "./pause";
import { type Model, attempt, pageModule, serialized } from "./wa";

export interface ChatsArgs {
  /** Chats with a message from this second on. */
  since: number;
}

export interface SearchArgs {
  chat: string;
  /** Messages from this second on. */
  since: number;
  /** The message to go on at, beside which none was given yet; the chat's end
   * by default. */
  anchor: string | null;
  direction: "before" | "after";
  /** So long it may take, in milliseconds. */
  budget_ms: number;
}

interface Found {
  /** In the order of the page's database. */
  messages: object[];
  /** Where to go on; `null` where there is no more. */
  next: string | null;
  /** The message that the search began at in place of the chat's end: there may
   * be messages after it. */
  began_at: string | null;
  /** The page knows none of the messages to begin at: what there is, is not
   * known. */
  lost: boolean;
}

export interface MemoryArgs {
  since: number;
  limit: number;
  /** That of an earlier look; if it still holds, there is nothing new. */
  mark: string;
}

interface Remembered {
  ids: Array<[string, number]>;
  more: boolean;
  mark: string;
}

/** Messages of one chat read at a time: the page processes them in one task. */
const AT_ONCE = 50;
/** Maximum number of messages per result. */
const GIVEN = 250;
/** Messages tried as anchors to find a chat. */
const ANCHORS = 10;

export const time = (msg: Model | undefined): number => Number(msg?.t ?? 0);
const models = (collection: any): Model[] => attempt<Model[]>(() => collection.getModelsArray(), []);

let latest = 0;
let turn: Promise<unknown> = Promise.resolve();

/** Runs `work` once the search before it has ended, which it is made to. */
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

/** Ids of the chats that changed, and when, the latest last. */
export function chats({ since }: ChatsArgs): Promise<Array<[string, number]>> {
  return alone(async (check) => {
    const WPP = tools();
    // Subscribe first: what comes while this runs is not missed.
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
      // One without a time is looked at, too.
      if (last === 0 || last >= since) changed.push({ id, last, row });
    }
    changed.sort((a, b) => a.last - b.last || a.row - b.row);
    return changed.map(({ id, last }) => [id, last]);
  });
}

interface Beside {
  messages: Model[];
  /** The anchor is not in the page's database. */
  unknown: boolean;
}

/** The page's own search of its database. wa-js has one, too, but does not say
 * that a message was not found: to it that looks like the end. */
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

/** Whether the page takes a chat in place of a message to begin at: then a
 * chat's end that has nothing before it is the end of an empty chat. */
let takesChats = false;

/** Messages that a chat may be found by, the latest first. */
function anchorsOf(chat: Model): string[] {
  const inMemory = models(chat.msgs).slice(-ANCHORS).reverse();
  const ids = [...inMemory.map((msg) => serialized(msg.id)), serialized(chat.lastReceivedKey)];
  return [...new Set(ids)].filter(Boolean);
}

/** The last messages of a chat, and where they were found. */
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

/** A row of the page's database, as the model that it would be in memory. */
function model(WPP: any, row: Model): Model {
  const { MsgModel, MsgStore } = WPP.whatsapp;
  const known = attempt<any>(() => MsgStore.get(serialized(row.id)), null);
  // A row that the page cannot make a model of has its text all the same.
  return known ?? attempt<any>(() => (row instanceof MsgModel ? row : new MsgModel(row)), row);
}

/** Messages of a chat from `since` on, as many as the budget allows. */
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
      // It may be short of some that the page does not show: only an empty one
      // is the end.
      const edge = direction === "before" ? page.messages[0] : page.messages.at(-1);
      const told: object[] = [];
      for (const row of page.messages) {
        if (time(row) < since || !isMessage(row)) continue;
        told.push(describe(model(WPP, row)));
        if (slice.over()) await slice.next();
      }
      if (direction === "before") pages.unshift(told);
      else pages.push(told);
      given += told.length;
      // Rows stand in the order in which they came, which need not be that of
      // their times: all of the page has to be too old.
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

/** Changes with every message that is added, told or not. */
function memoryMark(messages: Model[]): string {
  return `${messages.length} ${serialized(messages.at(-1)?.id)}`;
}

/** Ids of the messages in memory from `since` on, the oldest first. */
export function memory({ since, limit, mark }: MemoryArgs): Promise<Remembered> {
  return alone(async (check) => {
    const WPP = tools();
    attachMessages();
    const messages = models(WPP.whatsapp.MsgStore);
    const now = memoryMark(messages);
    if (mark === now) return { ids: [], more: false, mark: now };
    type Entry = { id: string; at: number; row: number };
    // Within a second, rows keep the order in which they came.
    const inOrder = (a: Entry, b: Entry): number => a.at - b.at || a.row - b.row;
    let found: Entry[] = [];
    let more = false;
    // Never more than twice of what is given: there may be very many.
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

/** These messages, in this order, as far as the page has them. */
async function find(ids: string[]): Promise<Model[]> {
  return (await stored(ids)).filter((msg) => msg !== undefined);
}

/** The same, with a hole for each that the page does not have. */
export async function stored(ids: string[]): Promise<Array<Model | undefined>> {
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
    // One by one; wa-js throws for what is not there.
    for (const id of missing) keep(await WPP.chat.getMessageById(id).catch(() => null));
  }
  return ids.map((id) => known.get(id));
}

export async function read({ ids }: { ids: string[] }): Promise<unknown[]> {
  const messages = await find(ids);
  const slice = new Slice();
  const told: unknown[] = [];
  for (const msg of messages) {
    if (slice.over()) await slice.next();
    try {
      told.push(describe(msg));
    } catch (error) {
      note("warn", `a message could not be read: ${error}`);
    }
  }
  return told;
}

export async function acks({ ids }: { ids: string[] }): Promise<Array<{ id: string; ack: number }>> {
  await pause();
  return (await find(ids)).map((msg) => ({ id: serialized(msg.id), ack: Number(msg.ack ?? 0) }));
}
