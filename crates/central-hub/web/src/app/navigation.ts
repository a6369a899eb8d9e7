import {
  IconBellOff,
  IconBrandWhatsapp,
  IconCalendarTime,
  IconHome,
  IconMessageCircle,
  IconMessages,
  IconSettings,
  IconSpeakerphone,
  IconUsers,
  IconWebhook,
} from '@tabler/icons-react';
import { lazy, type ComponentType } from 'react';

import { useSeesAll } from '../auth/AuthProvider';
import type { Dictionary } from '../i18n/es';

export interface Section {
  path: string;
  label: (t: Dictionary) => string;
  icon: ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>;
  screen: ComponentType;
  /** Only for those who see all businesses. */
  admins?: boolean;
  /** In the menu; a screen that another leads to is not. */
  hidden?: boolean;
}

/** One component for the list and for each conversation, so that the list stays. */
const Conversations = lazy(() => import('../conversations/ConversationsScreen'));

/**
 * The screens, in the order of the menu. A new screen is one entry
 * here; its path must be none of the API's, which also answers without `/api`.
 */
const SECTIONS: readonly Section[] = [
  {
    path: '/inicio',
    label: (t) => t.nav.start,
    icon: IconHome,
    screen: lazy(() => import('../start/StartScreen')),
  },
  {
    path: '/campanas',
    label: (t) => t.nav.campaigns,
    icon: IconSpeakerphone,
    screen: lazy(() => import('../campaigns/CampaignsScreen')),
  },
  {
    path: '/campanas/nueva',
    label: (t) => t.campaigns.newTitle,
    icon: IconSpeakerphone,
    screen: lazy(() => import('../campaigns/NewCampaignScreen')),
    hidden: true,
  },
  {
    path: '/campanas/:id',
    label: (t) => t.campaigns.one,
    icon: IconSpeakerphone,
    screen: lazy(() => import('../campaigns/CampaignScreen')),
    hidden: true,
  },
  {
    path: '/programacion',
    label: (t) => t.nav.schedules,
    icon: IconCalendarTime,
    screen: lazy(() => import('../schedules/SchedulesScreen')),
  },
  {
    path: '/conversaciones',
    label: (t) => t.nav.conversations,
    icon: IconMessageCircle,
    screen: Conversations,
  },
  {
    path: '/conversaciones/:telefono',
    label: (t) => t.conversations.chooseTitle,
    icon: IconMessageCircle,
    screen: Conversations,
    hidden: true,
  },
  {
    path: '/mensajes',
    label: (t) => t.nav.messages,
    icon: IconMessages,
    screen: lazy(() => import('../messages/MessagesScreen')),
  },
  {
    path: '/bajas',
    label: (t) => t.nav.optOuts,
    icon: IconBellOff,
    screen: lazy(() => import('../optouts/OptOutsScreen')),
    admins: true,
  },
  {
    path: '/whatsapp',
    label: (t) => t.nav.whatsapp,
    icon: IconBrandWhatsapp,
    screen: lazy(() => import('../whatsapp/WhatsappScreen')),
  },
  {
    path: '/integraciones',
    label: (t) => t.nav.integrations,
    icon: IconWebhook,
    screen: lazy(() => import('../integrations/IntegrationsScreen')),
  },
  {
    path: '/integraciones/:id',
    label: (t) => t.integrations.one,
    icon: IconWebhook,
    screen: lazy(() => import('../integrations/WebhookScreen')),
    admins: true,
    hidden: true,
  },
  {
    path: '/usuarios',
    label: (t) => t.nav.users,
    icon: IconUsers,
    screen: lazy(() => import('../users/UsersScreen')),
    admins: true,
  },
  {
    path: '/ajustes',
    label: (t) => t.nav.settings,
    icon: IconSettings,
    screen: lazy(() => import('../settings/SettingsScreen')),
  },
];

export const HOME = '/inicio';

/** The screens of whoever is signed in. */
export function useSections(): readonly Section[] {
  const seesAll = useSeesAll();
  return SECTIONS.filter(({ admins }) => seesAll || !admins);
}
