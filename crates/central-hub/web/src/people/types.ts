import type { Timestamp } from '../api/types';
import type { MessageStateName } from '../ui/MessageState';

export interface Message {
  id: number;
  direccion: 'entrante' | 'saliente';
  mensaje: string;
  estado: MessageStateName;
  fecha: Timestamp;
}

/** A row of `GET /api/contacts` */
export interface Contact {
  id: number;
  telefono: string | null;
  chat: string;
  nombre: string | null;
  nombre_whatsapp: string | null;
  etiquetas: string[];
  nota: string | null;
  baja: boolean;
  ultimo: Message | null;
}

export interface Address {
  direccion: string;
  telefono: string | null;
  /** Who told: `inbound`, `send`, `lookup`, `migration`, `hand`. */
  fuente: string;
}

/** `GET /api/contacts/{telefono}` */
export interface OneContact extends Contact {
  mensajes: Message[];
  desde_baja: { origen: 'mensaje' | 'persona'; por: string | null; fecha: Timestamp } | null;
  /** For whoever sees all businesses. */
  direcciones: Address[];
  negocios: { cliente_id: number; nombre: string | null; etiquetas: string[]; nota: string | null }[];
}

/** What is to change; what is left out stays. */
export interface Change {
  nombre: string;
  etiquetas: string[];
  nota: string;
}
