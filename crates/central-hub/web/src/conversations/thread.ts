import type { Dictionary } from '../i18n/es';
import { clockIn, type Day } from '../lib/days';
import { plainText } from '../lib/richText';
import type { Message } from './types';

/** A row of a conversation: the heading of a day, or a message of it. */
export type Row =
  | { key: string; day: Day; message?: never }
  | { key: number; day: Day; message: Message };

/** By zone; the day of each of thousands of messages, while it does not change. */
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

/** Returns the rows of messages, with the days of the business's zone. */
export function rowsOf(messages: readonly Message[], zone: string): Row[] {
  const rows: Row[] = [];
  for (const message of messages) {
    const day = dayOf(message, zone);
    if (rows.at(-1)?.day !== day) rows.push({ key: day, day });
    rows.push({ key: message.id, day, message });
  }
  return rows;
}

/** Height of a bubble of one line, with its foot. */
const LINE_PX = 65;
const NEXT_LINE_PX = 25;
const PICTURE_PX = 240;
const DAY_PX = 23;
const CHAR_PX = 7.3;

/**
 * Returns about how high a row is in a list of this width, until it is measured. The nearer, the
 * less is moved while one scrolls up: all below a row that is higher than this.
 */
export function heightOf(row: Row | undefined, width: number): number {
  if (!row?.message) return DAY_PX;
  const { mensaje, media, quoted } = row.message;
  // As in the style sheet: of a bubble, without its padding.
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

/** Returns the business of a reply: that of the newest message that has one. */
export const businessOf = (messages: readonly Message[]): number | null =>
  messages.findLast((one) => one.cliente_id !== null)?.cliente_id ?? null;

/**
 * Returns whether the text is the message's own; otherwise it repeats what is
 * drawn: a place, cards, a poll, an order or a choice.
 */
export const hasOwnText = (message: Message): boolean =>
  ['location', 'contacts', 'poll', 'order', 'selected'].every(
    (part) => message[part as keyof Message] === undefined,
  );

/** Returns the type of a message: a voice message that was sent from here is a sound to the hub. */
export const kindOf = ({ tipo, voz }: Message): string => (voz ? 'ptt' : tipo);

/** Returns a message in one line, for a list. */
export function summary(t: Dictionary, message: Message): string {
  const c = t.conversations.content;
  if (message.deleted_at !== undefined) return c.deleted;
  if (message.tipo === 'call') return message.video ? c.missedVideoCall : c.missedCall;
  const kind = kindText(t, kindOf(message));
  const name = message.media?.filename ?? message.archivo;
  const said = plainText(message.mensaje) || (message.tipo === 'document' ? name : '');
  return [kind, said].filter(Boolean).join(': ');
}

/** Returns the part of WhatsApp's id that is spelled the same everywhere. */
const keyOf = (messageId: string): string => messageId.split('_')[2] ?? messageId;

/** Returns the message with WhatsApp's id. */
export function withId(messages: readonly Message[], messageId: string): Message | undefined {
  const key = keyOf(messageId);
  return messages.find(({ message_id: id }) => id != null && keyOf(id) === key);
}

/** Returns whether only the quoted message's id is known. */
const isBare = ({ quoted }: Message): boolean =>
  quoted !== undefined && quoted.kind === undefined && quoted.text === undefined;

/**
 * Completes the quotes of own answers, of which the hub knows only whom they
 * quote, from the messages that are loaded.
 */
export function withQuotes(messages: readonly Message[]): readonly Message[] {
  if (!messages.some(isBare)) return messages;
  const byKey = new Map<string, Message>();
  for (const message of messages) {
    if (message.message_id != null) byKey.set(keyOf(message.message_id), message);
  }
  return messages.map((message) => {
    const { quoted } = message;
    const original = quoted && isBare(message) && byKey.get(keyOf(quoted.message_id));
    if (!quoted || !original) return message;
    const text = original.mensaje === '' ? {} : { text: original.mensaje };
    return { ...message, quoted: { ...quoted, kind: original.tipo, ...text } };
  });
}
