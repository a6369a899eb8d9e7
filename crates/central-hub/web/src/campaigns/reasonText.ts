import type { Dictionary } from '../i18n/es';
import type { Reason } from './standing';

/** Describes in a sentence why nothing is sent. */
export function reasonText(t: Dictionary, reason: Reason, formatTime: (at: string) => string): string {
  const words = t.campaigns.reasons;
  switch (reason.kind) {
    case 'reachOut':
    case 'newChats':
    case 'outsideHours':
    case 'quota':
    case 'notYet':
      return words[reason.kind](reason.until && formatTime(reason.until));
    default:
      return words[reason.kind];
  }
}
