'use strict';
// Between LeadMaster's page and WhatsApp's: one request at a time, in memory
// alone. It opens WhatsApp's page, hands it the request, and closes it.

const WHATSAPP = 'https://web.whatsapp.com';
const MARK = '#leadmaster-passkey';

/** The request under way: its page, and WhatsApp's. */
let current = null;

function end(message) {
  const { hub, hubTab, tab } = current;
  current = null;
  try {
    hub.postMessage(message);
  } catch {
    // The page that asked is gone.
  }
  if (tab !== null) chrome.tabs.remove(tab).catch(() => {});
  if (hubTab !== undefined) chrome.tabs.update(hubTab, { active: true }).catch(() => {});
}

async function begin(hub, publicKey) {
  // Who asks anew has given up on what was asked before.
  if (current) end({ type: 'failed', reason: 'Another request took its place.' });
  const mine = { hub, hubTab: hub.sender.tab?.id, tab: null, publicKey };
  current = mine;
  const { id } = await chrome.tabs.create({ url: `${WHATSAPP}/${MARK}` });
  if (current === mine) mine.tab = id;
  else chrome.tabs.remove(id).catch(() => {});
}

function onHub(hub) {
  hub.onMessage.addListener((message) => {
    if (message.type !== 'request') return;
    begin(hub, message.publicKey).catch((error) => {
      if (current?.hub === hub) end({ type: 'failed', reason: String(error?.message ?? error) });
    });
  });
  hub.onDisconnect.addListener(() => {
    if (current?.hub !== hub) return;
    const { tab } = current;
    current = null;
    if (tab !== null) chrome.tabs.remove(tab).catch(() => {});
  });
}

function onWhatsapp(port) {
  if (!current || port.sender.origin !== WHATSAPP) return port.disconnect();
  const mine = current;
  mine.tab = port.sender.tab.id;
  port.onMessage.addListener((message) => {
    if (current === mine) end(message);
  });
  port.onDisconnect.addListener(() => {
    if (current !== mine) return;
    mine.tab = null;
    end({ type: 'failed', reason: 'The tab of WhatsApp was closed.' });
  });
  port.postMessage({ publicKey: mine.publicKey, asker: mine.hub.sender.origin });
}

chrome.runtime.onConnect.addListener((port) => {
  if (port.name === 'hub') onHub(port);
  else if (port.name === 'whatsapp') onWhatsapp(port);
});
