// The page's own store of messages, searched for what nobody was told of.
// After a reload most of it is not in memory: wa-js reads it from the profile.

import { note } from "./channel";
import { tools } from "./lookup";
import { attachMessages, describe, isMessage } from "./messages";
import { type Model, attempt, serialized } from "./wa";

export interface ScanArgs {
  /** Messages from this second on. */
  since: number;
  /** Also what is not in memory. */
  deep: boolean;
  limit: number;
  /** That of an earlier search; if it still holds, there is nothing new. */
  mark: string;
}

interface Found {
  ids: Array<[string, number]>;
  more: boolean;
  failed: number;
  mark: string;
}

/** So many messages of one chat are read at once. */
const AT_ONCE = 50;

const time = (msg: Model | undefined): number => Number(msg?.t ?? 0);
const models = (collection: any): Model[] => attempt<Model[]>(() => collection.getModelsArray(), []);

/** Changes with every message that is added, told or not. */
function memoryMark(WPP: any): string {
  const messages = models(WPP.whatsapp.MsgStore);
  return `${messages.length} ${serialized(messages.at(-1)?.id)}`;
}

/** A chat's stored messages from `since` on, and some before. */
async function* stored(WPP: any, chat: Model, since: number): AsyncGenerator<Model[]> {
  const inMemory = models(chat.msgs);
  const newest = inMemory.reduce<Model | undefined>((a, b) => (a && time(a) > time(b) ? a : b), undefined);
  const anchor = serialized(newest?.id) || serialized(chat.lastReceivedKey);
  if (!anchor) return;
  yield newest ? inMemory : await find([anchor]);
  for (const direction of ["after", "before"]) {
    let id = anchor;
    for (;;) {
      const page: Model[] = await WPP.chat.getMessages(chat.id, { count: AT_ONCE, direction, id });
      yield page;
      if (page.length < AT_ONCE) break;
      const edge = page.reduce((a, b) => (direction === "after" ? time(b) >= time(a) : time(b) < time(a)) ? b : a);
      const next = serialized(edge.id);
      if (next === id || (direction === "before" && time(edge) < since)) break;
      id = next;
    }
  }
}

function changedSince(chat: Model, since: number): boolean {
  if (!/@(c\.us|lid|g\.us)$/.test(serialized(chat.id))) return false;
  const last = Math.max(time(chat), ...models(chat.msgs).map(time));
  return last === 0 || last >= since;
}

/** Ids of the messages from `since` on, the oldest first. */
export async function scan({ since, deep, limit, mark }: ScanArgs): Promise<Found> {
  const WPP = tools();
  // Listening first: what comes while this runs is heard.
  attachMessages();
  const now = memoryMark(WPP);
  if (mark === now) return { ids: [], more: false, failed: 0, mark: now };
  const found = new Map<string, { at: number; row: number }>();
  const take = (msg: Model): void => {
    const id = serialized(msg?.id);
    if (time(msg) < since || !isMessage(msg) || found.has(id)) return;
    found.set(id, { at: time(msg), row: Number(msg.rowId ?? 0) });
  };
  models(WPP.whatsapp.MsgStore).forEach(take);
  let failed = 0;
  if (deep) {
    for (const chat of models(WPP.whatsapp.ChatStore)) {
      if (!changedSince(chat, since)) continue;
      try {
        for await (const messages of stored(WPP, chat, since)) messages.forEach(take);
      } catch (error) {
        if (failed++ === 0) note("warn", `a chat could not be read: ${error}`);
      }
    }
  }
  // Within a second, rows keep the order in which they came.
  const all = [...found].sort(([, a], [, b]) => a.at - b.at || a.row - b.row);
  const ids = all.slice(0, limit).map(([id, { at }]): [string, number] => [id, at]);
  return { ids, more: all.length > limit, failed, mark: now };
}

/** These messages, in this order, as far as the page has them. */
async function find(ids: string[]): Promise<Model[]> {
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
  return ids.map((id) => known.get(id)).filter((msg) => msg !== undefined);
}

export async function read({ ids }: { ids: string[] }): Promise<unknown[]> {
  return (await find(ids)).map(describe);
}

export async function acks({ ids }: { ids: string[] }): Promise<Array<{ id: string; ack: number }>> {
  return (await find(ids)).map((msg) => ({ id: serialized(msg.id), ack: Number(msg.ack ?? 0) }));
}
