// `/api/sender/campaigns`: field names are those of the API.
import type { PauseReason, Timestamp } from '../api/types';

export const CAMPAIGN_STATES = ['pendiente', 'en_progreso', 'pausada', 'finalizado'] as const;

export type CampaignState = (typeof CAMPAIGN_STATES)[number];

export const RECIPIENT_STATES = [
  'pendiente',
  'en_cola',
  'enviado',
  'fallido',
  'simulado',
  'omitido',
] as const;

export type RecipientState = (typeof RECIPIENT_STATES)[number];

export interface Campaign {
  id: number;
  nombre: string;
  mensaje: string;
  cliente_id: number | null;
  estado: CampaignState;
  /** Whether it is a dry run; null until approved. */
  simulacion: boolean | null;
  columnas: string[];
  variables: string[];
  pausa_min_s: number;
  pausa_max_s: number;
  total: number;
  pendientes: number;
  en_cola: number;
  enviados: number;
  fallidos: number;
  simulados: number;
  omitidos: number;
  motivo_pausa: PauseReason | null;
  espera: { codigo: string; hasta: Timestamp | null } | null;
  fecha: Timestamp;
  actualizado: Timestamp;
  fecha_aprobacion: Timestamp | null;
  fecha_finalizacion: Timestamp | null;
}

export interface CampaignStats extends Campaign {
  entregados: number;
  leidos: number;
  previsto_inicio: Timestamp | null;
  previsto_fin: Timestamp | null;
  /** Estimated time of the last message, while the campaign is sending. */
  termina: Timestamp | null;
  por_dia: { dia: string; cantidad: number }[];
  fallas: { codigo: string; cantidad: number }[];
  /** For a draft, the effect of approving it; for a finished dry run, of approving its copy. */
  revision: {
    pidieron_baja: number;
    /** Countries of the recipients, most frequent first. */
    paises: { pais: string; aceptados: number }[];
    /** Recipients outside the most frequent country. */
    de_otro_pais: number;
    sin_horario: boolean;
    termina: Timestamp | null;
  } | null;
}

/** The fields of a new or edited campaign. */
export interface CampaignRequest {
  nombre: string;
  mensaje: string;
  cliente_id?: number;
  pausa_min_s: number;
  pausa_max_s: number;
}

export interface RefusedLine {
  linea: number;
  codigo: string;
  motivo: string;
  valor: string;
  /** All cells of the line; empty if the list was sent as JSON. */
  celdas: string[];
}

export interface Import {
  id: number;
  archivo: string | null;
  titulos: string[];
  estado: string;
  bytes: number;
  bytes_total: number | null;
  aceptados: number;
  duplicados: number;
  rechazados: number;
  de_otro_pais: number;
  lineas_de_otro_pais: number[];
  error: string | null;
  detalle: string | null;
  fecha: Timestamp;
}

export interface ImportReport extends Import {
  rechazos: RefusedLine[];
  siguiente: number | null;
}

/** The result of a trial import, with `probar=1`. */
export interface ListTrial {
  codificacion: string;
  separador: string | null;
  hoja: string | null;
  hojas: string[];
  titulos: string[];
  encabezado: number | null;
  columnas: string[];
  columnas_de_numero: string[];
  columna_de_nombre: string | null;
  aceptados: number;
  duplicados: number;
  rechazados: number;
  primeros: TrialRow[];
  rechazos: RefusedLine[];
  de_otro_pais: number;
  lineas_de_otro_pais: number[];
}

export interface TrialRow {
  linea: number;
  numero: string;
  pais: string | null;
  datos: Record<string, string>;
}

export interface Recipient {
  id: number;
  linea: number;
  destinatario: string;
  nombre: string | null;
  datos: Record<string, string>;
  estado: RecipientState;
  texto: string;
  causa: string | null;
  detalle: string | null;
  intentos: number;
  previsto: Timestamp | null;
  mensaje_id: number | null;
  actualizado: Timestamp;
}

export interface RecipientStep {
  de: string | null;
  a: string;
  causa: string;
  detalle: string | null;
  fecha: Timestamp;
}

export interface RecipientWithHistory extends Recipient {
  historial: RecipientStep[];
}

export interface Person {
  chat: string;
  telefono: string | null;
  nombre: string | null;
  fecha: Timestamp;
}

/** Who answered a campaign, and who opted out after its message. */
export interface Replies {
  respuestas: { total: number; personas: Person[] };
  bajas: { total: number; personas: Person[] };
}
