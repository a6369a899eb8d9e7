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
