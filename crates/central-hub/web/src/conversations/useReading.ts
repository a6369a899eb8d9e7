import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

import { INBOX_KEY } from '../live/keys';
import { CONVERSATIONS_KEY, markRead } from './api';
import type { Known } from './history';

const isInSight = () => document.visibilityState === 'visible';

/** Marks messages as read while the conversation is visible. */
export function useReading(chat: string, known: Known | undefined): void {
  const queries = useQueryClient();
  const [inSight, setInSight] = useState(isInSight);
  const lastMarked = useRef(0);
  const last = known?.newest ?? 0;
  const unread = known?.sin_leer ?? 0;

  useEffect(() => {
    const updateVisibility = () => setInSight(isInSight());
    document.addEventListener('visibilitychange', updateVisibility);
    return () => document.removeEventListener('visibilitychange', updateVisibility);
  }, []);

  useEffect(() => {
    if (!inSight || unread === 0 || last <= lastMarked.current) return;
    lastMarked.current = last;
    markRead(chat, last)
      .then(() =>
        Promise.all([
          queries.invalidateQueries({ queryKey: INBOX_KEY }),
          queries.invalidateQueries({ queryKey: CONVERSATIONS_KEY }),
        ]),
      )
      // A failed request is retried at the next change.
      .catch(() => (lastMarked.current = 0));
  }, [chat, inSight, last, unread, queries]);
}
