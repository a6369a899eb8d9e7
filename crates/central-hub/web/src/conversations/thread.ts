import type { Dictionary } from '../i18n/es';
import { clockIn, type Day } from '../lib/days';
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
