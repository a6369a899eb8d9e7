import { replaceEqualDeep } from '@tanstack/react-query';

import type { History, Message } from './types';

/** What is known of a conversation: its end, without a gap, as far back as it was asked for. */
export interface Known extends Omit<History, 'mensajes' | 'siguiente'> {
  /** In chronological order. */
  messages: readonly Message[];
  /** The hub's newest id among them; 0 if there are none. */
  newest: number;
  /** Cursor of the older ones; null if there are none. */
  older: number | null;
}

/** WhatsApp timestamps have seconds; within one, the order of recording applies. */
const secondOf = ({ fecha }: Message): number => Math.trunc(Date.parse(fecha) / 1000);

/** Sorts in chronological order, reading each timestamp once. */
function inOrder(messages: readonly Message[]): Message[] {
  return messages
    .map((message) => ({ message, second: secondOf(message) }))
    .sort((a, b) => a.second - b.second || a.message.id - b.message.id)
    .map(({ message }) => message);
}

/** The end of the ids that a page covers: its cursor, or the first of all. */
const floorOf = (cursor: number | null): number => cursor ?? 0;

/** Returns whether there may be messages between what is known and the page, which has the newest. */
export const isApart = (known: Known | undefined, page: History): boolean =>
  known !== undefined && known.newest > 0 && floorOf(page.siguiente) > known.newest;

/**
 * Returns what is known once `page` was fetched, from the cursor `before` (null: the newest).
 * The hub is right about the ids that the page covers: what it no longer has there is gone. The
 * others stay as they are, and a message that did not change is the same object as before.
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
  // Of a conversation without messages nothing is known, not even its start.
  const older = known && known.newest > 0 ? Math.min(floorOf(known.older), floor) : floor;
  return {
    // An older page of another's contact names nobody.
    ...(known && before !== null ? factsOf(known) : facts),
    messages,
    newest: messages.reduce((most, { id }) => Math.max(most, id), 0),
    older: older === 0 ? null : older,
  };
}

/** A page, and the cursor that it was fetched with; null is the newest. */
export interface Fetched {
  page: History;
  before: number | null;
}

/**
 * Returns what is known once `pages` were fetched, from the newest on. If they do not reach what
 * was known, that is dropped: a conversation is shown without a gap.
 */
export function mergeAll(known: Known | undefined, pages: readonly Fetched[]): Known {
  const reaches = pages.some(({ page }) => !isApart(known, page));
  const [first, ...rest] = pages;
  if (!first) throw new TypeError('no page was fetched');
  return rest.reduce(
    (all, { page, before }) => merge(all, page, before),
    merge(reaches ? known : undefined, first.page, first.before),
  );
}

function factsOf({ telefono, chat, nombre, sin_leer, sin_responder_desde }: Known) {
  return { telefono, chat, nombre, sin_leer, sin_responder_desde };
}

const isSame = (some: readonly Message[], others: readonly Message[]): boolean =>
  some.length === others.length && some.every((one, at) => one === others[at]);
