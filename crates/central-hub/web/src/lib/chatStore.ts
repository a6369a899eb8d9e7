// State of a chat that outlives its screen, while the page is open: what is being sent goes on, and
// what is not sent yet waits, when another chat is opened.
import { useMemo, useSyncExternalStore } from 'react';

import { ownerName } from './owner';

/** The state of one chat. */
export interface Slot<T> {
  get: () => T;
  set: (change: Partial<T>) => void;
  /** Goes back to the initial state. */
  clear: () => void;
  subscribe: (listener: () => void) => () => void;
}

interface ChatStore<T> {
  of: (chat: string) => Slot<T>;
  /** Returns whether the state of any chat passes the test. */
  some: (test: (state: T) => boolean) => boolean;
}

const all = new Set<() => void>();

export function chatStore<T extends object>(initial: (chat: string) => T): ChatStore<T> {
  const states = new Map<string, T>();
  const listeners = new Set<() => void>();
  const tell = () => listeners.forEach((listener) => listener());
  all.add(() => {
    states.clear();
    tell();
  });
  return {
    some: (test) => [...states.values()].some(test),
    of: (chat) => {
      // Work that goes on after its user left stays that user's.
      const key = `${ownerName()}\n${chat}`;
      const get = () => {
        const known = states.get(key);
        if (known) return known;
        const state = initial(chat);
        states.set(key, state);
        return state;
      };
      return {
        get,
        set: (change) => {
          states.set(key, { ...get(), ...change });
          tell();
        },
        clear: () => {
          states.delete(key);
          tell();
        },
        subscribe: (listener) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      };
    },
  };
}

/** Forgets the state of all chats. */
export const forgetChats = (): void => all.forEach((forget) => forget());

/** Returns a chat's slot and its present state. */
export function useSlot<T extends object>(store: ChatStore<T>, chat: string): [Slot<T>, T] {
  const slot = useMemo(() => store.of(chat), [store, chat]);
  return [slot, useSyncExternalStore(slot.subscribe, slot.get)];
}
