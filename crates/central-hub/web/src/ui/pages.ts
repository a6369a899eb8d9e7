import { keepPreviousData, useQuery, type QueryKey } from '@tanstack/react-query';
import { useState } from 'react';

/** A page of a list as the hub tells it, by whatever names. */
export interface Page<T> {
  items: readonly T[];
  /** Where the next page begins; null on the last. */
  next: string | number | null;
}

type Cursor = string | number | null;

interface Options<T> {
  /** Names the list with all its filters: other filters begin at the first page. */
  key: QueryKey;
  fetch: (cursor: Cursor, signal: AbortSignal) => Promise<Page<T>>;
  /** How often to ask again, in milliseconds; left out, only when the key is invalidated. */
  everyMs?: number | false;
  enabled?: boolean;
}

export interface Pages<T> {
  /** Undefined until the first answer. */
  items: readonly T[] | undefined;
  error: Error | null;
  /** Another page or filter is on its way, and the one before still on show. */
  stale: boolean;
  /** From 1. */
  number: number;
  back: (() => void) | null;
  forward: (() => void) | null;
  retry: () => void;
}

/**
 * A list that the server pages by a cursor: one page at a time, and the way
 * back to those seen before.
 */
export function usePages<T>({ key, fetch, everyMs, enabled = true }: Options<T>): Pages<T> {
  const name = JSON.stringify(key);
  // The cursors of the pages up to this one; they are of one list only.
  const [seen, setSeen] = useState<{ name: string; cursors: readonly Cursor[] }>({
    name,
    cursors: [null],
  });
  const cursors = seen.name === name ? seen.cursors : [null];
  const cursor = cursors.at(-1) ?? null;
  const { data, error, isPlaceholderData, refetch } = useQuery({
    queryKey: [...key, { cursor }],
    queryFn: ({ signal }) => fetch(cursor, signal),
    placeholderData: keepPreviousData,
    refetchInterval: everyMs ?? false,
    // What is left and come back to may have changed meanwhile.
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
