import type { Timestamp } from '../api/types';
import type { MessageStateName } from '../ui/MessageState';

export interface Message {
  id: number;
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
