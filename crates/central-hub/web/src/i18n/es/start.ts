/** `/inicio`. */
export const start = {
  title: 'Inicio',
  lead: (day: string, time: string) => `${day}, ${time}`,
  failed: 'No se pudo leer lo de hoy',
  session: {
    title: 'WhatsApp',
    ready: 'La línea está conectada: se puede enviar.',
    mode: 'Modo de envío',
    rehearsal: 'Ensayo',
    real: 'Real',
    go: 'Ir a WhatsApp',
    todo: {
      loading: 'Se está leyendo el estado.',
      away: 'El servicio de WhatsApp no responde. Revisá que esté en marcha.',
      idle: 'Sin conectar no sale nada. Conectá la línea.',
      starting: 'Se está conectando. Suele tardar menos de un minuto.',
      scan: 'Falta escanear el código con el teléfono.',
      passkey: 'WhatsApp pide la llave de acceso de la cuenta antes de vincular el teléfono.',
      syncing: 'WhatsApp se está sincronizando. Lo que espera sale solo cuando termine.',
      disconnected: 'La línea está desconectada y no sale nada. Conectala de nuevo.',
      failed: 'La línea tiene un problema. Ahí dice qué pasó y qué hacer.',
    },
  },
  today: {
    title: 'Mensajes de hoy',
    sent: 'Enviados',
    delivered: 'Entregados',
    read: 'Leídos',
    failed: 'Fallidos',
    waiting: 'En espera',
    simulated: 'Simulados',
    received: 'Recibidos',
  },
  attention: {
    title: 'Necesita tu atención',
    none: 'Todo en orden: nada espera a una persona.',
    autoOff:
      'Las campañas automáticas están apagadas: ninguna avanza. Se prenden con AUTO_CAMPAIGNS_ENABLED.',
    failed: (count: number) =>
      count === 1
        ? 'Un mensaje falló en los últimos 7 días.'
        : `${count} mensajes fallaron en los últimos 7 días.`,
    paused: (name: string, why: string) => `La campaña “${name}” está pausada: ${why}`,
    morePaused: (count: number) => `Y ${count} campañas pausadas más.`,
    unapproved: (count: number, names: string) =>
      count === 1
        ? `Una programación espera que la aprueben: ${names}.`
        : `${count} programaciones esperan que las aprueben: ${names}.`,
    unapprovedOwn: (count: number, names: string) =>
      count === 1
        ? `Una programación espera a un administrador: ${names}.`
        : `${count} programaciones esperan a un administrador: ${names}.`,
    andMore: (names: string, more: number) => `${names} y ${more} más`,
    half: (name: string) =>
      `La última lista de “${name}” no llegó entera: hay que volver a subirla.`,
    dead: (name: string, count: string) =>
      `La integración “${name}” tiene ${count} avisos que no se pudieron entregar.`,
    switchedOff: (name: string) => `La integración “${name}” quedó apagada.`,
    reachOutLocked: (when: string | null) =>
      `WhatsApp no deja escribir a quienes nunca escribieron${when === null ? '' : `, hasta ${when}`}. Las campañas esperan; a quienes te escriben se les puede responder.`,
    newChatsCapped: (used: number, total: number | null, when: string | null) =>
      `Se alcanzó el límite mensual de chats nuevos de WhatsApp${total === null ? '' : ` (${used} de ${total})`}${when === null ? '' : `, hasta ${when}`}. Las campañas esperan.`,
    newChatsNear: (last: boolean, used: number, total: number | null) =>
      `WhatsApp avisa${last ? ' por segunda vez' : ''} que se acerca el límite mensual de chats nuevos${total === null ? '' : ` (${used} de ${total})`}. Conviene enviar menos por día.`,
    firstSync: (progress: number | null) =>
      `El teléfono se vinculó hace poco y el historial todavía está llegando${progress === null ? '' : ` (${progress} %)`}. Las campañas empiezan cuando termine.`,
    recordingOff: 'No se guardan los mensajes que llegan.',
    look: 'Ver',
  },
  campaigns: {
    title: 'Campañas en curso',
    none: 'No hay ninguna campaña en curso.',
    progress: (done: string, total: string) => `${done} de ${total}`,
    rehearsal: 'Ensayo',
    forecast: (when: string) => `Termina, se estima, ${when}`,
    next: (when: string) => `Próximo mensaje: ${when}`,
    waits: (why: string) => `Espera: ${why}`,
    waitsUntil: (why: string, when: string) => `Espera: ${why}, hasta ${when}`,
    failed: (count: number) => (count === 1 ? '1 falló' : `${count} fallaron`),
    more: (count: number) => `Y ${count} más.`,
    all: 'Todas las campañas',
  },
  windows: {
    title: 'Ventanas de hoy',
    none: 'Hoy no se abre ninguna ventana de una campaña en curso.',
    now: 'Abierta',
    next: 'Más tarde',
    over: 'Cerrada',
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
    justNow: 'recién',
  },
  /** Why a campaign is paused, by its code. */
  pauses: {
    PAUSED_BY_PERSON: 'la pausó una persona.',
    RETRY: 'se pusieron personas de nuevo en la lista.',
    IMPORTED: 'estaba en marcha en los servicios de Node.',
    SCHEDULES_OVER: 'terminaron las fechas de su programación y queda gente.',
    REACH_OUT_LIMIT:
      'WhatsApp limita escribir a quien nunca escribió. Esperá un día y seguí con menos por día.',
    NEW_CHAT_LIMIT:
      'se alcanzó el límite mensual de chats nuevos de WhatsApp. Esperá a que termine el ciclo.',
    REFUSED_BY_WHATSAPP: 'WhatsApp rechazó varios mensajes seguidos. Esperá un día.',
    FAILURES_IN_A_ROW: 'fallaron varios mensajes seguidos. Mirá por qué.',
    MANY_FAILURES: 'falló la mitad de los últimos mensajes. Mirá por qué.',
  },
  /** What a campaign waits for, by its code. */
  waits: {
    AUTO_CAMPAIGNS_DISABLED: 'las campañas automáticas están apagadas',
    SESSION_NOT_READY: 'WhatsApp no está listo',
    REACH_OUT_LOCKED: 'WhatsApp no deja escribir a quien nunca escribió',
    NEW_CHATS_CAPPED: 'se alcanzó el límite mensual de chats nuevos de WhatsApp',
    FIRST_SYNC: 'el historial del teléfono recién vinculado todavía está llegando',
    DRY_RUN: 'el servidor está en modo ensayo',
    NO_APPROVED_SCHEDULE: 'no tiene una programación aprobada',
    NOT_YET: 'todavía no llegó su fecha',
    OUTSIDE_HOURS: 'está fuera de horario',
    DAILY_QUOTA_REACHED: 'se cumplió el cupo del día',
    PAUSE: 'la pausa entre dos mensajes',
  },
};
