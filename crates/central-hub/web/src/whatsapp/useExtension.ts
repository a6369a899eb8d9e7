import { useCallback, useEffect, useRef, useState } from 'react';

import type { PasskeyCredential, PasskeyRequest } from '../api/types';
import { newKey } from '../lib/key';
import { fromExtension, PAGE } from './extension';

export interface Extension {
  installed: boolean;
  /** Requests the passkey on WhatsApp's page; rejects with the reason. */
  ask: (publicKey: PasskeyRequest) => Promise<PasskeyCredential>;
}

interface Waiting {
  resolve: (credential: PasskeyCredential) => void;
  reject: (error: Error) => void;
}

/** Connects to the extension in deploy/passkey, if installed. */
export function useExtension(): Extension {
  const [installed, setInstalled] = useState(false);
  const waiting = useRef(new Map<string, Waiting>());

  useEffect(() => {
    const listen = (event: MessageEvent) => {
      if (event.source !== window) return;
      const message = fromExtension(event);
      if (!message) return;
      if (message.type === 'ready') return setInstalled(true);
      const pending = waiting.current.get(message.id);
      waiting.current.delete(message.id);
      if (message.type === 'answer') pending?.resolve(message.credential);
      else pending?.reject(new Error(message.reason));
    };
    window.addEventListener('message', listen);
    window.postMessage({ source: PAGE, type: 'hello' }, window.location.origin);
    return () => window.removeEventListener('message', listen);
  }, []);

  const ask = useCallback(
    (publicKey: PasskeyRequest) =>
      new Promise<PasskeyCredential>((resolve, reject) => {
        const id = newKey();
        waiting.current.set(id, { resolve, reject });
        window.postMessage({ source: PAGE, type: 'request', id, publicKey }, window.location.origin);
      }),
    [],
  );
  return { installed, ask };
}
