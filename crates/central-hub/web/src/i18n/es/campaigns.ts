/** `/campanas`. */
export const campaigns = {
  title: 'Campañas',
  lead: 'Un mensaje para muchas personas, con su ritmo y sus horarios.',
  one: 'Campaña',
  create: 'Nueva campaña',
  newTitle: 'Nueva campaña',
  newLead: 'Ponele un nombre. Después son cuatro pasos: la lista, el mensaje, cuándo sale y revisar.',
  back: 'Todas las campañas',
  ofBusiness: (id: number) => `Cliente ${id}`,
  failed: 'No se pudo leer la campaña',
  search: 'Buscar por nombre',
  filterState: 'Estado',
  allStates: 'Todos los estados',
  list: 'Campañas',
  nothingFound: 'Ninguna campaña coincide.',
  emptyTitle: 'Todavía no hay campañas',
  emptyText: 'Escribí un mensaje, subí una lista y probala: no sale nada hasta que vos lo decidas.',
  columns: { name: 'Nombre', state: 'Estado', progress: 'Avance', created: 'Creada' },
  states: {
    pendiente: 'Por aprobar',
    en_progreso: 'Enviando',
    pausada: 'Pausada',
    finalizado: 'Finalizada',
  },
  rehearsal: 'Prueba',
  stateWaiting: 'Esperando',
  stateTesting: 'Probando',
  progress: (done: string, total: string) => `${done} de ${total}`,
  progressOf: (name: string) => `Avance de ${name}`,
  progressTitle: 'Avance',
  waiting: 'No está saliendo',
  sending: 'Enviando',
  testing: 'Probando',
  nextAt: (when: string) => `próximo ${when}`,
  endsAt: (when: string) => `termina ${when}`,
  reasons: {
    stopped: 'Alguien detuvo todos los envíos.',
    rehearsalLock: 'El modo prueba está activado en el servidor: no sale nada.',
    campaignsOff: 'El envío de campañas está apagado en el servidor.',
    noSchedule: 'Falta el horario: decí qué días y a qué hora sale.',
    notApproved: 'Falta aprobar el horario.',
    notReady: 'WhatsApp no está conectado.',
    reachOut: (when: string | null) =>
      `WhatsApp no deja escribir a quienes nunca escribieron${when === null ? '' : `, hasta ${when}`}.`,
    newChats: (when: string | null) =>
      `Se alcanzó el límite mensual de chats nuevos de WhatsApp${when === null ? '' : `, hasta ${when}`}.`,
    firstSync: 'El historial del teléfono recién vinculado todavía está llegando.',
    outsideHours: (when: string | null) =>
      when === null ? 'Está fuera de horario.' : `Está fuera de horario. Sigue ${when}.`,
    quota: (when: string | null) =>
      when === null ? 'Se llegó al máximo del día.' : `Se llegó al máximo del día. Sigue ${when}.`,
    notYet: (when: string | null) =>
      when === null ? 'Todavía no llegó su fecha.' : `Todavía no llegó su fecha. Empieza ${when}.`,
  },
  answers: (count: number, shown: string, percent: number) =>
    `${count === 1 ? '1 persona respondió' : `${shown} personas respondieron`} (${percent} %)`,
  optedOut: (count: number, shown: string) =>
    count === 1 ? '1 persona pidió la baja' : `${shown} personas pidieron la baja`,
  others: (count: string) => `Ver a ${count} más`,
  /** The four steps of a draft. */
  steps: {
    names: { list: 'Lista', message: 'Mensaje', when: 'Cuándo', review: 'Revisar y enviar' },
    done: 'Listo',
    listTodo: 'Todavía no hay personas',
    messageTodo: 'Falta escribirlo',
    whenTodo: 'Sin horario',
    unsaved: 'Hay cambios sin guardar.',
    toMessage: 'Seguir con el mensaje',
    saveMessage: 'Guardar y seguir',
    saveWhen: 'Guardar y revisar',
    toReview: 'Revisar',
    severalSchedules: (count: number) => `${count} horarios.`,
    missing: 'Para enviarla falta',
    missingList: 'La lista (paso 1)',
    missingMessage: 'El mensaje (paso 2)',
    missingSave: 'el mensaje tiene cambios sin guardar: guardalos en el paso 2, o deshacelos',
    rehearsal: 'El servidor está en modo prueba: se ve cómo saldría y no se envía nada.',
    real: 'Es un envío REAL: sale desde tu número.',
    adminApproves: 'Ya está lista. Un administrador la revisa y la envía.',
  },
  skipped: (count: number, shown: string) =>
    count === 1 ? '1 salteado: pidió la baja.' : `${shown} salteados: pidieron la baja.`,
  ways: {
    howTo: 'Cómo se activa',
    schedule: 'Elegir el horario',
    approve: 'Aprobar el horario',
    connect: 'Conectar',
  },
  sendForReal: {
    button: 'Enviarla de verdad',
    title: '¿Enviarla de verdad?',
    text: (people: string) =>
      `Se hace una copia de esta campaña con su lista y su horario, se aprueban y los mensajes le salen de verdad a ${people}. Quienes pidieron la baja quedan afuera.`,
    locked:
      'El servidor está en modo prueba: la copia también sería de prueba. Primero hay que activar el envío real.',
    confirm: (people: string) => `Enviar a ${people}`,
    name: (name: string) => `${name} (envío real)`,
    noSchedule: 'La prueba no tiene un horario. Elegilo en la copia antes de enviarla.',
    halfway: (name: string) =>
      `Se hizo la copia «${name}», pero no se llegó a aprobar todo. Abrila para terminar.`,
    open: 'Abrir la copia',
  },
  /** The review before sending. */
  review: {
    sample: (who: string) => `Así le llega a ${who}:`,
    ends: (people: string, perDay: string, when: string) =>
      `${people} a ${perDay} por día: termina ${when}.`,
    endsAt: (people: string, when: string) => `${people}: termina ${when}.`,
    always: (people: string, when: string | null) =>
      `${people}, sin horario: empieza ya y sale a cualquier hora${when === null ? '' : `, hasta ${when}`}.`,
    datesTooShort: (people: string) =>
      `${people}: con las fechas y el máximo por día del horario no se llega a todas.`,
    leftOut: (count: number, shown: string) =>
      count === 1 ? '1 pidió la baja y queda afuera.' : `${shown} pidieron la baja y quedan afuera.`,
    otherCountry: (count: number, shown: string, countries: string) =>
      count === 1
        ? `1 número es de otro país (${countries}): miralo antes de enviar.`
        : `${shown} números son de otro país (${countries}): miralos antes de enviar.`,
    otherCountryLines: (lines: string) => `Líneas de la lista: ${lines}.`,
    refused: (count: number, shown: string) =>
      count === 1
        ? '1 línea de la lista tenía un problema y no entró.'
        : `${shown} líneas de la lista tenían problemas y no entraron.`,
    repeated: (count: number, shown: string) =>
      count === 1
        ? '1 número repetido: le llega una sola vez.'
        : `${shown} números repetidos: les llega una sola vez.`,
    approvesToo: 'También se aprueba su horario.',
  },
  people: (count: number, shown: string) => (count === 1 ? '1 persona' : `${shown} personas`),
  figures: {
    total: 'Personas',
    pendientes: 'Faltan',
    enviados: 'Enviados',
    entregados: 'Entregados',
    leidos: 'Leídos',
    simulados: 'De prueba',
    fallidos: 'Fallidos',
    omitidos: 'Salteados',
  },
  planned: (from: string, to: string) =>
    `En un envío real, el primer mensaje habría salido ${from} y el último ${to}.`,
  went: (from: string, to: string) => `Primer mensaje: ${from}. Último: ${to}.`,
  perDay: 'Mensajes por día',
  day: 'Día',
  messages: 'Mensajes',
  failures: 'Por qué fallaron',
  failure: (count: string, why: string) => `${count}: ${why}`,
  text: 'Mensaje',
  pace: (least: number, most: number) => `Entre ${least} y ${most} segundos entre un mensaje y otro`,
  schedules: 'Ver su horario',
  cureAny: 'Mirá el motivo y, cuando esté resuelto, reanudala.',
  cures: {
    PAUSED_BY_PERSON: 'Reanudala cuando quieras: sigue donde estaba.',
    RETRY: 'Hay personas para volver a intentar. Reanudala para que salgan.',
    IMPORTED: 'Estaba en marcha en los servicios de Node: revisala y después reanudala.',
    SCHEDULES_OVER:
      'Sus fechas terminaron y queda gente. Cambiá las fechas del horario y reanudala.',
    REACH_OUT_LIMIT:
      'WhatsApp limita escribirles a personas que nunca escribieron. Esperá un día y seguí con menos por día y pausas más largas.',
    NEW_CHAT_LIMIT:
      'Se alcanzó el límite mensual de chats nuevos de WhatsApp. Esperá a que termine su ciclo y seguí con menos por día.',
    REFUSED_BY_WHATSAPP:
      'WhatsApp rechazó varios mensajes seguidos. Esperá un día y seguí con menos por día y pausas más largas.',
    FAILURES_IN_A_ROW: 'Revisá abajo por qué fallaron y que WhatsApp esté conectado.',
    MANY_FAILURES: 'Revisá la lista: puede tener muchos números que no existen.',
  },
  causes: {
    ASKED: 'Se pidió el envío',
    ASKED_AGAIN: 'Se volvió a pedir',
    RETRY_ASKED: 'Una persona pidió enviarlo de nuevo',
    SEEN_BY_A_PERSON: 'Una persona lo vio en el chat',
    GIVEN_UP: 'Una persona lo dio por perdido',
    SEND_UNDECIDED: 'No se pudo averiguar si llegó',
    EARLIER_UNCONFIRMED: 'Espera a un mensaje anterior al mismo número',
    TAKEN: 'Empezó el envío',
    TAKEN_AGAIN: 'Se retomó el envío',
    TAKEN_OVER: 'Lo retomó otro servidor',
    SENT: 'Enviado',
    DELIVERED: 'Entregado',
    READ: 'Leído',
    ITS_TURN: 'Le tocó el turno',
    OPTED_OUT: 'Pidió que no le escriban',
    DUPLICATE: 'La misma persona que otro destinatario',
    PARTED: 'Al final es otra persona que el otro destinatario',
    RETRY: 'Se vuelve a intentar',
    CAMPAIGN_PAUSED: 'La campaña se pausó',
    CANCELLED: 'Se canceló',
    PAUSE: 'Pausa entre mensajes',
    NOT_YET: 'Antes de su fecha',
    OUTSIDE_HOURS: 'Fuera de horario',
    DRY_RUN: 'De prueba: no se envió',
    HEARD: 'Recibido',
    ACK: 'WhatsApp lo confirmó',
    TEXT_INVALID: 'El texto no se pudo armar con sus datos',
    IMPORTED: 'Llegó con la lista',
  },
  form: {
    name: 'Nombre de la campaña',
    nameHint: 'Solo lo ven ustedes.',
    nameEmpty: 'Escribí un nombre.',
    text: 'Mensaje',
    textHint:
      'Entre llaves va lo que cambia de una persona a otra: {nombre} o cualquier columna de la lista. Si falta el dato, poné otra palabra: {nombre|vecino}.',
    textHintNoList:
      'Entre llaves va lo que cambia de una persona a otra: {nombre}. Con la lista cargada, sus columnas aparecen abajo para elegirlas.',
    textEmpty: 'Escribí el mensaje.',
    insert: 'Poner un dato de la lista:',
    insertColumn: (name: string) => `Poner {${name}}`,
    preview: 'Así le llega:',
    sampleLacks: (names: string) => `A esta persona le falta: ${names}.`,
    meant: (name: string) => `Usar {${name}}`,
    fallback: 'otra palabra',
    addFallback: (name: string) => `Poner otra palabra si falta «${name}»`,
    lacking: (column: string, count: number, shown: string) =>
      `${count === 1 ? 'A 1 persona' : `A ${shown} personas`} de la lista le${count === 1 ? '' : 's'} falta «${column}». Poné otra palabra para ese caso, así: {${column}|otra palabra}.`,
    /** `TEMPLATE_INVALID`, by its `motivo`. */
    mistakes: {
      TEMPLATE_EMPTY: () => 'Escribí el mensaje.',
      TEMPLATE_UNCLOSED_BRACE: () => 'Falta cerrar una llave: }',
      TEMPLATE_UNOPENED_BRACE: () => 'Sobra una llave }: falta la { que la abre.',
      TEMPLATE_NAMELESS_VARIABLE: () => 'Hay unas llaves sin el nombre de una columna adentro.',
      TEMPLATE_NAME_TOO_LONG: () => 'El nombre entre llaves es demasiado largo.',
      TEMPLATE_UNKNOWN_VARIABLE: (name: string) =>
        `La lista no tiene una columna «${name}». Elegí una de las de abajo o corregí el nombre.`,
    } as Record<string, (name: string) => string>,
    showMistake: 'Mostrar dónde',
    pauseLeast: 'Pausa mínima',
    pauseMost: 'Pausa máxima',
    pauseHint:
      'Entre un mensaje y otro se espera un tiempo al azar dentro de estos límites. Pausas cortas hacen que WhatsApp bloquee el número.',
    pauseProblems: {
      empty: 'Escribí las dos pausas.',
      order: 'La pausa máxima no puede ser menor que la mínima.',
    },
    business: 'Cliente',
    businessHint: 'El número de cliente de la campaña. Vacío: de ninguno en particular.',
    create: 'Empezar',
    save: 'Guardar',
  },
  actions: {
    approveTitle: '¿Enviar la campaña?',
    approveRehearsal: (people: string) => `Probar con ${people}`,
    resume: 'Reanudar',
    pause: 'Pausar',
    edit: 'Editar',
    copy: 'Copiar',
    remove: 'Borrar',
    reason: 'Motivo (opcional)',
    titles: {
      resume: '¿Reanudar la campaña?',
      pause: '¿Pausar la campaña?',
      edit: 'Editar la campaña',
      copy: 'Copiar la campaña',
      remove: '¿Borrar la campaña?',
    },
    approveReal: (people: string) =>
      `Es un envío REAL: los mensajes van a salir a ${people} desde tu número, según su horario. Quienes pidieron la baja se saltean.`,
    confirmReal: (people: string) => `Enviar a ${people}`,
    resumeRehearsal: 'La prueba sigue donde estaba. No se envía nada.',
    resumeReal: 'Es un envío REAL: siguen saliendo los mensajes que faltan.',
    pauseText: 'No sale ningún mensaje más. Lo que ya se entregó a WhatsApp no se puede detener.',
    copyText: 'Se crea otra con el mismo mensaje, las mismas personas y el mismo horario.',
    copyName: (name: string) => `${name} (copia)`,
    removeText: 'Se borra la campaña con su lista. Los mensajes enviados quedan en el historial.',
  },
  check: {
    title: 'Revisar la lista',
    text: 'Antes de aprobar, WhatsApp dice qué números lo tienen. Se le pregunta por uno por segundo; lo que ya contestó en estos días no se pregunta de nuevo.',
    begin: 'Revisar los números',
    again: 'Revisar de nuevo',
    progress: 'Números revisados',
    done: (done: number, total: number) => `${done} de ${total} revisados`,
    found: (count: number) => `${count} con WhatsApp`,
    missing: (count: number) => `${count} sin WhatsApp`,
    which: 'Cuáles no tienen WhatsApp',
    line: (line: number, number: string) => `Línea ${line}: ${number}`,
    skip: 'Dejarlos afuera',
    skipped: (count: number) =>
      count === 1 ? 'Quedó afuera 1 número' : `Quedaron afuera ${count} números`,
  },
  lists: {
    title: 'Listas',
    text: 'Subí tu planilla de Excel (.xlsx), de LibreOffice (.ods) o CSV. La primera fila tiene que tener los títulos: Nombre, Celular… Antes de agregar a nadie ves cómo se lee.',
    example: 'Bajar ejemplo',
    exampleName: 'ejemplo.csv',
    exampleText: 'Celular;Nombre\r\n11 5825-4201;Ana Gómez\r\n351 412-3456;Luis Díaz\r\n',
    notAList: (file: string) =>
      `«${file}» no es una planilla. Subí una de Excel (.xlsx), de LibreOffice (.ods) o CSV. No se agregó a nadie.`,
    prefix: '¿De qué país son los números?',
    prefixHint: 'Se agrega a los que no tienen código de país.',
    countries: {
      none: 'Como están en la lista',
      argentina: 'Argentina (54 9)',
      uruguay: 'Uruguay (598)',
      chile: 'Chile (56)',
      paraguay: 'Paraguay (595)',
      other: 'Otro…',
    },
    otherPrefix: 'Prefijo de país y área',
    upload: 'Subir una lista',
    uploading: (percent: number) => `Subiendo la lista: ${percent} %`,
    uploadingLabel: 'Avance de la subida',
    taken: (count: number, shown: string) =>
      count === 1 ? '1 persona agregada' : `${shown} personas agregadas`,
    notTaken: (duplicates: number, refused: number) =>
      `${duplicates === 1 ? '1 repetida' : `${duplicates} repetidas`} y ${refused} con problemas.`,
    allTaken: 'Entraron todas.',
    nobody: 'La lista tiene títulos, pero ninguna persona debajo.',
    columns: {
      list: 'Lista',
      state: 'Estado',
      accepted: 'Aceptadas',
      duplicates: 'Repetidas',
      refused: 'Con problemas',
      actions: 'Acciones',
    },
    states: {
      en_curso: 'Llegando',
      completa: 'Completa',
      interrumpida: 'Interrumpida',
    },
    preview: {
      title: (file: string) => `Así se lee ${file}`,
      looking: 'Leyendo la lista…',
      counts: (people: number, duplicates: number, refused: number) =>
        [
          people === 1 ? '1 persona' : `${people.toLocaleString('es-AR')} personas`,
          duplicates === 1 ? '1 repetida' : `${duplicates.toLocaleString('es-AR')} repetidas`,
          `${refused.toLocaleString('es-AR')} con problemas`,
        ].join(' · '),
      column: 'Columna del celular',
      name: 'Columna del nombre',
      none: 'Elegí una',
      sheet: 'Hoja',
      separator: 'Separador',
      separators: { ';': 'Punto y coma (;)', ',': 'Coma (,)', tab: 'Tabulación', '|': 'Barra (|)' },
      encoding: 'Letras (codificación)',
      encodings: {
        auto: 'Como se leen ahora',
        'utf-8': 'UTF-8',
        'windows-1252': 'Windows (Excel)',
        cp850: 'Sistema viejo de DOS',
        macintosh: 'Mac de antes',
      },
      otherCountry: (count: number) =>
        count === 1 ? '1 número es de otro país' : `${count} números son de otro país`,
      otherCountryText: (lines: string) => `Miralos antes de seguir. Líneas: ${lines}.`,
      first: 'Las primeras personas',
      line: 'Línea',
      number: 'Celular',
      person: 'Nombre',
      add: (people: number) =>
        people === 1 ? 'Agregar a 1 persona' : `Agregar a ${people.toLocaleString('es-AR')} personas`,
    },
    showRefused: 'Ver y corregir',
    mend: 'Bajar para corregir',
    mendHint: 'Corregí las líneas en la planilla y subila acá: se agregan a las que ya están.',
    /** One of `NOTE_HEADINGS` in the hub's heading_recognition.rs, which skips this column. */
    mendColumn: 'Qué corregir',
    mendSuffix: 'corregir',
    remove: 'Quitar',
    removeTitle: '¿Quitar la lista?',
    removeText: 'Se quitan sus personas, menos las que ya recibieron algo.',
    refusedTitle: 'Líneas con problemas',
    refusedColumns: { line: 'Línea', value: 'Valor', why: 'Motivo' },
    reasons: {
      DUPLICATE: 'Ese número ya está en la campaña.',
      PHONE_EMPTY: 'No hay teléfono.',
      PHONE_SCIENTIFIC: 'La planilla cambió el número (5,49E+12): dale formato de texto a la columna.',
      PHONE_FRACTION: 'El número tiene decimales.',
      PHONE_SEVERAL: 'Hay más de un número en la celda.',
      PHONE_NOT_A_PERSON: 'No es el número de una persona.',
      PHONE_CHARACTERS: 'Un número lleva solo cifras, espacios, + y guiones.',
      PHONE_AREA_MISSING: 'Falta el código de área: va completo, como 11 5825-4201.',
      PHONE_TOO_SHORT: 'Faltan números: va con código de área.',
      PHONE_TOO_LONG: 'Sobran números.',
      PHONE_INVALID: 'Ningún país tiene un número así: va con código de país, como +54 9 11 5825-4201.',
      MISSING_VALUE: 'Falta un dato que el mensaje usa.',
      BAD_ENCODING: 'Tiene una letra que no se puede leer. Guardá la lista como «CSV UTF-8».',
      BAD_CHARACTER: 'Tiene un carácter que no se puede usar. Borralo en la planilla.',
      VALUE_TOO_LONG: 'Una celda es demasiado larga.',
      TEXT_INVALID: 'Con sus datos el mensaje queda vacío o demasiado largo.',
      TEXT_GARBLED: 'Tiene letras cambiadas (Mu¤oz por Muñoz). Elegí otra codificación.',
      TOO_MANY_CELLS: 'Tiene más celdas que títulos. ¿Hay un separador de más?',
      NOT_JSON: 'Esta línea no es un JSON correcto.',
      NOT_AN_OBJECT: 'No es una persona: se esperaba un objeto con sus datos.',
      WITHOUT_PHONE: 'No tiene teléfono.',
      NOT_A_VALUE: 'Un dato no es ni texto ni número.',
    } as Record<string, string>,
    /** Reasons that name a column. */
    reasonsOf: {
      MISSING_VALUE: (column: string) => `Falta «${column}», que el mensaje usa.`,
      BAD_ENCODING: (column: string) =>
        `«${column}» tiene una letra que no se puede leer. Guardá la lista como «CSV UTF-8».`,
      BAD_CHARACTER: (column: string) =>
        `«${column}» tiene un carácter que no se puede usar. Borralo en la planilla.`,
      VALUE_TOO_LONG: (column: string) => `«${column}» es demasiado largo.`,
      TEXT_GARBLED: (column: string) =>
        `«${column}» tiene letras cambiadas (Mu¤oz por Muñoz). Elegí otra codificación.`,
    } as Record<string, (column: string) => string>,
    /** Reasons for rejecting a whole list, by the `motivo` of `LIST_INVALID`. */
    faults: {
      LIST_BROKE_OFF: () => 'La lista no llegó entera: se cortó la subida. Volvé a subirla.',
      LIST_EMPTY: () => 'El archivo está vacío.',
      LIST_IS_WORKBOOK: () =>
        'Es un Excel de los viejos (.xls) o tiene contraseña. En Excel: Archivo → Guardar como → «Libro de Excel (.xlsx)», sin contraseña, y subí ese.',
      LIST_WORKBOOK_UNREADABLE: () =>
        'La planilla está dañada o no es una planilla. Abrila, guardala de nuevo como .xlsx y subí esa.',
      LIST_WORKBOOK_TOO_LARGE: () =>
        'La planilla es demasiado grande. Guardá la hoja como «CSV UTF-8» y subí ese archivo.',
      LIST_SHEET_UNKNOWN: (names: string) =>
        `La planilla no tiene esa hoja${names === '' ? '' : `. Hojas: ${names}`}.`,
      LIST_WITHOUT_PHONE: (names: string) =>
        `No encontré la columna del celular: ponele de título Celular o Teléfono.${names === '' ? '' : ` Columnas: ${names}.`}`,
      LIST_COLUMN_UNKNOWN: () => 'La lista no tiene una columna con ese nombre.',
      LIST_SAME_COLUMN: (names: string) =>
        `Hay dos columnas con el mismo título${names === '' ? '' : `: «${names}»`}. Cambiá uno.`,
      LIST_TOO_MANY_COLUMNS: () => 'La lista tiene demasiadas columnas. Dejá las que usa el mensaje.',
      LIST_MISSING_COLUMNS: (names: string) =>
        `A la lista le faltan columnas que el mensaje usa${names === '' ? '' : `: ${names}`}.`,
      LIST_RECORD_TOO_LARGE: (names: string) =>
        `Una línea${names === '' ? '' : ` (la ${names})`} es demasiado larga. ¿Quedó una comilla sin cerrar?`,
      LIST_NOT_JSON: () => 'El archivo no es un JSON correcto.',
    } as Record<string, (names: string) => string>,
    faultTail: (count: number) =>
      count === 0
        ? 'No se agregó a nadie.'
        : `Hasta ahí se agregó a ${count === 1 ? '1 persona' : `${count} personas`}; del resto, a nadie.`,
  },
  recipients: {
    title: 'Personas',
    filterState: 'Estado de las personas',
    allStates: 'Todos los estados',
    states: {
      pendiente: 'Pendiente',
      en_cola: 'En cola',
      enviado: 'Enviado',
      fallido: 'Falló',
      simulado: 'De prueba',
      omitido: 'Salteado',
    },
    columns: {
      line: 'Línea',
      who: 'Persona',
      text: 'Mensaje que recibe',
      state: 'Estado',
      actions: 'Detalle',
    },
    look: 'Ver',
    lookAt: (line: number) => `Ver la línea ${line}`,
    line: (line: number) => `Línea ${line} de la lista`,
    emptyTitle: 'Todavía no hay personas',
    emptyText: 'Subí una lista para ver acá qué mensaje recibe cada una.',
    search: 'Buscar por nombre o número',
    nothingFound: 'No se encontró a nadie.',
    facts: { number: 'Número', planned: 'Previsto', why: 'Motivo' },
    history: 'Historial',
    retry: 'Reintentar',
    retryAll: (count: number, shown: string) =>
      count === 1 ? 'Reintentar el que falló' : `Reintentar los ${shown} que fallaron`,
    retryTitle: '¿Volver a intentar los fallidos?',
    retryText: 'Vuelven a quedar pendientes. El motivo queda guardado.',
  },
};
