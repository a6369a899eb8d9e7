import { useCallback, useEffect, useState } from 'react';

import { withId } from './thread';
import type { Message } from './types';

/** Page size while searching a message: the hub's maximum. */
const PER_PAGE = 200;
/** Maximum number of pages loaded to reach a message: 20,000 messages. */
const MAX_PAGES = 100;

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
  /** The message of the latest jump, which is highlighted. */
  lit: number | null;
}

/** Jumps to a message, after loading older pages until the message is found. */
export function useJump(
  { messages, hasOlder, isLoading, loadOlder }: Loaded,
  onFound: (id: number) => void,
  onMissing: () => void,
): Jump {
  const [pending, setPending] = useState<{ target: Target; pages: number } | null>(null);
  const [lit, setLit] = useState<number | null>(null);

  useEffect(() => {
    if (!pending || isLoading) return;
    const found = find(messages, pending.target);
    if (found) {
      onFound(found.id);
      setLit(found.id);
      setPending(null);
    } else if (hasOlder && pending.pages < MAX_PAGES) {
      setPending({ ...pending, pages: pending.pages + 1 });
      loadOlder(PER_PAGE);
    } else {
      setPending(null);
      onMissing();
    }
  }, [pending, isLoading, messages, hasOlder, loadOlder, onFound, onMissing]);

  const to = useCallback((target: Target) => {
    setLit(null);
    setPending({ target, pages: 0 });
  }, []);
  return { to, lit };
}
