import { replaceEqualDeep } from '@tanstack/react-query';

import type { Page } from '../ui/pages';
import { isSame, mergerOf } from './pageChain';
import type { Conversation } from './types';

export type ConversationPage = Page<Conversation>;

/** The known part of the list of conversations: from its top down, without a gap. */
export interface KnownList {
  /** In the order of the list. */
  conversations: readonly Conversation[];
  /** Cursor of the conversations below; null if there are none. */
  below: number | null;
}

/** Returns the lowest place that a page covers: its cursor, or 0 on the last page. */
export const floorOf = ({ next }: ConversationPage): number => Number(next ?? 0);

/** Returns whether there may be conversations between the known ones and a page of the top. */
export const isApart = (known: KnownList | undefined, page: ConversationPage): boolean => {
  const top = known?.conversations[0];
  return top !== undefined && floorOf(page) > top.posicion;
};

/**
 * Merges a page into the known list. `before` is the cursor of the request; null for the top.
 * Within the places that the page covers, conversations missing in the page are gone or have
 * moved. Others are kept, and an unchanged conversation stays the same object.
 */
export function merge(known: KnownList | undefined, page: ConversationPage, before: number | null): KnownList {
  const floor = floorOf(page);
  const ceiling = before ?? Infinity;
  const byChat = new Map(known?.conversations.map((one) => [one.chat, one]));
  const fetched = page.items.map((one) => replaceEqualDeep(byChat.get(one.chat), one));
  const inPage = new Set(fetched.map(({ chat }) => chat));
  const others = (known?.conversations ?? []).filter(
    ({ chat, posicion }) => (posicion < floor || posicion >= ceiling) && !inPage.has(chat),
  );
  const all = [...others, ...fetched].sort((a, b) => b.posicion - a.posicion);
  const below = known ? Math.min(known.below ?? 0, floor) : floor;
  return {
    conversations: known && isSame(known.conversations, all) ? known.conversations : all,
    below: below === 0 ? null : below,
  };
}

/** Merges pages, from the top down, into the known list. */
export const mergeAll = mergerOf(merge, isApart);
