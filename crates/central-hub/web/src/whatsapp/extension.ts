// Messages between this page and the extension in deploy/passkey, through the
// window. The extension forwards a request to WhatsApp's own page, on which the
// browser permits WhatsApp's passkey, and returns the response.

import type { PasskeyCredential, PasskeyRequest } from '../api/types';

export const PAGE = 'leadmaster-page';
export const EXTENSION = 'leadmaster-passkey';

export type FromExtension =
  | { source: typeof EXTENSION; type: 'ready' }
  | { source: typeof EXTENSION; type: 'answer'; id: string; credential: PasskeyCredential }
  | { source: typeof EXTENSION; type: 'failed'; id: string; reason: string };

/** Returns a message of the extension; `null` for other messages. */
export function fromExtension(event: Pick<MessageEvent, 'data'>): FromExtension | null {
  const data = event.data as Partial<FromExtension> | null;
  return data && typeof data === 'object' && data.source === EXTENSION
    ? (data as FromExtension)
    : null;
}

/**
 * Returns the line for the console of WhatsApp's page, for use without the
 * extension.
 */
export function snippet(request: PasskeyRequest): string {
  const options = JSON.stringify(request);
  return `navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(${options}) }).then((answer) => console.log(JSON.stringify(answer)))`;
}

/**
 * Parses a pasted credential; `null` if it is not one. The service validates
 * its content.
 */
export function parseAnswer(text: string): PasskeyCredential | null {
  // The console may quote its output.
  const trimmed = text.trim().replace(/^'([\s\S]*)'$/, '$1');
  try {
    const answer: unknown = JSON.parse(trimmed);
    const isObject = typeof answer === 'object' && answer !== null && 'response' in answer;
    return isObject ? (answer as PasskeyCredential) : null;
  } catch {
    return null;
  }
}
