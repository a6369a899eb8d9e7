// `GET /api/overview`: field names are those of the API.
import type { LimitsEvent, PauseReason, SessionState, Timestamp } from '../api/types';
import type { Day } from '../lib/days';

export interface Today {
  enviados: number;
  entregados: number;
  leidos: number;
  fallidos: number;
  simulados: number;
  cancelados: number;
  recibidos: number;
  en_espera: number;
}

/** The last seven days, ending today. */
export interface Week {
  dias: { dia: Day; enviados: number; entregados: number; leidos: number; recibidos: number }[];
  /** Number of people who wrote in these days, after a message was sent to them. */
  respondieron: number;
}

/** The fields of a campaign on this screen. */
export interface Campaign {
  id: number;
  nombre: string;
  estado: string;
  simulacion: boolean | null;
  total: number;
  pendientes: number;
  en_cola: number;
  fallidos: number;
  motivo_pausa: PauseReason | null;
  espera: { codigo: string; hasta: Timestamp | null } | null;
}

export interface UnderWay extends Campaign {
  previsto_fin: Timestamp | null;
}

export interface WindowOfToday {
  programacion_id: number;
  campania_id: number;
  campania_nombre: string;
  hora_inicio: string;
  hora_fin: string;
  inicio: Timestamp;
  fin: Timestamp;
  cupo_diario: number | null;
  usados: number;
}

interface List<T> {
  total: number;
  items: T[];
}

export interface AttentionBody {
  fallidos: number;
  campanias_pausadas: List<Campaign>;
  programaciones: List<{ id: number; campania_id: number; campania_nombre: string }>;
  importaciones: { campania_id: number; campania_nombre: string; importacion_id: number }[];
  /** Only sent to administrators. */
  webhooks:
    | { id: number; nombre: string; descartadas: number; hay_mas: boolean; motivo: string | null }[]
    | null;
  posibles_bajas: number;
  grabacion: boolean;
}

export interface Reply {
  id: number;
  telefono: string | null;
  chat: string;
  nombre: string | null;
  mensaje: string;
  fecha: Timestamp;
}

export interface Overview {
  ahora: Timestamp;
  zona: string;
  dia: Day;
  dry_run: boolean;
  auto_campaigns_enabled: boolean;
  sesion: {
    servicio: 'up' | 'down';
    estado: SessionState | null;
    codigo: string | null;
    limites: LimitsEvent | null;
  };
  hoy: Today;
  semana: Week;
  campanias: List<UnderWay>;
  programaciones: WindowOfToday[];
  atencion: AttentionBody;
  respuestas: Reply[];
  /** Whether there is any, of whatever day. */
  hay: { mensajes: boolean; campanias: boolean };
}
