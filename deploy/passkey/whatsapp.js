'use strict';
// In WhatsApp's page, where its passkeys answer: asks the person, then the
// passkey. Only in the tab that the extension itself has opened.
(() => {
  if (location.hash !== '#leadmaster-passkey') return;

  const spanish = navigator.language.startsWith('es');
  const words = spanish
    ? {
        title: 'LeadMaster pide tu llave de acceso de WhatsApp',
        text: (asker) => `Para vincular un dispositivo nuevo con tu cuenta, desde ${asker}. Hacelo solo si vos lo pediste.`,
        yes: 'Usar mi llave de acceso',
        no: 'No',
      }
    : {
        title: 'LeadMaster asks for your WhatsApp passkey',
        text: (asker) => `To link a new device with your account, for ${asker}. Go on only if you asked for it.`,
        yes: 'Use my passkey',
        no: 'No',
      };

  const port = chrome.runtime.connect({ name: 'whatsapp' });
  const answer = (credential) => port.postMessage({ type: 'answer', credential });
  const fail = (reason) => port.postMessage({ type: 'failed', reason });

  async function use(publicKey) {
    try {
      const options = PublicKeyCredential.parseRequestOptionsFromJSON(publicKey);
      const credential = await navigator.credentials.get({ publicKey: options });
      answer(credential.toJSON());
    } catch (error) {
      fail(String(error?.message ?? error));
    }
  }

  function ask(publicKey, asker) {
    const host = document.createElement('div');
    host.id = 'leadmaster-passkey';
    host.style.cssText = 'position:fixed;inset:0;z-index:2147483647;display:grid;place-items:center;background:#000a';
    const element = (tag, text, style) => Object.assign(document.createElement(tag), { textContent: text, style });
    const card = element('div', '', 'max-width:26rem;padding:2rem;border-radius:1rem;background:#fff;color:#111;font:16px/1.5 system-ui');
    card.setAttribute('role', 'dialog');
    card.setAttribute('aria-modal', 'true');
    const button = (text, style, act) => {
      const made = element('button', text, `font:inherit;margin:.5rem .5rem 0 0;padding:.6rem 1rem;border-radius:.5rem;cursor:pointer;${style}`);
      // A click of the page's own is not the person's.
      made.addEventListener('click', (event) => event.isTrusted && act());
      return made;
    };
    const yes = button(words.yes, 'border:0;background:#0a6e55;color:#fff', () => use(publicKey));
    const no = button(words.no, 'border:1px solid #999;background:#fff;color:#111', () => fail(words.no));
    card.append(element('h1', words.title, 'font-size:1.2rem;margin:0 0 .5rem'), element('p', words.text(asker), 'margin:0 0 1rem'), yes, no);
    host.append(card);
    // WhatsApp's page draws itself anew as it likes: not a part of what it draws.
    document.documentElement.append(host);
    yes.focus();
  }

  port.onMessage.addListener(({ publicKey, asker }) => {
    const show = () => ask(publicKey, asker);
    if (document.readyState === 'loading') addEventListener('DOMContentLoaded', show, { once: true });
    else show();
  });
})();
