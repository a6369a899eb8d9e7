// Stores unsent texts by chat across screens, reloads and sign-ins, until
// sign-out.
import { writeStored, readStored } from './browserStorage';

const KEY = 'leadmaster-drafts';
/** Maximum number of drafts; the oldest are deleted. */
const MAX_DRAFTS = 50;

function read(): [string, string][] {
  try {
    const found: unknown = JSON.parse(readStored(KEY) ?? '[]');
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
  writeStored(KEY, all.length === 0 ? null : JSON.stringify(all.slice(-MAX_DRAFTS)));
}

export const forgetDrafts = (): void => writeStored(KEY, null);
