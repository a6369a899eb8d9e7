// `/api/sender/programaciones`: field names are the wire's.
import type { Timestamp } from '../api/types';
import type { Day } from '../lib/days';

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

export type Weekday = (typeof WEEKDAYS)[number];

export const SCHEDULE_STATES = ['pendiente', 'aprobada', 'rechazada', 'pausada'] as const;

export type ScheduleState = (typeof SCHEDULE_STATES)[number];

export type CampaignState = 'pendiente' | 'en_progreso' | 'pausada' | 'finalizado';

export interface Schedule {
  id: number;
  campania_id: number;
  campania_nombre: string | null;
  campania_estado: CampaignState | null;
  cliente_id: number | null;
  dias_semana: Weekday[];
  /** `09:00`; `24:00` is midnight at the end. */
  hora_inicio: string;
  hora_fin: string;
  cupo_diario: number | null;
  fecha_inicio: Day | null;
  fecha_fin: Day | null;
  pausa_min_s: number;
  pausa_max_s: number;
  comentario: string | null;
  estado: ScheduleState;
  /** Why it was rejected or paused. */
  motivo: string | null;
  fecha: Timestamp;
  actualizado: Timestamp;
}

export interface SchedulePage {
  programaciones: Schedule[];
  siguiente: number | null;
  zona: string;
}

/** What a schedule is made or changed with. */
export interface ScheduleRequest {
  campania_id: number;
  dias_semana: Weekday[];
  hora_inicio: string;
  hora_fin: string;
  cupo_diario: number;
  /** Empty takes it away. */
  fecha_inicio: string;
  fecha_fin: string;
  pausa_min_s: number;
  pausa_max_s: number;
  comentario: string;
}

/** What of a campaign is needed to choose it. */
export interface CampaignChoice {
  id: number;
  nombre: string;
  estado: CampaignState;
  cliente_id: number | null;
  pendientes: number;
  en_cola: number;
}
