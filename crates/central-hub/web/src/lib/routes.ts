/** A screen with an entry in the menu. */
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
  | 'settings'
  | 'help';

/**
 * The path of each screen. None may equal an API path, since the API also responds
 * without `/api`.
 */
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
  help: '/ayuda',
};

/** Under the path of the conversations, for users who answer; no chat has such an id. */
export const QUICK_ANSWERS = `${ROUTES.conversations}/respuestas-rapidas`;

/** Screens for users with access to all businesses. */
export const ADMIN_ROUTES: ReadonlySet<RouteName> = new Set(['optOuts', 'users']);

/** Screens for users who only answer conversations. */
export const AGENT_ROUTES: ReadonlySet<RouteName> = new Set([
  'start',
  'conversations',
  'messages',
  'optOuts',
  'settings',
  'help',
]);

export const HOME = ROUTES.start;

/** URL parameter of a conversation: the message to jump to. */
export const MESSAGE_PARAM = 'mensaje';

/** Returns the path of a chat, by number or LID. */
export const conversationOf = (chat: string): string =>
  `${ROUTES.conversations}/${encodeURIComponent(chat)}`;

/** Returns the path of a message in its chat. */
export const messageInChat = (chat: string, id: number): string =>
  `${conversationOf(chat)}?${MESSAGE_PARAM}=${id}`;
