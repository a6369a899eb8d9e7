/** A screen that the menu names. */
export type RouteName =
  | 'start'
  | 'campaigns'
  | 'schedules'
  | 'conversations'
  | 'contacts'
  | 'messages'
  | 'optOuts'
  | 'whatsapp'
  | 'integrations'
  | 'users'
  | 'settings';

/** The address of each screen; none may be one of the API's, which also answers without `/api`. */
export const ROUTES: Readonly<Record<RouteName, string>> = {
  start: '/inicio',
  campaigns: '/campanas',
  schedules: '/programacion',
  conversations: '/conversaciones',
  contacts: '/contactos',
  messages: '/mensajes',
  optOuts: '/bajas',
  whatsapp: '/whatsapp',
  integrations: '/integraciones',
  users: '/usuarios',
  settings: '/ajustes',
};

/** Screens of those who see all businesses. */
export const ADMIN_ROUTES: ReadonlySet<RouteName> = new Set(['optOuts', 'users']);

/** Screens of those who only answer. */
export const AGENT_ROUTES: ReadonlySet<RouteName> = new Set([
  'start',
  'conversations',
  'messages',
  'optOuts',
  'settings',
]);

export const HOME = ROUTES.start;
