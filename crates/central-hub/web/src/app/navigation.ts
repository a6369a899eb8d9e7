import { IconBrandWhatsapp } from '@tabler/icons-react';
import { lazy, type ComponentType } from 'react';

import type { Dictionary } from '../i18n/es';

export interface Section {
  path: string;
  label: (t: Dictionary) => string;
  icon: ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>;
  screen: ComponentType;
}

/** The screens, in the order of the menu. A new screen is one entry here. */
export const SECTIONS: readonly Section[] = [
  {
    path: '/whatsapp',
    label: (t) => t.nav.whatsapp,
    icon: IconBrandWhatsapp,
    screen: lazy(() => import('../whatsapp/WhatsappScreen')),
  },
];

export const HOME = '/whatsapp';
