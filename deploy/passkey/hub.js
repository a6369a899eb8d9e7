'use strict';
// In LeadMaster's page: takes its request, brings back the answer.
//
//   page <── window messages ──> this <── port ──> background.js <── port ──> whatsapp.js

const PAGE = 'leadmaster-page';
const SELF = 'leadmaster-passkey';
const RELYING_PARTY = 'whatsapp.com';
/** Chrome ends an extension's background that hears nothing for half a minute. */
const SIGN_OF_LIFE_MS = 20_000;

const tell = (message) => window.postMessage({ source: SELF, ...message }, location.origin);

function take({ id, publicKey }) {
  if (typeof id !== 'string' || publicKey?.rpId !== RELYING_PARTY) {
    return tell({ type: 'failed', id, reason: 'This is no request for a passkey of WhatsApp.' });
  }
  const port = chrome.runtime.connect({ name: 'hub' });
  const alive = setInterval(() => port.postMessage({ type: 'alive' }), SIGN_OF_LIFE_MS);
  let over = false;
  const end = (message) => {
    if (over) return;
    over = true;
    clearInterval(alive);
    port.disconnect();
    tell({ id, ...message });
  };
  port.onMessage.addListener((message) => {
    if (message.type === 'answer') end({ type: 'answer', credential: message.credential });
    else if (message.type === 'failed') end({ type: 'failed', reason: message.reason });
  });
  port.onDisconnect.addListener(() => end({ type: 'failed', reason: 'The extension was stopped. Try again.' }));
  port.postMessage({ type: 'request', publicKey });
}

window.addEventListener('message', ({ source, origin, data }) => {
  if (source !== window || origin !== location.origin || data?.source !== PAGE) return;
  if (data.type === 'hello') tell({ type: 'ready' });
  else if (data.type === 'request') take(data);
});
// For a page that said hello before this was there.
tell({ type: 'ready' });
