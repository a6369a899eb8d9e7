import {
  IconAddressBook,
  IconBellOff,
  IconBolt,
  IconBrandWhatsapp,
  IconCalendarTime,
  IconHelpCircle,
  IconHome,
  IconMessageCircle,
  IconMessages,
  IconSettings,
  IconSpeakerphone,
  IconUsers,
  IconWebhook,
} from '@tabler/icons-react';
import { lazy, type ComponentType } from 'react';

import { useOnlyAnswers, useSeesAll } from '../auth/AuthProvider';
import type { Dictionary } from '../i18n/es';
import { AGENT_ROUTES, QUICK_ANSWERS, ROUTES } from '../lib/routes';

export interface Section {
  path: string;
  label: (t: Dictionary) => string;
  icon: ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>;
  screen: ComponentType;
  /** Only for users with access to all businesses. */
  admins?: boolean;
  /** Not in the menu; another screen links to it. */
  hidden?: boolean;
}

/**
 * One component for the list and each conversation, so that the list stays
 * mounted.
 */
const Conversations = lazy(() => import('../conversations/ConversationsScreen'));

/**
 * The screens in menu order. A new screen needs route entry here and its path in
 * `lib/routes.ts`.
 */
const SECTIONS: readonly Section[] = [
  {
    path: ROUTES.start,
    label: (t) => t.nav.start,
    icon: IconHome,
    screen: lazy(() => import('../start/StartScreen')),
  },
  {
    path: ROUTES.campaigns,
    label: (t) => t.nav.campaigns,
    icon: IconSpeakerphone,
    screen: lazy(() => import('../campaigns/CampaignsScreen')),
  },
  {
    path: `${ROUTES.campaigns}/nueva`,
    label: (t) => t.campaigns.newTitle,
    icon: IconSpeakerphone,
    screen: lazy(() => import('../campaigns/NewCampaignScreen')),
    hidden: true,
  },
  {
    path: `${ROUTES.campaigns}/:id`,
    label: (t) => t.campaigns.one,
    icon: IconSpeakerphone,
    screen: lazy(() => import('../campaigns/CampaignScreen')),
    hidden: true,
  },
  {
    path: ROUTES.schedules,
    label: (t) => t.nav.schedules,
    icon: IconCalendarTime,
    screen: lazy(() => import('../schedules/SchedulesScreen')),
  },
  {
    path: ROUTES.conversations,
    label: (t) => t.nav.conversations,
    icon: IconMessageCircle,
    screen: Conversations,
  },
  {
    path: `${ROUTES.conversations}/:telefono`,
    label: (t) => t.conversations.chooseTitle,
    icon: IconMessageCircle,
    screen: Conversations,
    hidden: true,
  },
  {
    path: QUICK_ANSWERS,
    label: (t) => t.quickAnswers.title,
    icon: IconBolt,
    screen: lazy(() => import('../quickanswers/QuickAnswersScreen')),
  },
  {
    path: ROUTES.contacts,
    label: (t) => t.nav.contacts,
    icon: IconAddressBook,
    screen: lazy(() => import('../contacts/ContactsScreen')),
  },
  {
    path: ROUTES.messages,
    label: (t) => t.nav.messages,
    icon: IconMessages,
    screen: lazy(() => import('../messages/MessagesScreen')),
  },
  {
    path: ROUTES.optOuts,
    label: (t) => t.nav.optOuts,
    icon: IconBellOff,
    screen: lazy(() => import('../optouts/OptOutsScreen')),
    admins: true,
  },
  {
    path: ROUTES.whatsapp,
    label: (t) => t.nav.whatsapp,
    icon: IconBrandWhatsapp,
    screen: lazy(() => import('../whatsapp/WhatsappScreen')),
  },
  {
    path: ROUTES.integrations,
    label: (t) => t.nav.integrations,
    icon: IconWebhook,
    screen: lazy(() => import('../integrations/IntegrationsScreen')),
    // For programmers; the settings link to it.
    hidden: true,
  },
  {
    path: `${ROUTES.integrations}/:id`,
    label: (t) => t.integrations.one,
    icon: IconWebhook,
    screen: lazy(() => import('../integrations/WebhookScreen')),
    admins: true,
    hidden: true,
  },
  {
    path: ROUTES.users,
    label: (t) => t.nav.users,
    icon: IconUsers,
    screen: lazy(() => import('../users/UsersScreen')),
    admins: true,
  },
  {
    path: ROUTES.settings,
    label: (t) => t.nav.settings,
    icon: IconSettings,
    screen: lazy(() => import('../settings/SettingsScreen')),
  },
  {
    path: ROUTES.help,
    label: (t) => t.nav.help,
    icon: IconHelpCircle,
    screen: lazy(() => import('../help/HelpScreen')),
  },
];

/** Returns the screens of the signed-in user. */
export function useSections(): readonly Section[] {
  const seesAll = useSeesAll();
  const onlyAnswers = useOnlyAnswers();
  const own = [...AGENT_ROUTES].map((name) => ROUTES[name]);
  const isOwn = (path: string) => own.some((route) => path === route || path.startsWith(`${route}/`));
  return SECTIONS.filter(({ admins, path }) => (onlyAnswers ? isOwn(path) : seesAll || !admins));
}
