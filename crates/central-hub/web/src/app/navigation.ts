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
} from '@tabler/icons-react';
import type { ComponentType } from 'react';

import { useOnlyAnswers, useSeesAll } from '../auth/AuthProvider';
import type { Dictionary } from '../i18n/es';
import { loadScreenTexts } from '../i18n/I18nProvider';
import { AGENT_ROUTES, QUICK_ANSWERS, ROUTES } from '../lib/routes';
import { StartScreen } from '../start/StartScreen';
import { lazyWithStyles } from '../ui/lazyWithStyles';

interface Entry {
  label: (t: Dictionary) => string;
  icon: ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>;
}

/** A screen's entry in the menu. */
export interface MenuEntry extends Entry {
  path: string;
}

export interface Section {
  path: string;
  /** What follows in the path of the same screen, which stays mounted: such as `/:telefono?`. */
  params?: string;
  /** The entry in the menu; without one, another screen links to this one. */
  entry?: Entry;
  screen: ComponentType;
  /** Only for users with access to all businesses. */
  admins?: boolean;
}

/** Loads a screen when it is opened, with its texts. */
const screen = (load: () => Promise<{ default: ComponentType }>): ComponentType =>
  lazyWithStyles(async () => {
    const [loaded] = await Promise.all([load(), loadScreenTexts()]);
    return loaded;
  });

/**
 * The screens in menu order. A new screen needs route entry here and its path in
 * `lib/routes.ts`.
 */
const SECTIONS: readonly Section[] = [
  {
    path: ROUTES.start,
    entry: { label: (t) => t.nav.start, icon: IconHome },
    screen: StartScreen,
  },
  {
    path: ROUTES.campaigns,
    entry: { label: (t) => t.nav.campaigns, icon: IconSpeakerphone },
    screen: screen(() => import('../campaigns/CampaignsScreen')),
  },
  {
    path: `${ROUTES.campaigns}/nueva`,
    screen: screen(() => import('../campaigns/NewCampaignScreen')),
  },
  {
    path: `${ROUTES.campaigns}/:id`,
    screen: screen(() => import('../campaigns/CampaignScreen')),
  },
  {
    path: ROUTES.schedules,
    entry: { label: (t) => t.nav.schedules, icon: IconCalendarTime },
    screen: screen(() => import('../schedules/SchedulesScreen')),
  },
  {
    path: ROUTES.conversations,
    params: '/:telefono?',
    entry: { label: (t) => t.nav.conversations, icon: IconMessageCircle },
    screen: screen(() => import('../conversations/ConversationsScreen')),
  },
  {
    path: QUICK_ANSWERS,
    entry: { label: (t) => t.nav.quickAnswers, icon: IconBolt },
    screen: screen(() => import('../quickanswers/QuickAnswersScreen')),
  },
  {
    path: ROUTES.contacts,
    entry: { label: (t) => t.nav.contacts, icon: IconAddressBook },
    screen: screen(() => import('../contacts/ContactsScreen')),
  },
  {
    path: ROUTES.messages,
    entry: { label: (t) => t.nav.messages, icon: IconMessages },
    screen: screen(() => import('../messages/MessagesScreen')),
  },
  {
    path: ROUTES.optOuts,
    entry: { label: (t) => t.nav.optOuts, icon: IconBellOff },
    screen: screen(() => import('../optouts/OptOutsScreen')),
    admins: true,
  },
  {
    path: ROUTES.whatsapp,
    entry: { label: (t) => t.nav.whatsapp, icon: IconBrandWhatsapp },
    screen: screen(() => import('../whatsapp/WhatsappScreen')),
  },
  {
    path: ROUTES.integrations,
    screen: screen(() => import('../integrations/IntegrationsScreen')),
    // For programmers; the settings link to it.
  },
  {
    path: `${ROUTES.integrations}/:id`,
    screen: screen(() => import('../integrations/WebhookScreen')),
    admins: true,
  },
  {
    path: ROUTES.users,
    entry: { label: (t) => t.nav.users, icon: IconUsers },
    screen: screen(() => import('../users/UsersScreen')),
    admins: true,
  },
  {
    path: ROUTES.settings,
    entry: { label: (t) => t.nav.settings, icon: IconSettings },
    screen: screen(() => import('../settings/SettingsScreen')),
  },
  {
    path: ROUTES.help,
    entry: { label: (t) => t.nav.help, icon: IconHelpCircle },
    screen: screen(() => import('../help/HelpScreen')),
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

/** Returns the menu of the signed-in user. */
export const useMenuEntries = (): readonly MenuEntry[] =>
  useSections().flatMap(({ path, entry }) => (entry ? [{ path, ...entry }] : []));
