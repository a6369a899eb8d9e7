import { replaceEqualDeep } from '@tanstack/react-query';

import { isSame, mergerOf } from './pageChain';
import type { History, Message } from './types';

/** The known part of a conversation: from its end backwards, without a gap. */
export interface Known extends Omit<History, 'mensajes' | 'siguiente'> {
  /** In chronological order. */
  messages: readonly Message[];
  /** The newest of the hub's message ids; 0 without messages. */
  newest: number;
  /** Cursor of the older messages; null if there are none. */
  older: number | null;
}

/** WhatsApp's timestamps are in whole seconds; within a second, the order of recording applies. */
const secondOf = ({ fecha }: Message): number => Math.trunc(Date.parse(fecha) / 1000);

/** Sorts in chronological order, reading each timestamp once. */
function inOrder(messages: readonly Message[]): Message[] {
  return messages
    .map((message) => ({ message, second: secondOf(message) }))
    .sort((a, b) => a.second - b.second || a.message.id - b.message.id)
    .map(({ message }) => message);
}

/** Returns the lowest message id that a page covers: its cursor, or 0 on the last page. */
const floorOf = (cursor: number | null): number => cursor ?? 0;

/** Returns whether there may be messages between the known ones and the newest page. */
export const isApart = (known: Known | undefined, page: History): boolean =>
  known !== undefined && known.newest > 0 && floorOf(page.siguiente) > known.newest;

/**
 * Merges a page into the known messages. `before` is the cursor of the request; null for the
 * newest page. Within the ids that the page covers, messages missing in the page were deleted.
 * Other messages are kept, and an unchanged message stays the same object.
 */
export function merge(known: Known | undefined, page: History, before: number | null): Known {
  const { mensajes, siguiente, ...facts } = page;
  const floor = floorOf(siguiente);
  const ceiling = before ?? Infinity;
  const byId = new Map(known?.messages.map((one) => [one.id, one]));
  const fetched = mensajes.map((one) => replaceEqualDeep(byId.get(one.id), one));
  const others = (known?.messages ?? []).filter(({ id }) => id < floor || id >= ceiling);
  const all = inOrder([...others, ...fetched]);
  const messages = known && isSame(known.messages, all) ? known.messages : all;
  // Without messages nothing is known about the conversation, not even its start.
  const older = known && known.newest > 0 ? Math.min(floorOf(known.older), floor) : floor;
  return {
    // Keep the name and the counts of the newest page.
    ...(known && before !== null ? factsOf(known) : facts),
    messages,
    newest: messages.reduce((most, { id }) => Math.max(most, id), 0),
    older: older === 0 ? null : older,
  };
}

/** Merges pages, newest first, into the known messages. */
export const mergeAll = mergerOf(merge, isApart);

function factsOf({ telefono, chat, nombre, sin_leer, sin_responder_desde }: Known) {
  return { telefono, chat, nombre, sin_leer, sin_responder_desde };
}
