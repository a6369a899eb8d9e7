import { useSyncExternalStore } from 'react';

// Whether a toast was shown. Until then, nothing of what shows toasts is loaded.
let needed = false;
const listeners = new Set<() => void>();

/** Has the page load and mount the component that shows toasts. */
export function needToasts(): void {
  needed = true;
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Returns whether the component that shows toasts is needed. */
export const useToastsNeeded = (): boolean => useSyncExternalStore(subscribe, () => needed);
