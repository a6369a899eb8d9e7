import { keepPreviousData, useQuery, type QueryKey } from '@tanstack/react-query';
import { useRef, useState } from 'react';

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
  /** Polling interval in milliseconds; if omitted, only invalidation refetches. */
  everyMs?: number | false;
  enabled?: boolean;
}

/** Maximum number of empty pages for which polling repeats the search. */
const MAX_EMPTY_POLLED = 5;

/**
 * Fetches pages until one has items, or is the last one. The hub limits the
 * duration of a search and may return an empty page with a cursor. Stops early
 * if `shouldContinue` returns false, and returns the page with the cursor of the rest.
 */
export async function firstFilled<P, C>(
  cursor: C,
  fetch: (cursor: C) => Promise<P>,
  read: (page: P) => { items: readonly unknown[]; next: C },
  shouldContinue: (next: C) => boolean = () => true,
): Promise<P> {
  let page = await fetch(cursor);
  for (;;) {
    const { items, next } = read(page);
    if (items.length > 0 || next === null || !shouldContinue(next)) return page;
    page = await fetch(next);
  }
}

/** Returns the progress of a search in percent: its cursors go from the newest id down to 1. */
export function percentOf(first: Cursor, now: Cursor): number | null {
  if (typeof first !== 'number' || typeof now !== 'number' || now > first || first <= 0) return null;
  return Math.floor(100 * (1 - now / first));
}

/** A running search through empty pages. */
export interface PageSearch {
  /** The progress in percent; null if unknown. */
  percent: number | null;
  stop: () => void;
}

/** Searches page by page to the end, with progress and a way to stop. */
export function usePageSearch() {
  const [percent, setPercent] = useState<number | null | undefined>(undefined);
  const stopped = useRef(false);
  const run = async <P, C extends Cursor>(
    cursor: C | null,
    fetch: (cursor: C | null) => Promise<P>,
    read: (page: P) => { items: readonly unknown[]; next: C | null },
    signal: AbortSignal,
  ): Promise<{ page: P; empty: number }> => {
    stopped.current = false;
    setPercent(undefined);
    let empty = 0;
    let first = cursor;
    const page = await firstFilled(cursor, fetch, read, (next) => {
      if (stopped.current) return false;
      first ??= next;
      empty += 1;
      setPercent(percentOf(first, next));
      return true;
    });
    // After an abort, the progress may belong to another search.
    if (!signal.aborted) setPercent(undefined);
    return { page, empty };
  };
  const stop = () => {
    stopped.current = true;
  };
  const walk: PageSearch | null = percent === undefined ? null : { percent, stop };
  return { walk, run };
}

export interface Pages<T> {
  /** Undefined until the first response. */
  items: readonly T[] | undefined;
  error: Error | null;
  /** Whether another page or filter is loading, while the previous page is still shown. */
  stale: boolean;
  /** Page number, from 1. */
  number: number;
  back: (() => void) | null;
  forward: (() => void) | null;
  retry: () => void;
  /** The running search through empty pages; null if none. */
  walk: PageSearch | null;
}

/**
 * Pages through a list by the server's cursors: one page at a time, with a way
 * back to the previous pages.
 */
export function usePages<T>({ key, fetch, everyMs, enabled = true }: Options<T>): Pages<T> {
  const name = JSON.stringify(key);
  // The cursors up to this page; valid for one list only.
  const [visited, setVisited] = useState<{ name: string; cursors: readonly Cursor[] }>({
    name,
    cursors: [null],
  });
  const cursors = visited.name === name ? visited.cursors : [null];
  const cursor = cursors.at(-1) ?? null;
  const { walk, run } = usePageSearch();
  const { data, error, isFetching, isPlaceholderData, refetch } = useQuery({
    queryKey: [...key, { cursor }],
    queryFn: async ({ signal }) => {
      const found = await run(
        cursor,
        (from) => fetch(from, signal),
        (page) => page,
        signal,
      );
      return { ...found.page, empty: found.empty };
    },
    placeholderData: keepPreviousData,
    // A search through many empty pages is not repeated by polling.
    refetchInterval: ({ state }) =>
      (state.data?.empty ?? 0) > MAX_EMPTY_POLLED ? false : (everyMs ?? false),
    // The list may have changed before the user returns to it.
    staleTime: 0,
    enabled,
  });
  const next = isPlaceholderData ? null : (data?.next ?? null);
  const go = (to: readonly Cursor[]) => () => setVisited({ name, cursors: to });
  return {
    items: data?.items,
    error,
    stale: isPlaceholderData,
    number: cursors.length,
    back: cursors.length > 1 ? go(cursors.slice(0, -1)) : null,
    forward: next === null ? null : go([...cursors, next]),
    retry: () => void refetch(),
    walk: isFetching ? walk : null,
  };
}
