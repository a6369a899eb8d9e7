import type { Actor } from '../../api/actor';

/** `/inicio`. */
export const start = {
  title: 'Inicio',
  lead: (day: string, time: string) => `${day}, ${time}`,
  failed: 'No se pudo leer lo de hoy',
  session: {
    title: 'WhatsApp',
    ready: 'WhatsApp está conectado.',
    go: 'Ir a WhatsApp',
    todo: {
      loading: 'Se está leyendo el estado.',
      away: 'LeadMaster no puede hablar con WhatsApp. Si sigue así en 5 minutos, avisale a soporte.',
      idle: 'Todavía no vinculaste tu WhatsApp.',
      starting: 'Se está conectando. Suele tardar menos de un minuto.',
      scan: 'Falta escanear el código con el teléfono.',
      passkey: 'WhatsApp pide la llave de acceso de la cuenta antes de vincular el teléfono.',
      syncing: 'WhatsApp se está sincronizando. Lo que espera sale solo cuando termine.',
      lost: 'El teléfono sigue vinculado. Se reconecta solo; mientras tanto no sale nada.',
      disconnected: 'WhatsApp está desconectado: no entra ni sale nada. Conectalo de nuevo.',
      failed: 'WhatsApp tiene un problema. Ahí dice qué pasó y qué hacer.',
    },
  },
  steps: {
    title: 'Primeros pasos',
    hide: 'Ocultar',
    done: 'Hecho',
    link: 'Vinculá el teléfono',
    test: 'Mandate un mensaje de prueba',
    campaign: 'Armá tu primera campaña',
    real: 'Activá el envío real',
    what: 'LeadMaster le escribe por WhatsApp a tus contactos desde tu número, y te ayuda a contestar.',
  },
  today: {
    title: 'Mensajes de hoy',
    sent: 'Enviados',
    delivered: 'Entregados',
    read: 'Leídos',
    failed: 'Fallidos',
    waiting: 'En espera',
    simulated: 'De prueba',
    received: 'Recibidos',
  },
  week: {
    title: 'Últimos 7 días',
    answered: 'Respondieron',
    days: 'Mensajes por día',
    day: (sent: string, received: string) => `${sent} enviados, ${received} recibidos`,
  },
  attention: {
    title: 'Necesita tu atención',
    none: 'Todo al día. No hay nada pendiente.',
    waiting: (count: number, shown: string, oldest: string | null) =>
      count === 1
        ? `1 persona espera respuesta${oldest === null ? '' : ` desde ${oldest}`}.`
        : `${shown} personas esperan respuesta${oldest === null ? '' : `; la más vieja, ${oldest}`}.`,
    autoOff:
      'El envío de campañas está apagado en el servidor. Pedile a quien lo instaló que lo prenda.',
    failed: (count: number) =>
      count === 1
        ? 'Un mensaje falló en los últimos 7 días.'
        : `${count} mensajes fallaron en los últimos 7 días.`,
    paused: (name: string, why: string) => `La campaña «${name}» está pausada: ${why}`,
    morePaused: (count: number) =>
      count === 1 ? 'Y una campaña pausada más.' : `Y ${count} campañas pausadas más.`,
    unapproved: (count: number, names: string) =>
      count === 1
        ? `Falta aprobar el horario de ${names}.`
        : `Falta aprobar ${count} horarios: ${names}.`,
    unapprovedOwn: (count: number, names: string) =>
      count === 1
        ? `Un administrador tiene que aprobar el horario de ${names}.`
        : `Un administrador tiene que aprobar ${count} horarios: ${names}.`,
    quoted: (name: string) => `«${name}»`,
    andMore: (names: string, more: number) => `${names} y ${more} más`,
    half: (name: string) =>
      `La última lista de «${name}» no llegó entera: hay que volver a subirla.`,
    dead: (name: string, count: string) =>
      count === '1'
        ? `La integración «${name}» tiene 1 aviso que no se pudo entregar.`
        : `La integración «${name}» tiene ${count} avisos que no se pudieron entregar.`,
    switchedOff: (name: string) => `La integración «${name}» quedó apagada.`,
    reachOutLocked: (when: string | null) =>
      `WhatsApp no deja escribir a quienes nunca escribieron${when === null ? '' : `, hasta ${when}`}. Las campañas esperan; a quienes te escriben se les puede responder.`,
    newChatsCapped: (used: number, total: number | null, when: string | null) =>
      `Se alcanzó el límite mensual de chats nuevos de WhatsApp${total === null ? '' : ` (${used} de ${total})`}${when === null ? '' : `, hasta ${when}`}. Las campañas esperan.`,
    newChatsNear: (last: boolean, used: number, total: number | null) =>
      `WhatsApp avisa${last ? ' por segunda vez' : ''} que se acerca el límite mensual de chats nuevos${total === null ? '' : ` (${used} de ${total})`}. Conviene enviar menos por día.`,
    firstSync: (progress: number | null) =>
      `El teléfono se vinculó hace poco y el historial todavía está llegando${progress === null ? '' : ` (${progress} %)`}. Las campañas empiezan cuando termine.`,
    possibleOptOuts: (count: number) =>
      count === 1
        ? 'Un mensaje puede ser un pedido de baja: hay que leerlo.'
        : `${count} mensajes pueden ser pedidos de baja: hay que leerlos.`,
    recordingOff: 'No se guardan los mensajes que llegan.',
    /** Labels of the remedies. */
    ways: {
      look: 'Ver',
      answer: 'Responder',
      resolve: 'Resolver',
      approve: 'Aprobar',
      turnOn: 'Prender',
      howTo: 'Cómo se prende',
      link: 'Vincular',
      connect: 'Conectar',
    },
    count: (n: number) => (n === 1 ? '1 pendiente' : `${n} pendientes`),
  },
  campaigns: {
    title: 'Campañas en curso',
    none: 'No hay ninguna campaña en curso.',
    progress: (done: string, total: string) => `${done} de ${total}`,
    rehearsal: 'Prueba',
    forecast: (when: string) => `Terminaría ${when}`,
    next: (when: string) => `Próximo mensaje: ${when}`,
    waits: (why: string) => `No está saliendo: ${why}`,
    waitsUntil: (why: string, when: string) => `No está saliendo: ${why}. Sigue ${when}`,
    failed: (count: number) => (count === 1 ? '1 falló' : `${count} fallaron`),
    more: (count: number) => `Y ${count} más.`,
    all: 'Todas las campañas',
  },
  windows: {
    title: 'Horarios de hoy',
    none: 'Hoy no sale ninguna campaña.',
    now: 'En horario',
    next: 'Más tarde',
    over: 'Terminó',
    until: (time: string) => `hasta las ${time}`,
    from: (time: string) => `desde las ${time}`,
    used: (count: number, quota: number) => `${count} de ${quota} de hoy`,
    more: (count: number) => `Y ${count} más.`,
    week: 'Ver la semana',
  },
  replies: {
    title: 'Últimas respuestas',
    none: 'Todavía no llegó ningún mensaje.',
    all: 'Todas las conversaciones',
    empty: '(sin texto)',
  },
  /** Who paused a campaign, and when. */
  pausedBy: (who: Actor, when: string | null) => {
    const at = when === null ? '' : ` ${when}`;
    if (who === null) return `la pausó alguien de la oficina${at}.`;
    if (who.kind === 'self') return `la pausaste vos${at}.`;
    return who.kind === 'program' ? `la pausó otro programa${at}.` : `la pausó ${who.name}${at}.`;
  },
  /** Reasons of a paused campaign, by code. */
  pauses: {
    RETRY: 'se pusieron personas de nuevo en la lista.',
    IMPORTED: 'estaba en marcha en los servicios de Node.',
    SCHEDULES_OVER: 'terminaron las fechas de su horario y queda gente.',
    REACH_OUT_LIMIT:
      'WhatsApp limita escribir a quien nunca escribió. Esperá un día y seguí con menos por día.',
    NEW_CHAT_LIMIT:
      'se alcanzó el límite mensual de chats nuevos de WhatsApp. Esperá a que termine el ciclo.',
    REFUSED_BY_WHATSAPP: 'WhatsApp rechazó varios mensajes seguidos. Esperá un día.',
    FAILURES_IN_A_ROW: 'fallaron varios mensajes seguidos. Mirá por qué.',
    MANY_FAILURES: 'falló la mitad de los últimos mensajes. Mirá por qué.',
  },
  /** Obstacles of a waiting campaign, by code. */
  waits: {
    SENDING_STOPPED: 'alguien detuvo todos los envíos',
    AUTO_CAMPAIGNS_DISABLED: 'el envío de campañas está apagado en el servidor',
    SESSION_NOT_READY: 'WhatsApp no está conectado',
    REACH_OUT_LOCKED: 'WhatsApp no deja escribir a quien nunca escribió',
    NEW_CHATS_CAPPED: 'se alcanzó el límite mensual de chats nuevos de WhatsApp',
    FIRST_SYNC: 'el historial del teléfono recién vinculado todavía está llegando',
    DRY_RUN: 'está activado el modo prueba',
    NO_APPROVED_SCHEDULE: 'falta aprobar el horario',
    NOT_YET: 'todavía no llegó su fecha',
    OUTSIDE_HOURS: 'está fuera de horario',
    DAILY_QUOTA_REACHED: 'se llegó al máximo del día',
    PAUSE: 'la pausa entre dos mensajes',
  },
};
