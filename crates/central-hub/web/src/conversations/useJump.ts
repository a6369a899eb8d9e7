import { useCallback, useEffect, useRef, useState } from 'react';

import { findTarget, type Target } from './thread';
import type { Message } from './types';

interface Loaded {
  messages: readonly Message[];
  /**
   * Loads older messages until the target is among them; returns whether it was found. Tells the
   * date of the oldest loaded message from time to time. Null if it could not find out, or was
   * stopped.
   */
  loadBackTo: (
    target: Target,
    signal: AbortSignal,
    onProgress: (oldest: string) => void,
  ) => Promise<boolean | null>;
}

interface Jump {
  to: (target: Target) => void;
  /** The message of the latest jump, which is highlighted. */
  lit: number | null;
  /** The search for a message that is not loaded; null if there is none under way. */
  search: { oldest: string | null } | null;
  /** Ends the search. */
  stop: () => void;
}

/** Jumps to a message, after loading older messages if necessary. */
export function useJump(
  { messages, loadBackTo }: Loaded,
  onFound: (id: number) => void,
  onMissing: () => void,
): Jump {
  const [pending, setPending] = useState<{ target: Target } | null>(null);
  const [lit, setLit] = useState<number | null>(null);
  const [search, setSearch] = useState<Jump['search']>(null);
  const running = useRef<AbortController | null>(null);

  const stop = useCallback(() => {
    running.current?.abort();
    running.current = null;
    setSearch(null);
    setPending(null);
  }, []);
  useEffect(() => () => running.current?.abort(), []);

  useEffect(() => {
    if (!pending) return;
    const found = findTarget(messages, pending.target);
    if (found) {
      stop();
      onFound(found.id);
      setLit(found.id);
      return;
    }
    if (running.current) return;
    const abort = new AbortController();
    running.current = abort;
    setSearch({ oldest: null });
    void loadBackTo(pending.target, abort.signal, (oldest) => setSearch({ oldest })).then((isFound) => {
      // Another jump or `stop` came first.
      if (running.current !== abort) return;
      // A found message is there with the next render.
      if (isFound) return;
      stop();
      if (isFound === false) onMissing();
    });
  }, [pending, messages, loadBackTo, onFound, onMissing, stop]);

  const to = useCallback(
    (target: Target) => {
      stop();
      setLit(null);
      setPending({ target });
    },
    [stop],
  );
  return { to, lit, search, stop };
}
