// `/api/sender/messages`: field names are those of the API.
import type { Timestamp } from '../api/types';
import type { MessageStateName } from '../ui/MessageState';

export interface Message {
  id: number;
  destinatario: string;
  nombre?: string;
  mensaje: string;
  estado: MessageStateName;
  fecha: Timestamp;
  actualizado: Timestamp;
  cliente_id?: number;
  campañaId?: number;
  tipo: string;
  message_id?: string;
  intentos: number;
  error?: string;
  motivo?: string;
  /** Since when the message has waited for a user's decision. */
  sin_decidir_desde?: Timestamp;
  dry_run?: boolean;
}

export interface MessageStep {
  de?: string;
  a: string;
  causa: string;
  detalle?: string;
  fecha: Timestamp;
}

export interface MessageWithHistory extends Message {
  historial: MessageStep[];
}

/** The user's decision after checking the chat. */
export type Decision = 'llego' | 'reintentar' | 'abandonar';

export const DIRECTIONS = ['todas', 'saliente', 'entrante'] as const;

export type Direction = (typeof DIRECTIONS)[number];

/** The filter of the list; an empty value means all. */
export interface Filter {
  estado: string;
  direccion: Direction;
  destinatario: string;
  campania_id: string;
  cliente_id: string;
  desde: string;
  hasta: string;
  buscar: string;
}
