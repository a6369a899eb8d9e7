/**
 * Returns a new idempotency key. `crypto.randomUUID` exists only on https and
 * loopback.
 */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `page-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
