import type { Dictionary } from '../i18n/es';
import { clockIn, type Day } from '../lib/days';
import { plainText } from '../lib/richText';
import type { History, Message } from './types';

/** WhatsApp timestamps have seconds; within one, the order of recording applies. */
const secondOf = ({ fecha }: Message): number => Math.trunc(Date.parse(fecha) / 1000);

/** Returns all loaded messages in chronological order, without duplicates. */
export function inOrder(pages: readonly History[]): Message[] {
  const byId = new Map(pages.flatMap((page) => page.mensajes).map((one) => [one.id, one]));
  return [...byId.values()].sort(
    (a, b) => secondOf(a) - secondOf(b) || a.id - b.id,
  );
}

export interface DayOfMessages {
  day: Day;
  messages: Message[];
}

/** Groups messages by the days of the business's zone. */
export function byDay(messages: readonly Message[], zone: string): DayOfMessages[] {
  const days: DayOfMessages[] = [];
  for (const message of messages) {
    const { day } = clockIn(Date.parse(message.fecha), zone);
    const last = days.at(-1);
    if (last?.day === day) last.messages.push(message);
    else days.push({ day, messages: [message] });
  }
  return days;
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

/**
 * Completes the quotes of own answers, of which the hub knows only whom they
 * quote, from the messages that are loaded.
 */
export const withQuotes = (messages: Message[]): Message[] =>
  messages.map((message) => {
    const { quoted } = message;
    if (!quoted || quoted.kind !== undefined || quoted.text !== undefined) return message;
    const original = withId(messages, quoted.message_id);
    if (!original) return message;
    const text = original.mensaje === '' ? {} : { text: original.mensaje };
    return { ...message, quoted: { ...quoted, kind: original.tipo, ...text } };
  });
