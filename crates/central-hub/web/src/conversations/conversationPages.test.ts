import { describe, expect, it } from 'vitest';

import { isApart, merge, mergeAll, type ConversationPage, type KnownList } from './conversationPages';
import { inbound } from './message.fixture';
import type { Conversation } from './types';

/** A conversation at this place of the list; `chat` is named after the place it had at first. */
const conversation = (posicion: number, chat = `${posicion}@c.us`): Conversation => ({
  telefono: null,
  chat,
  nombre: null,
  sin_leer: 0,
  sin_responder_desde: null,
  posicion,
  ultimo: inbound(posicion),
});

/** The conversations with these places, from the higher to the lower one. */
const from = (high: number, low: number) =>
  Array.from({ length: high - low + 1 }, (_, n) => conversation(high - n));
const page = (next: number | null, ...items: Conversation[]): ConversationPage => ({ items, next });
const places = ({ conversations }: KnownList) => conversations.map(({ posicion }) => posicion);

/** Places 100 to 61, fetched in two pages; there are more below. */
const loaded = () => merge(merge(undefined, page(91, ...from(100, 91)), null), page(61, ...from(90, 61)), 91);

describe('the known part of the list of conversations', () => {
  it('grows downwards to its end', () => {
    const known = loaded();
    expect(places(known)).toEqual(from(100, 61).map(({ posicion }) => posicion));
    expect(known.below).toBe(61);
    const all = merge(known, page(null, ...from(60, 1)), 61);
    expect([all.conversations.length, all.below]).toEqual([100, null]);
    // The top page does not reset the reached end.
    expect(merge(all, page(91, ...from(100, 91)), null).below).toBeNull();
  });

  it('has each conversation once, where it is now', () => {
    const moved = conversation(101, '70@c.us');
    const after = merge(loaded(), page(92, moved, ...from(100, 92)), null);
    expect(after.conversations[0]).toEqual(moved);
    expect(after.conversations.filter(({ chat }) => chat === '70@c.us')).toHaveLength(1);
    // Place 91 is below the new top page, and is kept.
    expect(places(after)).toEqual([101, ...from(100, 61).map(({ posicion }) => posicion)].filter((place) => place !== 70));
  });

  it('drops what is gone from the places that a page covers, and nothing else', () => {
    const after = merge(loaded(), page(71, ...from(80, 75), ...from(73, 71)), 81);
    expect(places(after)).toEqual(from(100, 61).map(({ posicion }) => posicion).filter((place) => place !== 74));
  });

  it('keeps unchanged conversations as the same objects', () => {
    const known = loaded();
    expect(merge(known, page(91, ...from(100, 91)), null).conversations).toBe(known.conversations);
    const read = { ...conversation(95), sin_leer: 2 };
    const after = merge(known, page(91, ...from(100, 96), read, ...from(94, 91)), null);
    expect(after.conversations.flatMap((one, at) => (one === known.conversations[at] ? [] : [one.posicion]))).toEqual([95]);
  });

  it('begins anew where the pages do not reach what is known', () => {
    const known = loaded();
    const far = page(191, ...from(200, 191));
    expect(isApart(known, far)).toBe(true);
    const anew = mergeAll(known, [{ page: far, before: null }]);
    expect([places(anew).at(-1), anew.below]).toEqual([191, 191]);
    const bridge = page(95, ...from(190, 95));
    const whole = mergeAll(known, [{ page: far, before: null }, { page: bridge, before: 191 }]);
    expect([places(whole).length, whole.below]).toEqual([140, 61]);
  });
});
