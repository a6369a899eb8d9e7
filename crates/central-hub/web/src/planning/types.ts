// `/api/sender/programaciones`: field names are those of the API.
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
  /** `09:00`; `24:00` is midnight at the end of the day. */
  hora_inicio: string;
  hora_fin: string;
  cupo_diario: number | null;
  fecha_inicio: Day | null;
  fecha_fin: Day | null;
  pausa_min_s: number;
  pausa_max_s: number;
  comentario: string | null;
  estado: ScheduleState;
  /** Reason of the rejection or pause. */
  motivo: string | null;
  fecha: Timestamp;
  actualizado: Timestamp;
}

export interface SchedulePage {
  programaciones: Schedule[];
  siguiente: number | null;
  zona: string;
}

/** The fields of a new or edited schedule. */
export interface ScheduleRequest {
  campania_id: number;
  dias_semana: Weekday[];
  hora_inicio: string;
  hora_fin: string;
  cupo_diario: number;
  /** An empty value removes the date. */
  fecha_inicio: string;
  fecha_fin: string;
  pausa_min_s: number;
  pausa_max_s: number;
  comentario: string;
}

/** The fields of a campaign that are needed to select it. */
export interface CampaignChoice {
  id: number;
  nombre: string;
  estado: CampaignState;
  cliente_id: number | null;
  pendientes: number;
  en_cola: number;
}
