import { asError } from '../lib/asError';
import { findTarget, type Target } from './thread';
import type { History } from './types';

interface Outcome {
  /** All messages that were fetched, as one page; null if there are none. */
  page: History | null;
  isFound: boolean;
  /** What ended the search too early. */
  error: Error | null;
}

/**
 * Fetches older messages, page by page, until the target is among them or cannot come any more.
 * Tells the date of the oldest one after each page.
 */
export async function fetchBackTo(
  target: Target,
  from: number,
  onProgress: (oldest: string) => void,
  fetchPage: (before: number) => Promise<History>,
): Promise<Outcome> {
  const pages: History[] = [];
  let isFound = false;
  let error: Error | null = null;
  try {
    for (let before: number | null = from; before !== null && !isFound; ) {
      const page: History = await fetchPage(before);
      pages.push(page);
      isFound = findTarget(page.mensajes, target) !== undefined;
      before = page.siguiente;
      // Pages go by the hub's ids.
      if (typeof target === 'number' && (before ?? 0) <= target) break;
      const oldest = page.mensajes.at(-1)?.fecha;
      if (oldest !== undefined) onProgress(oldest);
    }
  } catch (failure) {
    error = asError(failure);
  }
  const last = pages.at(-1);
  const page = last ? { ...last, mensajes: pages.flatMap(({ mensajes }) => mensajes) } : null;
  return { page, isFound, error };
}
