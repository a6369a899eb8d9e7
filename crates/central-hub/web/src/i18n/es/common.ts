import type { SessionState } from '../../api/types';
import { errors } from './errors';
import { failures } from './failures';
import { alerts } from './alerts';
import { line, operator } from './line';
import { messageActions } from './messageActions';
import { sending } from './sending';
import { start } from './start';

const states: Record<SessionState, string> = {
  INIT: 'Inicio',
  QR_REQUIRED: 'Esperando el escaneo',
  AUTHENTICATED: 'Sincronizando',
  READY: 'Conectado',
  DISCONNECTED: 'Desconectado',
  ERROR: 'Con un problema',
};

const messageStates = {
  pendiente: 'Pendiente',
  enviando: 'Enviando',
  sin_confirmar: 'Sin confirmar',
  enviado: 'Enviado',
  entregado: 'Entregado',
  leido: 'Leído',
  reproducido: 'Reproducido',
  fallido: 'Falló',
  simulado: 'De prueba (no salió)',
  cancelado: 'Cancelado',
  recibido: 'Recibido',
};

/** The texts that come with the page: those of its frame, of the start screen and of errors. */
export const common = {
  locale: 'es-AR',
  app: {
    name: 'LeadMaster',
    skip: 'Ir al contenido',
    menu: 'Menú',
    navigation: 'Secciones',
    preferences: 'Preferencias',
    language: 'Idioma',
    theme: 'Apariencia',
    themes: { light: 'Clara', dark: 'Oscura', auto: 'Como el sistema' },
    retry: 'Reintentar',
    cancel: 'Cancelar',
    close: 'Cerrar',
    closeToast: 'Cerrar el aviso',
    loading: 'Cargando…',
    undo: 'Deshacer',
    technical: 'Detalle técnico',
    more: 'Más',
    shortcuts: 'Accesos',
    filters: 'Filtros',
    done: 'Listo',
  },
  auth: {
    title: 'Iniciar sesión',
    text: 'Con el usuario que te dio quien administra LeadMaster. El primero es «admin».',
    forgot: '¿Olvidaste la contraseña? Quien administra LeadMaster te puede poner otra en Usuarios.',
    username: 'Usuario',
    usernameEmpty: 'Escribí tu usuario.',
    password: 'Contraseña',
    passwordEmpty: 'Escribí tu contraseña.',
    showPassword: 'Mostrar la contraseña',
    submit: 'Entrar',
    failed: 'No se pudo iniciar sesión',
    expired: 'La sesión terminó. Iniciá sesión de nuevo para seguir donde estabas.',
    startFailed: 'No se pudo empezar, reintentando…',
    session: 'Sesión',
    signOut: 'Cerrar sesión',
    program: 'Programa',
  },
  /** Words for relative dates. */
  dates: {
    today: 'hoy',
    yesterday: 'ayer',
    tomorrow: 'mañana',
    month: 'numeric' as 'numeric' | 'short',
  },
  nav: {
    start: 'Inicio',
    campaigns: 'Campañas',
    schedules: 'Programación',
    conversations: 'Conversaciones',
    quickAnswers: 'Respuestas rápidas',
    contacts: 'Contactos',
    messages: 'Mensajes',
    optOuts: 'Bajas',
    whatsapp: 'WhatsApp',
    integrations: 'Integraciones',
    users: 'Usuarios',
    settings: 'Ajustes',
    help: 'Ayuda',
  },
  help: { contents: 'En esta guía' },
  list: {
    failed: 'No se pudo leer la lista',
    pages: 'Páginas',
    page: (number: number) => `Página ${number}`,
    back: 'Anterior',
    forward: 'Siguiente',
    searching: 'Buscando en lo anterior…',
    stop: 'Parar',
    stopped: 'Se paró la búsqueda: con “Siguiente” sigue desde ahí.',
  },
  /** States of messages and recipients, by the wire's `estado`. */
  messageStates,
  system: {
    title: 'Sistema',
    version: 'Versión',
    up: 'En línea',
    down: 'No responde',
    unknown: '—',
    polling: 'Se actualiza cada pocos segundos',
    rehearsal: 'Modo prueba',
    line: (state: string) => `WhatsApp: ${state}`,
    environment: (name: string) =>
      name === 'production' ? 'producción' : name === 'development' ? 'desarrollo' : name,
  },
  notFound: {
    title: 'Esta página no existe',
    text: 'La dirección puede estar mal escrita o haber cambiado.',
    home: 'Ir al inicio',
  },
  crash: {
    title: 'La página se detuvo por un error',
    text: 'Los servicios siguen funcionando. Volvé a cargar la página.',
    reload: 'Volver a cargar',
  },
  banners: {
    dryRun: 'Modo prueba',
    dryRunText: 'los mensajes no le llegan a nadie',
    dryRunHow: '¿Cómo se activa el envío?',
    pollingTitle: 'Se actualiza cada pocos segundos',
    pollingText: 'El servidor responde, pero no avisa solo: lo nuevo puede tardar en verse.',
    outdatedTitle: 'El servidor se actualizó',
    outdatedText: 'Esta página es de la versión anterior.',
  },
  whatsapp: {
    title: 'WhatsApp',
    lead: 'El número desde el que escribís.',
    states,
    passkey: 'WhatsApp pide la llave de acceso',
    unknownState: 'Estado desconocido',
  },
  idle: {
    title: 'Sin conectar',
    text: 'Para vincular un teléfono hace falta tenerlo a mano: en unos segundos aparece un código para escanear.',
    linkedText: 'Ya hay un teléfono vinculado: no hace falta volver a escanear.',
    connect: 'Conectar',
  },
  starting: {
    title: 'Conectando…',
    text: 'Se abre WhatsApp Web. Suele tardar entre 5 y 20 segundos.',
    linkedText: 'Se recupera la sesión del teléfono vinculado.',
  },
  syncing: {
    title: 'Vinculado, sincronizando…',
    text: 'El teléfono ya está vinculado. WhatsApp descarga los chats; puede tardar unos minutos.',
    lostTitle: 'Sin conexión con WhatsApp',
    lostText: 'El teléfono sigue vinculado. Se reconecta solo; mientras tanto no se puede enviar.',
  },
  actions: {
    disconnect: 'Pausar la conexión',
    unlink: 'Quitar este WhatsApp',
    disconnectTitle: '¿Pausar la conexión?',
    disconnectText:
      'Se cierra el navegador y no se envía ni se recibe nada hasta volver a conectar. El teléfono queda vinculado: no hará falta escanear.',
    unlinkTitle: '¿Quitar este WhatsApp?',
    unlinkText:
      'La sesión se cierra en el teléfono y se borra de este equipo. Para volver a usarla hay que escanear un código nuevo.',
    cancelTitle: '¿Cancelar la vinculación?',
    cancelText: 'Se cierra el navegador y el código deja de servir.',
    failed: 'No se pudo completar',
  },
  phone: {
    empty: 'Escribí un número.',
    characters: 'Usá solo números, espacios y guiones.',
    understood: (number: string, country: string | null) =>
      `Es ${number}${country === null ? '' : ` (${country})`} ✓`,
  },
  alerts,
  line,
  messageActions,
  operator,
  sending,
  start,
  errors,
  failures,
};
