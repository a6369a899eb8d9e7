'use strict';
// The page has one, as WhatsApp's: it keeps nothing, and says what it is.
const HINTS = ['architecture', 'bitness', 'fullVersionList', 'model', 'platformVersion'];
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('message', async (event) => {
  const hints = await navigator.userAgentData?.getHighEntropyValues(HINTS);
  event.source.postMessage({ user_agent: navigator.userAgent, hints });
});
