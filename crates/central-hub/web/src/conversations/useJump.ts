import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';

import { withId } from './thread';
import type { Message } from './types';

/** Pages that are loaded for one message: 2,000 messages. */
const MOST_PAGES = 40;

interface Loaded {
  messages: readonly Message[];
  hasOlder: boolean;
  isLoading: boolean;
  loadOlder: () => void;
}

/** A message by the hub's id, or by WhatsApp's. */
export type Target = number | string;

const find = (messages: readonly Message[], target: Target): Message | undefined =>
  typeof target === 'string' ? withId(messages, target) : messages.find(({ id }) => id === target);

interface Jump {
  /** The element that has the messages. */
  box: RefObject<HTMLDivElement | null>;
  to: (target: Target) => void;
  /** The message that was gone to last. */
  lit: number | null;
}

/** Goes to a message, loading older ones until it is there. */
export function useJump(
  { messages, hasOlder, isLoading, loadOlder }: Loaded,
  onMissing: () => void,
): Jump {
  const box = useRef<HTMLDivElement>(null);
  const [wanted, setWanted] = useState<{ target: Target; pages: number } | null>(null);
  const [lit, setLit] = useState<number | null>(null);

  useEffect(() => {
    if (!wanted || isLoading) return;
    const found = find(messages, wanted.target);
    if (found) {
      const bubble = box.current?.querySelector<HTMLElement>(`[data-message="${found.id}"]`);
      bubble?.scrollIntoView({ block: 'center' });
      bubble?.focus({ preventScroll: true });
      setLit(found.id);
      setWanted(null);
    } else if (hasOlder && wanted.pages < MOST_PAGES) {
      setWanted({ ...wanted, pages: wanted.pages + 1 });
      loadOlder();
    } else {
      setWanted(null);
      onMissing();
    }
  }, [wanted, isLoading, messages, hasOlder, loadOlder, onMissing]);

  const to = useCallback((target: Target) => {
    setLit(null);
    setWanted({ target, pages: 0 });
  }, []);
  return { box, to, lit };
}
