'use strict';
// Draws the visible page: the code, the end of the codes, the chats.
(() => {
  const { Socket, Chat, Msg, linking, config } = __standin;
  const app = document.getElementById('app');
  let shown = '';

  function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes ?? {})) {
      if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
      else if (value !== undefined) made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  function drawCode(canvas, { size, bits }) {
    // Use whole pixels: a camera reads what a browser has not smoothed.
    const quiet = 2;
    const scale = Math.max(3, Math.floor(272 / (size + 2 * quiet)));
    canvas.width = canvas.height = (size + 2 * quiet) * scale;
    const context = canvas.getContext('2d');
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = '#111b21';
    for (let at = 0; at < bits.length; at++) {
      if (bits[at] === '1') context.fillRect((quiet + (at % size)) * scale, (quiet + Math.floor(at / size)) * scale, scale, scale);
    }
  }

  function landing() {
    const expired = Socket.state === 'UNPAIRED_IDLE';
    const { code, shownLinkCode } = linking;
    const canvas = element('canvas', { role: 'img', 'aria-label': 'Escanea este código' });
    const attributes = { 'data-testid': 'link-device-qr-code', class: expired ? 'code expired' : 'code' };
    if (config.data_ref && code) attributes['data-ref'] = code.text;
    const container = element('div', attributes, canvas);
    if (code?.drawing) drawCode(canvas, code.drawing);
    if (expired) {
      container.append(
        element('button', { 'data-testid': 'link_device_qr_expired_refresh_button', type: 'button', onclick: linking.refresh }, 'Haz clic para volver a cargar el código QR'),
      );
    }
    const steps = element('ol', null,
      element('li', null, 'Abre el teléfono de ensayo.'),
      element('li', null, 'Toca Dispositivos vinculados y Vincular un dispositivo.'),
      element('li', null, 'Escanea el código QR.'));
    const byNumber = shownLinkCode ? element('p', { class: 'link', 'data-testid': 'link-with-phone-number-code-cells', 'data-link-code': shownLinkCode }, shownLinkCode) : '';
    return element('div', { class: 'card', 'data-testid': 'landing' }, element('div', null, element('h1', null, 'Vincula tu dispositivo'), steps, byNumber), container);
  }

  function chats() {
    const list = element('section', { class: 'chats', id: 'pane-side', 'data-testid': 'chat-list' }, element('h1', null, 'Chats'));
    const recent = Chat.getModelsArray().sort((a, b) => (b.t ?? 0) - (a.t ?? 0)).slice(0, 20);
    for (const chat of recent) {
      const last = chat.msgs.last();
      list.append(element('article', null, element('strong', null, chat.formattedTitle ?? chat.id.user), element('br'), element('small', null, String(last?.body ?? '').slice(0, 100))));
    }
    return list;
  }

  function whatsNew() {
    const close = () => __standin.onboarding.close();
    return element('div', { role: 'dialog', 'aria-modal': 'true', 'data-testid': 'confirm-popup', class: 'dialog' },
      element('h2', null, 'Novedades en WhatsApp Web'),
      element('button', { type: 'button', 'aria-label': 'Cerrar', onclick: close }, '×'),
      element('button', { type: 'button', 'data-testid': config.whats_new_test_id ? 'whats_new_continue_button' : undefined, onclick: close }, 'Continuar'));
  }

  function page() {
    const state = Socket.state;
    // The passkey screen stays until a person continues or cancels, whatever happens to the codes.
    if (__standin.passkey.screen && !linking.identity.device) return __standin.passkey.draw(element);
    if (state === 'UNPAIRED' || state === 'UNPAIRED_IDLE') return landing();
    if (linking.identity.device && Socket.hasSynced) return chats();
    return element('div', { id: 'startup', 'data-testid': 'startup' }, 'Cargando tus chats…');
  }

  function paint() {
    scheduled = false;
    // Draw again only when something visible has changed.
    const sees = [Socket.state, __standin.passkey.screen, Socket.hasSynced, linking.code?.text, linking.shownLinkCode, Socket.hasSynced ? Msg.length : 0, __standin.onboarding.open].join(' ');
    if (sees === shown) return;
    shown = sees;
    app.replaceChildren(element('p', { class: 'note', 'data-testid': 'standin-note' }, `Ensayo: esto no es WhatsApp · ${Socket.state}`), page());
    if (__standin.onboarding.open) app.append(whatsNew());
  }

  // A burst of messages is drawn once; a new code is drawn at once.
  let scheduled = false;
  function draw() {
    if (linking.code?.text && !linking.identity.device) return paint();
    if (scheduled) return;
    scheduled = true;
    setTimeout(paint, 50);
  }

  Socket.on('change:state change:hasSynced', draw);
  Msg.on('add', draw);
  __standin.ui = { draw };
})();
