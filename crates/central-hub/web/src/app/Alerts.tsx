import { useRef } from 'react';
import { useLocation } from 'wouter';

import type { ConversationEvent } from '../api/types';
import { useText } from '../i18n/I18nProvider';
import { notify, sound, wantsNotifications, wantsSound } from '../lib/alerts';
import { numberOf } from '../lib/phone';
import { conversationOf } from '../lib/routes';
import { useTitleCount } from '../lib/usePageTitle';
import { useOnLive } from '../live/LiveProvider';
import { countText } from '../live/countText';
import { useFollowInbox, useInbox } from '../live/useInbox';

/**
 * Announces inbound messages: in the tab's title, and as configured in this
 * browser.
 */
export function Alerts() {
  const t = useText();
  const inbox = useInbox();
  const [, go] = useLocation();
  const [pathname] = useLocation();
  const last = useRef(0);
  useFollowInbox();
  useTitleCount(inbox && inbox.sin_responder > 0 ? countText(inbox.sin_responder, inbox.hay_mas) : '');

  useOnLive((action) => {
    if (action.type !== 'conversation') return;
    const { event } = action;
    // Skips events that other changes of an already announced message caused.
    if (event.direccion !== 'entrante' || event.id <= last.current) return;
    last.current = event.id;
    const address = conversationOf(event.telefono ?? event.chat);
    const inSight = document.visibilityState === 'visible' && pathname === address;
    if (inSight || event.sin_responder_desde === null) return;
    if (wantsSound() === true) sound();
    if (wantsNotifications() === true && document.visibilityState !== 'visible') {
      notify(t.alerts.wrote(whoIs(event)), event.mensaje, event.chat, () => go(address));
    }
  });
  return null;
}

const whoIs = (event: ConversationEvent): string => event.nombre ?? numberOf(event);
