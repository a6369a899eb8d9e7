import { Button } from '@mantine/core';
import { defaultRangeExtractor, useVirtualizer, type Range } from '@tanstack/react-virtual';
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type RefObject } from 'react';

import { useText } from '../i18n/I18nProvider';
import { useFormatShortTime, useFormatTime } from '../live/useFormatTime';
import { ConversationRow } from './ConversationRow';
import classes from './Conversations.module.css';
import type { Conversation } from './types';

const ROW_PX = 58;
/** Rendered rows above and below the visible ones, for Tab and fast scrolling. */
const OVERSCAN_ROWS = 15;
/** Number of rows before the end at which further conversations are loaded. */
const MORE_AT_ROWS = 60;

interface Props {
  conversations: readonly Conversation[];
  /** The chat of the open conversation. */
  chosen: string | undefined;
  /** The element that scrolls, which contains this list. */
  scroller: RefObject<HTMLElement | null>;
  hasMore: boolean;
  isLoadingMore: boolean;
  onMore: () => void;
  /** Receives the place above the first visible conversation; null at the top. */
  inSight: RefObject<number | null>;
}

const chatOf = (target: EventTarget): string | null =>
  (target as Element).closest<HTMLElement>('[data-index]')?.dataset['key'] ?? null;

/**
 * Conversations from the top down, more of which are loaded near the end. Only rows near the
 * visible ones are in the document, and the one that has the focus.
 */
export function EndlessList({ conversations, chosen, scroller, hasMore, isLoadingMore, onMore, inSight }: Props) {
  const c = useText().conversations;
  const formatTime = useFormatTime();
  const formatShortTime = useFormatShortTime();
  const list = useRef<HTMLUListElement>(null);
  const [offset, setOffset] = useState(0);
  const [focused, setFocused] = useState<string | null>(null);

  // What is above the list in the same element may change its height, and with it its parent's.
  useLayoutEffect(() => {
    const [box, rows] = [scroller.current, list.current];
    const parent = rows?.parentElement;
    if (!box || !rows || !parent) return;
    const measure = () =>
      setOffset(Math.round(rows.getBoundingClientRect().top - box.getBoundingClientRect().top + box.scrollTop));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(parent);
    return () => observer.disconnect();
  }, [scroller]);

  const focusedAt = focused === null ? -1 : conversations.findIndex(({ chat }) => chat === focused);
  const virtualizer = useVirtualizer({
    count: conversations.length,
    getScrollElement: () => scroller.current,
    getItemKey: useCallback((at: number) => conversations[at]?.chat ?? at, [conversations]),
    estimateSize: () => ROW_PX,
    rangeExtractor: useCallback(
      (range: Range) => {
        const rows = new Set(defaultRangeExtractor(range));
        if (focusedAt >= 0) rows.add(focusedAt);
        return [...rows].sort((a, b) => a - b);
      },
      [focusedAt],
    ),
    overscan: OVERSCAN_ROWS,
    scrollMargin: offset,
  });

  const { range } = virtualizer;
  const [first, last] = [range?.startIndex ?? 0, range?.endIndex ?? 0];
  useEffect(() => {
    inSight.current = conversations[first - 1]?.posicion ?? null;
  });
  const isNearEnd = hasMore && last >= conversations.length - MORE_AT_ROWS;
  const { length } = conversations;
  // Each loaded page triggers the next one while the end is near. A failure stops this.
  useEffect(() => {
    if (isNearEnd) onMore();
  }, [isNearEnd, length, onMore]);

  // A row far away is in the document once it is the focused one.
  const target = useRef<string | null>(null);
  useLayoutEffect(() => {
    if (target.current === null || target.current !== focused) return;
    target.current = null;
    list.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"] a`)?.focus({ preventScroll: true });
  }, [focused]);

  /** Moves the focus: by one row with ↑ and ↓, to the ends of what is loaded with Home and End. */
  function walk(event: KeyboardEvent<HTMLElement>) {
    const end = conversations.length - 1;
    const to = { ArrowUp: focusedAt - 1, ArrowDown: focusedAt + 1, Home: 0, End: end }[event.key];
    if (focusedAt === -1 || to === undefined) return;
    event.preventDefault();
    const at = Math.min(end, Math.max(0, to));
    const chat = conversations[at]?.chat;
    if (chat === undefined || at === focusedAt) return;
    target.current = chat;
    setFocused(chat);
    virtualizer.scrollToIndex(at);
  }

  return (
    <>
      <ul
        ref={list}
        className={classes.rows}
        style={{ height: virtualizer.getTotalSize() }}
        onKeyDown={walk}
        onFocusCapture={({ target: row }) => setFocused(chatOf(row))}
        onBlurCapture={() => target.current === null && setFocused(null)}
      >
        {virtualizer.getVirtualItems().map(({ key, index, start }) => {
          const talk = conversations[index];
          return (
            talk && (
              <li
                key={key}
                ref={virtualizer.measureElement}
                data-index={index}
                data-key={talk.chat}
                aria-posinset={index + 1}
                aria-setsize={hasMore ? -1 : conversations.length}
                className={classes.listRow}
                style={{ top: start - offset }}
              >
                <ConversationRow
                  talk={talk}
                  chosen={chosen === (talk.telefono ?? talk.chat)}
                  time={formatTime(talk.ultimo.fecha)}
                  shortTime={formatShortTime(talk.ultimo.fecha)}
                  words=""
                />
              </li>
            )
          );
        })}
      </ul>
      {hasMore && (
        <Button size="xs" variant="default" className={classes.begin ?? ''} loading={isLoadingMore} onClick={onMore}>
          {c.more}
        </Button>
      )}
    </>
  );
}
