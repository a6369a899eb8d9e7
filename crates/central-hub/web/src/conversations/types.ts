import type { Timestamp } from '../api/types';
import type { MessageStateName } from '../ui/MessageState';

/** The file of a message, as described by the sender. */
export interface Media {
  mime: string;
  /** In bytes. */
  size?: number;
  filename?: string;
  seconds?: number;
  width?: number;
  height?: number;
  /** A small JPEG as a data URL. */
  thumbnail?: string;
  /** `gone`: neither WhatsApp nor the hub has the file any more. */
  state: 'remote' | 'gone';
}

export interface Quoted {
  /** WhatsApp's id, whose middle part may be spelled differently. */
  message_id: string;
  from_me: boolean;
  /** WhatsApp's type; `chat` is text. */
  kind?: string;
  text?: string;
}

export interface Place {
  latitude: number;
  longitude: number;
  name?: string;
  address?: string;
  live?: boolean;
}

export interface Card {
  name: string;
  phones: { number: string; whatsapp?: string }[];
  emails?: string[];
  organization?: string;
}

export interface Poll {
  name: string;
  options: string[];
  multiple: boolean;
}

export interface Order {
  title?: string;
  items?: number;
  total?: number;
  currency?: string;
}

/** The chosen entry of buttons or a list. */
export interface Selected {
  text: string;
  description?: string;
}

/** The advertisement through which the contact came. */
export interface Ad {
  source?: string;
  title?: string;
  text?: string;
  url?: string;
}

/** An earlier text of an edited message, and when it was replaced. */
export interface Edit {
  text: string;
  at: Timestamp;
}

export interface Reaction {
  emoji: string;
  /** The message's `chat` for the contact's reaction, `me` for the account's own. */
  from: string;
  at: Timestamp;
}

/** A message's content in addition to its text, and later changes. */
export interface Content {
  media?: Media;
  /** The URL of the file, if the hub serves it. */
  media_url?: string;
  quoted?: Quoted;
  location?: Place;
  contacts?: Card[];
  poll?: Poll;
  order?: Order;
  selected?: Selected;
  ad?: Ad;
  /** Can be viewed once, and only on the phone. */
  view_once?: boolean;
  forwarded?: boolean;
  /** For a call, whether it was a video call. */
  video?: boolean;
  /** The earlier texts, oldest first. */
  edits?: Edit[];
  /** When the message was deleted for everyone. */
  deleted_at?: Timestamp;
  reactions?: Reaction[];
}

export interface Message extends Content {
  id: number;
  /** WhatsApp's id. */
  message_id?: string | null;
  direccion: 'entrante' | 'saliente';
  telefono: string | null;
  chat: string;
  nombre: string | null;
  /** `text`, or another WhatsApp type. */
  tipo: string;
  /** The text, or the caption. */
  mensaje: string;
  estado: MessageStateName;
  cliente_id: number | null;
  campañaId: number | null;
  fecha: Timestamp;
  error?: string;
  /** The name of a file sent from here. */
  archivo?: string;
  /** Whether it is a voice message sent from here. */
  voz?: boolean;
}

/** A row of `GET /api/listener/conversations` */
export interface Conversation {
  telefono: string | null;
  chat: string;
  nombre: string | null;
  /** Number of the contact's messages that this user has not read. */
  sin_leer: number;
  /** When the contact's first unanswered message was written. */
  sin_responder_desde: Timestamp | null;
  /** Place in the list, which falls from one conversation to the next. */
  posicion: number;
  ultimo: Message;
}

/** `GET /api/listener/history/{telefono}` */
export interface History {
  telefono: string | null;
  chat: string;
  nombre: string | null;
  sin_leer: number;
  sin_responder_desde: Timestamp | null;
  mensajes: Message[];
  siguiente: number | null;
}

/** `POST /api/sender/messages/send` */
export interface Sent {
  id: number;
  estado: MessageStateName;
  dry_run?: boolean;
}
