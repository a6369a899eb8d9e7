/** Failed requests, by the `code` of the response. */
export const errors = {
  INVALID_REQUEST: 'Los datos no son válidos. Revisá el número y el mensaje.',
  INVALID_JSON: 'El servidor no entendió el pedido.',
  INVALID_HEADER: 'El servidor no aceptó el pedido.',
  UNAUTHORIZED: 'Hace falta iniciar sesión para hacer esto.',
  WRONG_PASSWORD: 'El usuario o la contraseña no son correctos.',
  FORBIDDEN: 'Tu usuario no tiene permiso para hacer esto.',
  CSRF_TOKEN_INVALID: 'La sesión cambió en otra pestaña. Recargá la página y probá de nuevo.',
  CROSS_SITE_REQUEST: 'El servidor no acepta pedidos que vienen de otro sitio.',
  TOO_MANY_ATTEMPTS: 'Demasiados intentos fallidos. Esperá un minuto y probá de nuevo.',
  TOO_MANY_AT_ONCE: 'Tenés abiertos todos los que se pueden a la vez. Cerrá alguno o probá de nuevo en unos segundos.',
  USER_EXISTS: 'Ya hay un usuario con ese nombre.',
  USER_NOT_FOUND: 'Ese usuario ya no existe.',
  LAST_ADMIN: 'No quedaría ningún administrador. Creá otro primero.',
  TOKEN_NOT_FOUND: 'Ese token ya no existe.',
  NOT_FOUND: 'El servidor no conoce este pedido. Puede ser de otra versión que esta página.',
  NOT_ON_WHATSAPP: 'Ese número no tiene WhatsApp.',
  RECIPIENT_BLOCKED:
    'Esta cuenta bloqueó a esa persona. No se envió nada: desbloqueala en el teléfono.',
  REACH_OUT_LIMIT:
    'WhatsApp no deja escribir a más personas que nunca escribieron (error 463). No se envió nada: esperá un día.',
  NEW_CHAT_LIMIT:
    'Se alcanzó el límite mensual de chats nuevos de WhatsApp (error 475). No se envió nada: esperá a que termine su ciclo.',
  METHOD_NOT_ALLOWED:
    'El servidor no conoce este pedido. Puede ser de otra versión que esta página.',
  REQUEST_TIMEOUT: 'El pedido tardó demasiado en llegar. Probá de nuevo.',
  QR_NOT_AVAILABLE: 'Todavía no hay un código. Esperá a que aparezca y probá de nuevo.',
  QR_NOT_REQUIRED: 'Ya hay un teléfono vinculado: no hace falta un código.',
  ALREADY_LINKED: 'Ya hay un teléfono vinculado: no hace falta un código.',
  PASSKEY_NOT_PENDING:
    'WhatsApp ya no espera esa respuesta. Usá lo que esta página muestra ahora.',
  IDEMPOTENCY_KEY_REUSED:
    'Este envío ya se pidió con otro contenido. Cambiá el mensaje y probá de nuevo.',
  URL_NOT_ALLOWED: 'Ese sitio no está permitido para buscar archivos. Subí el archivo.',
  FILE_NOT_FOUND: 'Ese archivo ya no está. Subilo de nuevo.',
  MEDIA_NOT_FOUND: 'Ningún mensaje con ese identificador llegó con un archivo.',
  MEDIA_OFF: 'Los archivos que llegan no se bajan (MEDIA_DOWNLOAD).',
  MEDIA_GONE: 'WhatsApp ya no tiene este archivo: puede estar todavía en el teléfono.',
  LINK_EXPIRED: 'El enlace al archivo venció.',
  FILE_IN_USE: 'Un mensaje que puede tener que reenviarse necesita ese archivo.',
  FETCH_FAILED: 'No se pudo obtener el archivo y no se envió nada.',
  STORAGE_FULL: 'No hay lugar para el archivo. Borrá alguno o probá más tarde.',
  PAYLOAD_TOO_LARGE: 'El mensaje es demasiado largo.',
  INTERNAL: 'El servicio tuvo un error interno. El motivo está en su registro.',
  SEND_FAILED: 'WhatsApp no aceptó el mensaje. No salió: podés reintentar.',
  PAIRING_FAILED: 'WhatsApp no entregó el código. Revisá el número o esperá unos minutos.',
  BROWSER_FAILED: 'El navegador no pudo hacerlo. Probá de nuevo.',
  SESSION_NOT_READY: 'WhatsApp todavía no está listo para enviar.',
  BACKUP_UNAVAILABLE: 'Ahora no se puede hacer una copia: no hay teléfono vinculado, falta BACKUP_KEY o ya se está haciendo una.',
  BACKUP_FAILED: 'La copia de seguridad no se pudo hacer.',
  BROWSER_NOT_RUNNING: 'El navegador está cerrado. Conectá primero.',
  LEDGER_UNAVAILABLE:
    'El servicio no puede guardar su registro de mensajes, así que no se envió nada. El motivo está en el log del servicio; suele ser el disco lleno.',
  MESSAGE_NOT_FOUND: 'No se encuentra ese mensaje, así que no se envió nada.',
  MESSAGE_NOT_OWN: 'Solo se pueden cambiar los mensajes que salieron de esta cuenta.',
  MESSAGE_NOT_CHANGEABLE: 'WhatsApp no deja cambiar este mensaje.',
  MESSAGE_TOO_OLD: 'Ya es tarde: WhatsApp deja editar durante 15 minutos y eliminar para todos durante dos días y medio.',
  MESSAGE_NOT_UNDECIDED: 'No hay nada que decidir: el servicio averigua solo qué pasó con el mensaje.',
  MESSAGE_NOT_FAILED: 'Solo se puede volver a enviar un mensaje que falló.',
  MESSAGE_OF_CAMPAIGN:
    'Este mensaje es de una campaña: volvé a poner ahí a su destinatario.',
  SENDING_STOPPED: 'Los envíos están detenidos: no se envió. Los reanuda quien administra LeadMaster.',
  CONTACT_NOT_FOUND: 'No hay nada guardado de ese contacto.',
  CONTACT_ALREADY_JOINED: 'Ya son la misma persona.',
  CONTACT_NOT_JOINED: 'Esa dirección no se puede separar: no es de esta persona, o es la única que tiene.',
  CONTACT_MAIN_ADDRESS: 'Es el número por el que se la conoce. Separá las otras direcciones.',
  QUICK_ANSWER_NOT_FOUND: 'Esa respuesta rápida ya no existe.',
  QUICK_ANSWER_EXISTS: 'Ya hay una respuesta rápida con ese atajo.',
  QUICK_ANSWERS_FULL: 'Hay 500 respuestas rápidas y no entran más. Borrá alguna.',
  CONTACT_BUSY: 'Justo está saliendo un mensaje para esa persona. Probá de nuevo en un momento.',
  OPTED_OUT: 'Pidió la baja: no se le puede escribir.',
  CAMPAIGN_STATE: 'Eso no se puede hacer con la campaña en el estado en que está.',
  TEMPLATE_INVALID:
    'El texto tiene un error en sus llaves, o nombra una columna que la lista no tiene.',
  UNSUPPORTED_MEDIA_TYPE: 'El servidor no acepta ese tipo de archivo.',
  LIST_INVALID: 'La lista no se puede leer. De lo que sigue al error no se tomó nada.',
  NOT_SERVED_HERE: 'Esto es de otro sistema y acá no está.',
  IMPORT_INCOMPLETE: 'La última lista no llegó entera. Volvé a subirla o quitala.',
  STORE_UNAVAILABLE:
    'El servidor no puede usar su base de datos ahora, así que no se hizo nada. Probá de nuevo en un momento; su registro dice por qué.',
  OVERLOADED: 'El servicio está ocupado. Probá de nuevo en unos segundos.',
  SHUTTING_DOWN: 'El servicio se está deteniendo.',
  SEND_UNCONFIRMED:
    'WhatsApp no confirmó a tiempo. Puede haber salido: miralo en el teléfono antes de reenviar.',
  SEND_UNDECIDED:
    'No se pudo averiguar si llegó: mirá el chat en el teléfono y decidilo en Mensajes.',
  EARLIER_UNCONFIRMED:
    'Un mensaje anterior a este número todavía no está confirmado, así que este no salió. Probá en un minuto.',
  BROWSER_TIMEOUT: 'El navegador no respondió a tiempo. Probá de nuevo.',
  WHATSAPP_UNAVAILABLE:
    'LeadMaster no puede hablar con WhatsApp. Si sigue así en 5 minutos, avisale a soporte.',
  SESSION_MANAGER_TIMEOUT: 'WhatsApp tarda en responder. Si sigue así en 5 minutos, avisale a soporte.',
  SESSION_MANAGER_BAD_RESPONSE:
    'La parte que habla con WhatsApp respondió algo inesperado. Avisale a soporte: puede ser de otra versión.',
  WEBHOOK_ADDRESS_REFUSED:
    'Esa dirección es de la red interna. Si es a propósito, nombrala en WEBHOOK_ALLOWED_HOSTS en el servidor.',
  ALERTS_NOT_CONFIGURED: 'Nadie recibiría el aviso: falta configurar el correo o la integración en el servidor.',
  INTERNAL_TOKEN_NOT_SET:
    'El servidor no tiene INTERNAL_TOKEN, así que los programas no pueden informar mensajes.',
  WEBHOOK_NOT_FOUND: 'Ese webhook ya no existe.',
  WEBHOOK_DELIVERY_NOT_FOUND: 'Esa entrega ya no existe.',
  WEBHOOK_DELIVERY_PENDING: 'Esa entrega ya está en camino.',
  TOO_MANY_TOKENS: 'Este cliente tiene demasiadas claves. Anulá una primero.',
  TOO_MANY_WEBHOOKS: 'Hay demasiados webhooks. Quitá uno primero.',
  HUB_UNREACHABLE: 'No se pudo llegar al servidor.',
  HUB_TIMEOUT: 'El servidor no respondió a tiempo.',
  BAD_RESPONSE: 'El servidor respondió algo inesperado.',
};

/** Reasons of the session's state, by the `cause` of its last transition. */
export const causes = {
  STARTED: 'El servicio arrancó y no hay un teléfono vinculado.',
  LINKED_PROFILE_FOUND: 'El servicio arrancó con un teléfono vinculado y conecta solo.',
  CONNECT_REQUESTED: 'Se pidió conectar.',
  DISCONNECT_REQUESTED: 'Se desconectó a pedido.',
  LOGOUT_REQUESTED:
    'Se desvinculó a pedido. Si el teléfono todavía lo muestra en Dispositivos vinculados, cerralo ahí.',
  BACKING_UP: 'Se está haciendo una copia de seguridad; vuelve sola en unos segundos.',
  CODE_SHOWN: 'Hay un código para escanear.',
  PASSKEY_REQUIRED: 'WhatsApp pide la llave de acceso de la cuenta antes de vincular.',
  PASSKEY_UNREADABLE:
    'WhatsApp pide la llave de acceso de una forma que esta versión no conoce. Vinculá en una computadora con session-manager link, o buscá una versión más nueva.',
  CODE_SCANNED: 'El teléfono aceptó la vinculación.',
  PROFILE_LINKED: 'Se recuperó la sesión guardada.',
  SYNCED: 'Vinculado, sincronizado y conectado.',
  CONNECTION_LOST: 'Se perdió la conexión con WhatsApp. Se recupera sola.',
  OFFLINE_DELIVERY:
    'WhatsApp está entregando lo que llegó mientras no había conexión. Hasta que termine, unos minutos como mucho, retiene lo que se envía.',
  TOOLS_BROKEN:
    'WhatsApp cambió su página y por ahora no se puede enviar ni recibir. Avisale a quien instaló LeadMaster: hace falta un wa-js más nuevo.',
  LINK_IN_DOUBT:
    'La página pide un código aunque el teléfono está vinculado. Se vuelve a abrir para confirmarlo.',
  SERVICE_UNAVAILABLE:
    'Los servidores de WhatsApp no atienden a nadie en este momento. Vuelve solo cuando se recuperan.',
  UNLINKED: 'El dispositivo se desvinculó desde el teléfono.',
  CONFLICT: 'WhatsApp Web se abrió en otro lugar con esta sesión. Cerralo ahí antes de conectar.',
  CODE_NOT_SCANNED: 'Nadie escaneó el código a tiempo.',
};

/** Failures and their remedies, by code. */
export const failures = {
  CHROME_NOT_FOUND: {
    what: 'No se encontró Chromium en el servidor.',
    cure: 'Instalalo con «apt-get install chromium chromium-driver» o indicá dónde está con CHROME_BIN.',
  },
  CHROMEDRIVER_NOT_FOUND: {
    what: 'No se encontró ChromeDriver en el servidor.',
    cure: 'Instalalo con «apt-get install chromium-driver» o indicá dónde está con CHROMEDRIVER_BIN.',
  },
  PROFILE_UNUSABLE: {
    what: 'No se puede usar la carpeta que guarda la sesión.',
    cure: 'Dale permiso al usuario del servicio sobre esa carpeta, o cambiá TOKENS_DIR.',
  },
  WA_JS_UNREADABLE: {
    what: 'No se puede leer el archivo de WA_JS_PATH.',
    cure: 'Corregí la variable WA_JS_PATH o quitala, y reiniciá el servicio.',
  },
  PAGE_UNREACHABLE: {
    what: 'No se puede abrir la página de WhatsApp.',
    cure: 'Revisá la conexión a internet del servidor. El servicio vuelve a probar solo.',
  },
  BROWSER_LAUNCH_FAILED: {
    what: 'El navegador no arrancó.',
    cure: 'Mirá el registro del servicio (pm2 logs session-manager) y reintentá.',
  },
  BROWSER_DIED: {
    what: 'El navegador se cerró de golpe.',
    cure: 'Se vuelve a abrir solo. Si se repite, revisá la memoria del servidor.',
  },
  CHROMEDRIVER_DIED: {
    what: 'ChromeDriver se cerró de golpe.',
    cure: 'Se vuelve a abrir solo. Si se repite, revisá la memoria del servidor.',
  },
  PAGE_CRASHED: {
    what: 'La página de WhatsApp se bloqueó dentro del navegador.',
    cure: 'Se vuelve a abrir sola. Si se repite, revisá la memoria del servidor.',
  },
  PAGE_HUNG: {
    what: 'La página de WhatsApp dejó de responder.',
    cure: 'Se vuelve a abrir sola. Si se repite, revisá la carga del servidor.',
  },
  PAGE_STUCK: {
    what: 'La página de WhatsApp abrió, pero no muestra ni un código ni una sesión.',
    cure: 'Se vuelve a abrir sola. Si se repite, puede que WhatsApp Web haya cambiado: buscá una versión nueva de LeadMaster.',
  },
  SYNC_STALLED: {
    what: 'La sincronización con el teléfono dejó de avanzar.',
    cure: 'La página se abre de nuevo sola. Dejá WhatsApp abierto en el teléfono.',
  },
  ACKS_STOPPED: {
    what: 'WhatsApp dejó de confirmar lo que se envía.',
    cure: 'Se vuelve a abrir sola y averigua qué pasó con los mensajes. Si se repite, revisá la red.',
  },
  LEDGER_UNAVAILABLE: {
    what: 'El servicio no puede guardar su registro de mensajes, así que no se envía nada.',
    cure: 'Hacé lugar en el disco del servidor. Vuelve solo; si no, su registro de errores dice por qué.',
  },
  UNSUPPORTED_BROWSER: {
    what: 'WhatsApp no acepta este navegador.',
    cure: 'Actualizá los paquetes chromium y chromium-driver y reintentá.',
  },
  BLOCKED_BY_WHATSAPP: {
    what: 'WhatsApp rechaza la sesión.',
    cure: 'Abrí WhatsApp en el teléfono para ver el motivo. Cuando esté resuelto, reintentá.',
  },
  TEMPORARILY_BANNED: {
    what: 'WhatsApp bloqueó la cuenta por un tiempo.',
    cure: 'Pausá las campañas y mirá el teléfono: dice hasta cuándo. Sigue solo cuando termina; reintentar no lo acorta.',
  },
  UNEXPECTED_LOGOUT: {
    what: 'La página de WhatsApp pidió cerrar la sesión por algo inesperado.',
    cure: 'Se carga de nuevo sola. Si después muestra un código, escanealo.',
  },
  TOO_MANY_RESTARTS: {
    what: 'El navegador falló demasiadas veces seguidas.',
    cure: 'Mirá el registro del servicio (pm2 logs session-manager) y reintentá.',
  },
};
