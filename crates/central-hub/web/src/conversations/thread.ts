import type { Dictionary } from '../i18n/es';
import { codeText } from '../i18n/lookup';
import { clockIn, type Day } from '../lib/days';
import { plainText } from '../lib/richText';
import type { Message } from './types';

/** A row of a conversation: the heading of a day, or a message. */
export type Row =
  | { key: string; day: Day; message?: never }
  | { key: number; day: Day; message: Message };

/** Cache of each message's day, by zone: a conversation has thousands of messages. */
const daysOf = new Map<string, WeakMap<Message, Day>>();

function dayOf(message: Message, zone: string): Day {
  let days = daysOf.get(zone);
  if (!days) daysOf.set(zone, (days = new WeakMap()));
  let day = days.get(message);
  if (day === undefined) {
    ({ day } = clockIn(Date.parse(message.fecha), zone));
    days.set(message, day);
  }
  return day;
}

/** Returns the rows for messages, divided into days of the business's zone. */
export function rowsOf(messages: readonly Message[], zone: string): Row[] {
  const rows: Row[] = [];
  for (const message of messages) {
    const day = dayOf(message, zone);
    if (rows.at(-1)?.day !== day) rows.push({ key: day, day });
    rows.push({ key: message.id, day, message });
  }
  return rows;
}

/** Returns how many messages of the contact were stored after the one with this id. */
export const countInboundAfter = (messages: readonly Message[], id: number): number =>
  messages.reduce((sum, one) => sum + (one.id > id && one.direccion === 'entrante' ? 1 : 0), 0);

/** Height of a bubble with message line and its footer. */
const LINE_PX = 65;
const NEXT_LINE_PX = 25;
const PICTURE_PX = 240;
const DAY_PX = 23;
const CHAR_PX = 7.3;

/**
 * Estimates the height of a row in a list of this width, until the row is measured. A good estimate
 * reduces jumps while scrolling up, since a wrong message moves all rows below.
 */
export function heightOf(row: Row | undefined, width: number): number {
  if (!row?.message) return DAY_PX;
  const { mensaje, media, quoted } = row.message;
  // The width of a bubble without padding, as in the style sheet.
  const inLine = Math.max(10, (Math.min(0.85 * (width - 32), 560) - 24) / CHAR_PX);
  const lines = mensaje.split('\n').reduce((sum, line) => sum + Math.ceil(line.length / inLine), 0);
  const isHigh = media !== undefined && /^(image|video)\//.test(media.mime);
  return LINE_PX + NEXT_LINE_PX * Math.max(0, lines - 1 + (quoted ? 2 : 0)) + (isHigh ? PICTURE_PX : 0);
}

/** Returns the label of a message's type; null for text. */
export function kindText(t: Dictionary, kind: string): string | null {
  if (kind === 'text') return null;
  return Object.hasOwn(t.conversations.kinds, kind)
    ? (t.conversations.kinds[kind] ?? null)
    : t.conversations.otherKind(kind);
}

/** Returns the business to reply for: that of the newest message with a business. */
export const businessOf = (messages: readonly Message[]): number | null =>
  messages.findLast((message) => message.cliente_id !== null)?.cliente_id ?? null;

/**
 * Returns whether the message's text adds to its content; otherwise the text repeats what is
 * rendered: a location, cards, a poll, an order or a choice.
 */
export const hasOwnText = (message: Message): boolean =>
  ['location', 'contacts', 'poll', 'order', 'selected'].every(
    (part) => message[part as keyof Message] === undefined,
  );

/** Returns the type of a message. For a voice message sent from here the hub stores `audio`. */
export const kindOf = ({ tipo, voz }: Message): string => (voz ? 'ptt' : tipo);

/** Describes a message in message line, for a list. */
export function summary(t: Dictionary, message: Message): string {
  const c = t.conversations.content;
  if (message.deleted_at !== undefined) return c.deleted;
  if (message.tipo === 'call') return message.video ? c.missedVideoCall : c.missedCall;
  const kind = kindText(t, kindOf(message));
  const name = message.media?.filename ?? message.archivo;
  const said = plainText(message.mensaje) || (message.tipo === 'document' ? name : '');
  return [kind, said].filter(Boolean).join(': ');
}

/** Explains why a message failed; `null` if it did not. */
export function failureText(t: Dictionary, { error, archivo, media }: Message): string | null {
  if (!error) return null;
  // Of a message with a file, it is the file that is not valid.
  const isFile = archivo !== undefined || media !== undefined;
  if (isFile && error === 'INVALID_REQUEST') return t.conversations.attach.refused;
  return codeText(t, error, error);
}

/** Returns the part of a WhatsApp id that is the same in all its spellings. */
const keyOf = (messageId: string): string => messageId.split('_')[2] ?? messageId;

/** Returns the message with this WhatsApp id. */
export function withId(messages: readonly Message[], messageId: string): Message | undefined {
  const key = keyOf(messageId);
  return messages.find(({ message_id: id }) => id != null && keyOf(id) === key);
}

/** A message by the hub's id, or by WhatsApp's. */
export type Target = number | string;

export const findTarget = (messages: readonly Message[], target: Target): Message | undefined =>
  typeof target === 'string' ? withId(messages, target) : messages.find(({ id }) => id === target);
