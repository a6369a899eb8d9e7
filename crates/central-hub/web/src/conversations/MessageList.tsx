import { Button, Text, UnstyledButton } from '@mantine/core';
import { IconArrowDown } from '@tabler/icons-react';
import { defaultRangeExtractor, useVirtualizer, type Range } from '@tanstack/react-virtual';
import {
  useCallback,
  useEffect,
  useEffectEvent,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type ReactNode,
  type Ref,
  type RefObject,
} from 'react';

import { useText } from '../i18n/I18nProvider';
import { clockIn, dayName } from '../lib/days';
import type { Action } from './actions/MessageActions';
import { Bubble } from './Bubble';
import classes from './Conversations.module.css';
import { countInboundAfter, heightOf, rowsOf } from './thread';
import type { Message } from './types';

/** Distance in pixels from the top at which older messages are loaded. */
const OLDER_AT_PX = 1_200;
/** Rendered rows above and below the visible ones, for Tab and fast scrolling. */
const OVERSCAN_ROWS = 15;
/** Distance in pixels from the end within which the list scrolls to new messages. */
const END_PX = 40;
const GAP_PX = 8;
/** Space for the button above the oldest message. Kept without the button, to avoid a jump. */
const HEAD_PX = 64;
const FOOT_PX = 12;

export interface MessageListHandle {
  /** Scrolls to a message and focuses it. */
  show: (id: number) => void;
  showEnd: () => void;
}

interface Props {
  ref: Ref<MessageListHandle>;
  label: string;
  messages: readonly Message[];
  /** The newest of the hub's message ids; 0 without messages. */
  newest: number;
  zone: string;
  who: string;
  /** The message of the latest jump, which is highlighted. */
  lit: number | null;
  hasOlder: boolean;
  isLoadingOlder: boolean;
  onOlder: () => void;
  /** Receives the newest visible message id; null while the end of the list is visible. */
  inSight: RefObject<number | null>;
  onOpen: (message: Message) => void;
  onJump: (messageId: string) => void;
  /** Whether the contact opted out. */
  closed: boolean;
  onAct: (message: Message, action: Action) => void;
  /** Rendered in place of the messages while there are none. */
  children: ReactNode;
}

const messageOf = (target: EventTarget): number =>
  Number((target as Element).closest<HTMLElement>('[data-message]')?.dataset['message']);

/**
 * The messages of a conversation by day, scrolled to the end at first. Only rows near the visible
 * ones are in the document, and those that have the focus or were played.
 */
export function MessageList({
  ref,
  label,
  messages,
  newest,
  zone,
  who,
  lit,
  hasOlder,
  isLoadingOlder,
  onOlder,
  inSight,
  onOpen,
  onJump,
  closed,
  onAct,
  children,
}: Props) {
  const t = useText();
  const box = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => rowsOf(messages, zone), [messages, zone]);
  const [jumpTarget, setJumpTarget] = useState<{ id: number } | null>(null);
  const [focused, setFocused] = useState<number | null>(null);
  const [played, setPlayed] = useState<ReadonlySet<number>>(new Set());

  const pinnedRows = useMemo(() => {
    const ids = new Set<number | string>([...played, focused ?? 0, jumpTarget?.id ?? 0]);
    return rows.flatMap(({ key }, at) => (ids.has(key) ? [at] : []));
  }, [rows, played, focused, jumpTarget]);

  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    getItemKey: useCallback((at: number) => rows[at]?.key ?? at, [rows]),
    estimateSize: (at) => heightOf(rows[at], box.current?.clientWidth ?? 0),
    rangeExtractor: useCallback(
      (range: Range) =>
        [...new Set([...defaultRangeExtractor(range), ...pinnedRows])].sort((a, b) => a - b),
      [pinnedRows],
    ),
    overscan: OVERSCAN_ROWS,
    gap: GAP_PX,
    paddingStart: HEAD_PX,
    paddingEnd: FOOT_PX,
    // Keeps the visible messages in place when older ones are added above them.
    anchorTo: 'end',
    followOnAppend: true,
    scrollEndThreshold: END_PX,
  });

  // A conversation opens at its end.
  const isFilled = rows.length > 0;
  useLayoutEffect(() => {
    if (isFilled) virtualizer.scrollToEnd();
  }, [isFilled, virtualizer]);

  // Keeps the end visible when the answer box grows, or when rows become higher in a narrower
  // window.
  const wasAtEnd = useRef(true);
  const content = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isFilled || !box.current || !content.current) return;
    const observer = new ResizeObserver(() => {
      if (wasAtEnd.current) virtualizer.scrollToEnd();
    });
    observer.observe(box.current);
    observer.observe(content.current);
    return () => observer.disconnect();
  }, [isFilled, virtualizer]);

  const showEnd = useCallback(() => {
    // Messages that arrive meanwhile are followed.
    wasAtEnd.current = true;
    virtualizer.scrollToEnd();
  }, [virtualizer]);
  useImperativeHandle(ref, () => ({ show: (id) => setJumpTarget({ id }), showEnd }), [showEnd]);
  useLayoutEffect(() => {
    const at = rows.findIndex(({ key }) => key === jumpTarget?.id);
    if (!jumpTarget || at === -1) return;
    wasAtEnd.current = false;
    virtualizer.scrollToIndex(at, { align: 'center' });
    // The row is in the document, since `rangeExtractor` includes the target row.
    box.current?.querySelector<HTMLElement>(`[data-message="${jumpTarget.id}"]`)?.focus({ preventScroll: true });
    // Runs once per jump, not for each new message.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [jumpTarget, virtualizer]);

  const isAtEnd = virtualizer.isAtEnd();
  const { range } = virtualizer;
  useEffect(() => {
    const visibleRows = range ? rows.slice(range.startIndex, range.endIndex + 1) : [];
    inSight.current = isAtEnd ? null : Math.max(0, ...visibleRows.map(({ message }) => message?.id ?? 0));
  });

  // What arrives while the end is out of sight is counted.
  const [seen, setSeen] = useState<number | null>(null);
  if (isFilled && isAtEnd && seen !== newest) setSeen(newest);
  const unseen = useMemo(() => (seen === null ? 0 : countInboundAfter(messages, seen)), [messages, seen]);
  const newText = unseen > 0 ? t.conversations.newBelow(unseen) : null;

  const loadNear = useEffectEvent(() => {
    const top = box.current?.scrollTop ?? 0;
    if (hasOlder && top < OLDER_AT_PX && !wasAtEnd.current) onOlder();
  });
  // At the top no scroll event follows, so each loaded page triggers the next one, until enough
  // rows are above. An error stops this.
  useEffect(() => loadNear(), [messages.length]);

  const today = clockIn(Date.now(), zone).day;
  return (
    <div className={classes.scrollFrame}>
      <div
        ref={box}
        className={classes.scroll}
        tabIndex={0}
        role="log"
        // Announces new messages only, not rows that enter the document by scrolling.
        aria-live={isAtEnd ? 'polite' : 'off'}
        aria-label={label}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          // Measured in the document, since the virtualizer updates later.
          wasAtEnd.current = scrollHeight - clientHeight - scrollTop <= END_PX;
          loadNear();
        }}
        onFocusCapture={({ target }) => setFocused(messageOf(target) || null)}
        // Keeps a played row in the document, so that its sound continues out of sight.
        onPlayCapture={({ target }) => setPlayed((before) => new Set([...before, messageOf(target)]))}
      >
        {!isFilled && children}
        {isFilled && (
          <div ref={content} className={classes.messages} style={{ height: virtualizer.getTotalSize() }}>
            {hasOlder && (
              <Button size="xs" variant="default" className={classes.older ?? ''} loading={isLoadingOlder} onClick={() => onOlder()}>
                {t.conversations.older}
              </Button>
            )}
            {virtualizer.getVirtualItems().map(({ key, index, start }) => {
              const row = rows[index];
              return (
                row && (
                  <div
                    key={key}
                    ref={virtualizer.measureElement}
                    data-index={index}
                    className={classes.messageRow}
                    style={{ top: start }}
                  >
                    {row.message ? (
                      <Bubble
                        message={row.message}
                        zone={zone}
                        who={who}
                        lit={lit === row.message.id}
                        onOpen={onOpen}
                        onJump={onJump}
                        closed={closed}
                      onAct={onAct}
                      />
                    ) : (
                      <Text size="xs" ta="center" component="h3" fw={600} m={0} className={classes.dayName}>
                        {dayName(row.day, today, t.locale, t.dates)}
                      </Text>
                    )}
                  </div>
                )
              );
            })}
          </div>
        )}
      </div>
      {isFilled && !isAtEnd && (
        <UnstyledButton
          className={classes.toEnd}
          aria-label={[newText, t.conversations.toEnd].filter(Boolean).join(': ')}
          onClick={() => {
            showEnd();
            box.current?.focus({ preventScroll: true });
          }}
        >
          <IconArrowDown size={18} aria-hidden />
          {newText && <span aria-hidden>{newText}</span>}
        </UnstyledButton>
      )}
    </div>
  );
}
