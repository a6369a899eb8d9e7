import { useCallback, useEffect, useState } from 'react';

import { withId } from './thread';
import type { Message } from './types';

/** Messages of a page that is loaded for one message: the most that the hub gives. */
const PER_PAGE = 200;
/** Pages that are loaded for one message: 20,000 messages. */
const MOST_PAGES = 100;

interface Loaded {
  messages: readonly Message[];
  hasOlder: boolean;
  isLoading: boolean;
  loadOlder: (limit: number) => void;
}

/** A message by the hub's id, or by WhatsApp's. */
export type Target = number | string;

const find = (messages: readonly Message[], target: Target): Message | undefined =>
  typeof target === 'string' ? withId(messages, target) : messages.find(({ id }) => id === target);

interface Jump {
  to: (target: Target) => void;
  /** The message that was gone to last. */
  lit: number | null;
}

/** Goes to a message, loading older ones until it is there. */
export function useJump(
  { messages, hasOlder, isLoading, loadOlder }: Loaded,
  onFound: (id: number) => void,
  onMissing: () => void,
): Jump {
  const [wanted, setWanted] = useState<{ target: Target; pages: number } | null>(null);
  const [lit, setLit] = useState<number | null>(null);

  useEffect(() => {
    if (!wanted || isLoading) return;
    const found = find(messages, wanted.target);
    if (found) {
      onFound(found.id);
      setLit(found.id);
      setWanted(null);
    } else if (hasOlder && wanted.pages < MOST_PAGES) {
      setWanted({ ...wanted, pages: wanted.pages + 1 });
      loadOlder(PER_PAGE);
    } else {
      setWanted(null);
      onMissing();
    }
  }, [wanted, isLoading, messages, hasOlder, loadOlder, onFound, onMissing]);

  const to = useCallback((target: Target) => {
    setLit(null);
    setWanted({ target, pages: 0 });
  }, []);
  return { to, lit };
}
