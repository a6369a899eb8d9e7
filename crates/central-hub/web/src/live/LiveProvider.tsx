import { useQueryClient } from '@tanstack/react-query';
import {
  createContext,
  use,
  useEffect,
  useEffectEvent,
  useReducer,
  useRef,
  useState,
  type ReactNode,
} from 'react';

import type { SessionBody } from '../api/types';
import { CONFIG_KEY, SESSION_KEY, withState } from './keys';
import { INITIAL, reduce, type LiveAction, type LiveState } from './reducer';
import { follow } from './stream';

const LiveContext = createContext<LiveState>(INITIAL);

export const useLive = (): LiveState => use(LiveContext);

type Listener = (action: LiveAction) => void;

const ListenersContext = createContext<Set<Listener>>(new Set());

/** Calls `listener` with every live event while the component is mounted. */
export function useOnLive(listener: Listener): void {
  const listeners = use(ListenersContext);
  const onEvent = useEffectEvent(listener);
  useEffect(() => {
    const handler: Listener = (action) => onEvent(action);
    listeners.add(handler);
    return () => void listeners.delete(handler);
  }, [listeners]);
}

/**
 * Subscribes to the hub's event stream, provides its state, and invalidates the affected queries.
 */
export function LiveProvider({ children }: { children: ReactNode }) {
  const [live, dispatch] = useReducer(reduce, INITIAL);
  const queries = useQueryClient();
  const [listeners] = useState(() => new Set<Listener>());
  const wasLost = useRef(false);

  useEffect(() => {
    function handle(action: LiveAction) {
      dispatch(action);
      listeners.forEach((listener) => listener(action));
      switch (action.type) {
        case 'state':
          // Updates the state immediately; the refetch provides the other fields.
          queries.setQueryData<SessionBody>(SESSION_KEY, (known) =>
            known ? withState(known, action.event) : known,
          );
          void queries.invalidateQueries({ queryKey: SESSION_KEY });
          break;
        case 'hub':
          void queries.invalidateQueries({ queryKey: SESSION_KEY });
          break;
        case 'lost':
          wasLost.current = true;
          // Distinguishes a hub that is down from a proxy that breaks the
          // stream.
          void queries.invalidateQueries({ queryKey: SESSION_KEY });
          break;
        case 'opened':
          // The hub may now have another version, or a different DRY_RUN setting.
          if (wasLost.current) {
            void queries.invalidateQueries({ queryKey: CONFIG_KEY });
            void queries.invalidateQueries({ queryKey: SESSION_KEY });
          }
          wasLost.current = false;
          break;
      }
    }
    return follow(handle);
  }, [queries, listeners]);

  return (
    <ListenersContext value={listeners}>
      <LiveContext value={live}>{children}</LiveContext>
    </ListenersContext>
  );
}
