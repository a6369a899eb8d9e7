// How this page and the extension of deploy/passkey speak: by messages in this
// window. The extension takes a request to WhatsApp's own page, where the
// browser lets a passkey of WhatsApp's answer, and brings the answer back.

import type { PasskeyCredential, PasskeyRequest } from '../api/types';

export const PAGE = 'leadmaster-page';
export const EXTENSION = 'leadmaster-passkey';

export type FromExtension =
  | { source: typeof EXTENSION; type: 'ready' }
  | { source: typeof EXTENSION; type: 'answer'; id: string; credential: PasskeyCredential }
  | { source: typeof EXTENSION; type: 'failed'; id: string; reason: string };

/** A message of the extension's, or `null` for anybody else's. */
export function fromExtension(event: Pick<MessageEvent, 'data'>): FromExtension | null {
  const data = event.data as Partial<FromExtension> | null;
  return data && typeof data === 'object' && data.source === EXTENSION
    ? (data as FromExtension)
    : null;
}

/** What is typed into the console of WhatsApp's page where there is no extension. */
export function snippet(request: PasskeyRequest): string {
  const options = JSON.stringify(request);
  return `navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(${options}) }).then((answer) => console.log(JSON.stringify(answer)))`;
}

/** What somebody pasted, as a credential; `null` when it is none. The service says
 * what is wrong with one that is. */
export function parseAnswer(text: string): PasskeyCredential | null {
  // The console may put quotes around what it prints.
  const trimmed = text.trim().replace(/^'([\s\S]*)'$/, '$1');
  try {
    const answer: unknown = JSON.parse(trimmed);
    const isObject = typeof answer === 'object' && answer !== null && 'response' in answer;
    return isObject ? (answer as PasskeyCredential) : null;
  } catch {
    return null;
  }
}
