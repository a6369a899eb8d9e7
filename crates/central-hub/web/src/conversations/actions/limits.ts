import type { MessageStateName } from '../../ui/MessageState';
import type { Message } from '../types';

/** WhatsApp's time limits; the service enforces them as well. */
const EDIT_MS = 15 * 60_000;
const DELETE_MS = 60 * 3_600_000;

/** States in which WhatsApp has the message. */
const SENT: ReadonlySet<MessageStateName> = new Set(['enviado', 'entregado', 'leido', 'reproducido']);
/** Types whose text or caption WhatsApp allows to edit. */
const EDITABLE: ReadonlySet<string> = new Set(['text', 'chat', 'image', 'video', 'document']);

const isPresent = ({ message_id: id, deleted_at: deleted }: Message): boolean =>
  id != null && deleted === undefined;

const isOwn = (message: Message): boolean =>
  message.direccion === 'saliente' && SENT.has(message.estado) && isPresent(message);

const age = ({ fecha }: Message, now: number): number => now - Date.parse(fecha);

/** Returns whether a message can be answered. */
export const canAnswer = (message: Message): boolean =>
  message.direccion === 'saliente' ? isOwn(message) : isPresent(message) && message.tipo !== 'call';

/** Returns whether a message can have reactions. */
export const canReact = (message: Message): boolean => canAnswer(message) && message.tipo !== 'reaction';

/** Returns the account's own reaction to a message; `undefined` if it has none. */
export const ownReaction = ({ reactions, chat }: Message): string | undefined =>
  reactions?.find(({ from }) => from !== chat)?.emoji;

/** Returns whether WhatsApp still allows to edit a message. */
export const canEdit = (message: Message, now: number): boolean =>
  isOwn(message) && EDITABLE.has(message.tipo) && message.mensaje !== '' && age(message, now) < EDIT_MS;

/** Returns whether WhatsApp still allows to delete a message for everyone. */
export const canDelete = (message: Message, now: number): boolean =>
  isOwn(message) && message.tipo !== 'reaction' && age(message, now) < DELETE_MS;
