import type { Timestamp } from '../api/types';
import type { MessageStateName } from '../ui/MessageState';
import type { RecipientStateName } from '../ui/RecipientBadge';

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

/** A campaign that has the contact among its recipients. */
export interface ContactCampaign {
  id: number;
  nombre: string;
  /** The contact's state in the campaign. */
  estado: RecipientStateName;
  /** When that state last changed. */
  fecha: Timestamp;
}

/** `GET /api/contacts/{telefono}` */
export interface ContactDetails extends Contact {
  mensajes: Message[];
  /** The newest first, at most five. */
  campanias: ContactCampaign[];
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
