const checks = new Set<() => boolean>();

/** Has the browser ask whoever closes or reloads the page while `isUnsent` returns true. */
export function askBeforeLeaving(isUnsent: () => boolean): void {
  checks.add(isUnsent);
}

// Tests have no window.
globalThis.addEventListener?.('beforeunload', (event) => {
  if ([...checks].some((isUnsent) => isUnsent())) event.preventDefault();
});
