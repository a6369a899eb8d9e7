import { keepPreviousData, useQuery, type QueryKey } from '@tanstack/react-query';
import { useState } from 'react';

/** A page of a list, independent of its field names. */
export interface Page<T> {
  items: readonly T[];
  /** Cursor of the next page; null on the last. */
  next: string | number | null;
}

type Cursor = string | number | null;

interface Options<T> {
  /** Identifies the list and its filters: other filters start at the first page. */
  key: QueryKey;
  fetch: (cursor: Cursor, signal: AbortSignal) => Promise<Page<T>>;
  /** Poll interval in milliseconds; if omitted, only invalidation refetches. */
  everyMs?: number | false;
  enabled?: boolean;
}

/** Empty pages in a row after which a person decides whether to go on. */
const MOST_EMPTY = 50;

/**
 * Fetches the first page with something in it: a search ends after a while with
 * a cursor, whether or not it has found anything.
 */
export async function firstFilled<P, C>(
  cursor: C,
  fetch: (cursor: C) => Promise<P>,
  read: (page: P) => { items: readonly unknown[]; next: C },
): Promise<P> {
  let page = await fetch(cursor);
  for (let n = 0; n < MOST_EMPTY; n += 1) {
    const { items, next } = read(page);
    if (items.length > 0 || next === null) break;
    page = await fetch(next);
  }
  return page;
}

export interface Pages<T> {
  /** Undefined until the first response. */
  items: readonly T[] | undefined;
  error: Error | null;
  /** Another page or filter is loading, and the previous one is still shown. */
  stale: boolean;
  /** Page number, from 1. */
  number: number;
  back: (() => void) | null;
  forward: (() => void) | null;
  retry: () => void;
}

/**
 * Pages through a list by the server's cursors: one page at a time, with a way
 * back to the previous ones.
 */
export function usePages<T>({ key, fetch, everyMs, enabled = true }: Options<T>): Pages<T> {
  const name = JSON.stringify(key);
  // The cursors up to this page; valid for one list only.
  const [seen, setSeen] = useState<{ name: string; cursors: readonly Cursor[] }>({
    name,
    cursors: [null],
  });
  const cursors = seen.name === name ? seen.cursors : [null];
  const cursor = cursors.at(-1) ?? null;
  const { data, error, isPlaceholderData, refetch } = useQuery({
    queryKey: [...key, { cursor }],
    queryFn: ({ signal }) =>
      firstFilled(
        cursor,
        (from) => fetch(from, signal),
        (page) => page,
      ),
    placeholderData: keepPreviousData,
    refetchInterval: everyMs ?? false,
    // The list may have changed before the user returns to it.
    staleTime: 0,
    enabled,
  });
  const next = isPlaceholderData ? null : (data?.next ?? null);
  const go = (to: readonly Cursor[]) => () => setSeen({ name, cursors: to });
  return {
    items: data?.items,
    error,
    stale: isPlaceholderData,
    number: cursors.length,
    back: cursors.length > 1 ? go(cursors.slice(0, -1)) : null,
    forward: next === null ? null : go([...cursors, next]),
    retry: () => void refetch(),
  };
}
