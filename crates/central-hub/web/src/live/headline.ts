import type { Dictionary } from '../i18n/es';
import type { View } from './view';

export interface Headline {
  label: string;
  color: string;
}

/** Returns a short label and a color for the state, for badge, tab and screen reader. */
export function headline(t: Dictionary, view: View): Headline {
  const { states, unknownState } = t.whatsapp;
  switch (view.kind) {
    case 'loading':
      return { label: t.app.loading, color: 'gray' };
    case 'away':
      return { label: unknownState, color: 'gray' };
    case 'idle':
      return { label: t.idle.title, color: 'gray' };
    case 'starting':
      return { label: t.starting.title, color: 'blue' };
    case 'scan':
      return { label: states.QR_REQUIRED, color: 'yellow' };
    case 'passkey':
      return { label: t.whatsapp.passkey, color: 'yellow' };
    case 'syncing':
      return view.cause === 'CONNECTION_LOST' || view.cause === 'SERVICE_UNAVAILABLE'
        ? { label: t.syncing.lostTitle, color: 'yellow' }
        : { label: states.AUTHENTICATED, color: 'blue' };
    case 'ready':
      return { label: states.READY, color: 'brand' };
    case 'disconnected':
      return { label: states.DISCONNECTED, color: 'gray' };
    case 'failed':
      return { label: states.ERROR, color: 'red' };
  }
}
