import { describe, expect, it } from 'vitest';

import { isApart, merge, mergeAll, type Known } from './history';
import { inbound } from './message.fixture';
import type { History, Message } from './types';

const minute = (id: number) => new Date(Date.UTC(2026, 2, 31, 12, id)).toISOString();

const message = (id: number, part: Partial<Message> = {}): Message => inbound(id, { fecha: minute(id), ...part });

/** Builds a page as the hub returns it, newest message first. */
const page = (siguiente: number | null, ...mensajes: Message[]): History => ({
  telefono: '5491158254201',
  chat: '5491158254201@c.us',
  nombre: 'Ana',
  sin_leer: 0,
  sin_responder_desde: null,
  mensajes: mensajes.toReversed(),
  siguiente,
});

const messagesOf = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => message(from + n));
const ids = ({ messages }: Known) => messages.map(({ id }) => id);

/** Builds messages 31 to 60, fetched in two pages; older messages exist. */
const loaded = () => {
  const newest = merge(undefined, page(51, ...messagesOf(51, 60)), null);
  return merge(newest, page(31, ...messagesOf(31, 50)), 51);
};

describe('the known part of a conversation', () => {
  it('grows at both ends', () => {
    const known = loaded();
    expect(ids(known)).toEqual(messagesOf(31, 60).map(({ id }) => id));
    expect([known.newest, known.older]).toEqual([60, 31]);
    const after = merge(known, page(53, ...messagesOf(53, 62)), null);
    expect(ids(after)).toEqual(messagesOf(31, 62).map(({ id }) => id));
    expect([after.newest, after.older]).toEqual([62, 31]);
    const all = merge(after, page(null, ...messagesOf(1, 30)), 31);
    expect([ids(all).length, all.older]).toEqual([62, null]);
    // The newest page does not reset the reached start of the conversation.
    expect(merge(all, page(53, ...messagesOf(53, 62)), null).older).toBeNull();
  });

  it('is in the order of writing, despite late and repeated messages', () => {
    const late = message(9, { fecha: minute(1) });
    expect(ids(merge(undefined, page(null, message(8), late), null))).toEqual([9, 8]);
    const twice = merge(undefined, page(2, message(2), message(3)), null);
    expect(ids(merge(twice, page(null, message(1), message(2)), 3))).toEqual([1, 2, 3]);
    const second = [message(2, { fecha: '2026-03-31T12:00:00.900Z' }), message(1, { fecha: '2026-03-31T12:00:00.950Z' })];
    expect(ids(merge(undefined, page(null, ...second), null))).toEqual([1, 2]);
  });

  it('keeps unchanged messages as the same objects', () => {
    const known = loaded();
    const same = merge(known, page(51, ...messagesOf(51, 60)), null);
    expect(same.messages).toBe(known.messages);
    const changed = merge(known, page(51, ...messagesOf(51, 59), message(60, { estado: 'leido' })), null);
    expect(changed.messages.at(-1)?.estado).toBe('leido');
    expect(changed.messages.slice(0, -1).every((one, at) => one === known.messages[at])).toBe(true);
  });

  it('follows the hub for the ids of a page only', () => {
    const known = loaded();
    const middle = [...messagesOf(36, 41), message(42, { mensaje: 'editado' }), ...messagesOf(44, 45)];
    const after = merge(known, page(36, ...middle), 46);
    expect(ids(after)).toEqual(ids(known).filter((id) => id !== 43));
    expect(after.messages.find(({ id }) => id === 42)?.mensaje).toBe('editado');
    expect([after.newest, after.older]).toEqual([60, 31]);
    // A contact joined to this one adds messages in between.
    const joined = merge(known, page(51, ...messagesOf(51, 55), message(56), ...messagesOf(57, 60)), null);
    expect(ids(joined)).toEqual(ids(known));
    // All messages were deleted from the hub.
    const gone = merge(known, page(null), null);
    expect([ids(gone), gone.newest, gone.older]).toEqual([[], 0, null]);
  });

  it('detects a gap, which is filled or dropped', () => {
    const known = loaded();
    expect(isApart(known, page(61, ...messagesOf(61, 70)))).toBe(true);
    expect(isApart(known, page(60, ...messagesOf(60, 69)))).toBe(false);
    expect(isApart(known, page(null, ...messagesOf(61, 70)))).toBe(false);
    expect(isApart(undefined, page(61, ...messagesOf(61, 70)))).toBe(false);
    const empty = merge(undefined, page(null), null);
    expect(isApart(empty, page(61, ...messagesOf(61, 70)))).toBe(false);
    expect(merge(empty, page(61, ...messagesOf(61, 70)), null).older).toBe(61);
    // The pages fill the gap, with the same result as receiving all messages one by one.
    const pages = [
      { page: page(66, ...messagesOf(66, 75)), before: null },
      { page: page(56, ...messagesOf(56, 65)), before: 66 },
    ];
    expect(ids(mergeAll(known, pages))).toEqual(messagesOf(31, 75).map(({ id }) => id));
    // The gap is too wide, so the known messages are dropped.
    const again = mergeAll(known, pages.slice(0, 1));
    expect([ids(again)[0], again.older]).toEqual([66, 66]);
  });

  it('has the name and counts of the newest page', () => {
    const known = merge(loaded(), { ...page(51, ...messagesOf(51, 60)), sin_leer: 3 }, null);
    const after = merge(known, { ...page(11, ...messagesOf(11, 30)), nombre: null, sin_leer: 0 }, 31);
    expect([after.nombre, after.sin_leer]).toEqual(['Ana', 3]);
  });
});
