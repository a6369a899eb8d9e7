// Stores unsent texts by user and chat across screens, reloads and sign-ins, until sign-out.
import { writeStored, readStored } from './browserStorage';
import { ownerName } from './owner';

const PREFIX = 'leadmaster-drafts';
/** Maximum number of drafts; the oldest are deleted. */
const MAX_DRAFTS = 50;

const keyOfOwner = (): string => `${PREFIX}:${ownerName()}`;

function read(): [string, string][] {
  try {
    const found: unknown = JSON.parse(readStored(keyOfOwner()) ?? '[]');
    if (!Array.isArray(found)) return [];
    return found.filter(
      (one): one is [string, string] =>
        Array.isArray(one) && one.length === 2 && one.every((part) => typeof part === 'string'),
    );
  } catch {
    return [];
  }
}

export const draftOf = (chat: string): string => new Map(read()).get(chat) ?? '';

export function keepDraft(chat: string, text: string): void {
  const others = read().filter(([other]) => other !== chat);
  const all = text.trim() === '' ? others : [...others, [chat, text] as [string, string]];
  writeStored(keyOfOwner(), all.length === 0 ? null : JSON.stringify(all.slice(-MAX_DRAFTS)));
}

/**
 * Deletes the drafts of the user who is signed in, and those that an earlier version kept for
 * whoever it was.
 */
export function forgetDrafts(): void {
  writeStored(keyOfOwner(), null);
  writeStored(PREFIX, null);
}

/**
 * Returns what is left to write once a text has been sent: what was typed meanwhile stays. A text
 * that was changed, rather than continued, stays whole.
 */
export function restAfter(sent: string, now: string): string {
  const typed = now.trimStart();
  const gone = sent.trim();
  return typed.startsWith(gone) ? typed.slice(gone.length).trimStart() : now;
}
