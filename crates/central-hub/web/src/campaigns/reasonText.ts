import type { Dictionary } from '../i18n/es';
import type { Reason } from './standing';

/** Returns the reason why nothing is sent, as a sentence. */
export function reasonText(t: Dictionary, reason: Reason, moment: (at: string) => string): string {
  const words = t.campaigns.reasons;
  switch (reason.kind) {
    case 'reachOut':
    case 'newChats':
    case 'outsideHours':
    case 'quota':
    case 'notYet':
      return words[reason.kind](reason.until && moment(reason.until));
    default:
      return words[reason.kind];
  }
}
