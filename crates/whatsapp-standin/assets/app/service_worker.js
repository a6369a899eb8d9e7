'use strict';
// The service worker of the page, as WhatsApp's page has one. It caches nothing, and reports its
// user agent and client hints.
const HINTS = ['architecture', 'bitness', 'fullVersionList', 'model', 'platformVersion'];
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('message', async (event) => {
  const hints = await navigator.userAgentData?.getHighEntropyValues(HINTS);
  event.source.postMessage({ user_agent: navigator.userAgent, hints });
});
