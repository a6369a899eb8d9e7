// `/api/sender/messages`: field names are the wire's.
import type { Timestamp } from '../api/types';
import type { MessageStateName } from '../ui/MessageState';

export interface Message {
  id: number;
  destinatario: string;
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

export const DIRECTIONS = ['todas', 'saliente', 'entrante'] as const;

export type Direction = (typeof DIRECTIONS)[number];

/** What the list is narrowed to; empty is all. */
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
