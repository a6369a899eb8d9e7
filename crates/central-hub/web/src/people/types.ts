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
  /** The source of the address: `inbound`, `send`, `lookup`, `migration`, `hand`. */
  fuente: string;
}

/** `GET /api/contacts/{telefono}` */
export interface ContactDetails extends Contact {
  mensajes: Message[];
  desde_baja: { origen: 'mensaje' | 'persona'; por: string | null; fecha: Timestamp } | null;
  /** Only for users with access to all businesses. */
  direcciones: Address[];
  negocios: { cliente_id: number; nombre: string | null; etiquetas: string[]; nota: string | null }[];
}

/** Changes to a contact; omitted fields are kept. */
export interface Change {
  nombre: string;
  etiquetas: string[];
  nota: string;
}
