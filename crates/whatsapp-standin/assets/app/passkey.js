'use strict';
// The passkey that some accounts are asked for before they are linked. On the
// real page this is called "shortcake".
//
//   passkey_prologue_request ─> prompt ──Continue──> pending ──answer taken──> waiting
//                                 ^                     │ refused                │
//                                 └───── error <────────┴──── timeout ───────────┤
//   linked <── confirmed (by itself, or with the button) <── code matching <─────┘
(() => {
  const { Conn, linking, config } = __standin;
  const events = config.passkey_events ? linking.events : new linking.events.constructor();

  /** The screen that is shown; `null` if there is none. */
  let screen = null;
  let code = null;
  /** The server's request, while it is valid. */
  let options = null;
  let optionsAt = 0;
  /** The time until which the page can prove that its code was the one that was scanned. */
  let handoffUntil = 0;
  let skipHandoff = false;
  let timer = 0;

  /** Shows a screen. If the passkey screen was closed, only the prompt opens it again. */
  function show(next) {
    if (screen === null && next !== 'passkey_prompt') return;
    screen = next;
    __standin.ui?.draw();
  }

  /** Limits the time of each step of the phone. */
  function within() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      cancel();
      events.triggerShortcakeError('timeout');
    }, config.passkey_step_ms);
  }

  function cancel() {
    clearTimeout(timer);
    handoffUntil = 0;
    skipHandoff = false;
    code = null;
  }

  const ask = (line) => __standin.connection.ask(line);

  async function start() {
    try {
      if (!options || Date.now() - optionsAt >= config.passkey_ms) {
        keep((await ask({ t: 'passkey_options' })).options);
      }
      const publicKey = { ...options, challenge: bytes(options.challenge) };
      publicKey.allowCredentials = options.allowCredentials.map((allowed) => ({ ...allowed, id: bytes(allowed.id) }));
      const credential = await self.navigator.credentials.get({ publicKey });
      if (credential?.type !== 'public-key') throw new Error('the ceremony returned no credential');
      const { response } = credential;
      const assertion = {
        id: credential.id,
        rawId: text(credential.rawId),
        type: credential.type,
        response: {
          clientDataJSON: text(response.clientDataJSON),
          authenticatorData: text(response.authenticatorData),
          signature: text(response.signature),
          userHandle: response.userHandle ? text(response.userHandle) : null,
        },
      };
      const proof = Date.now() < handoffUntil;
      await ask({ t: 'passkey_answer', assertion });
      skipHandoff = proof;
      handoffUntil = 0;
      within();
      events.triggerShortcakePrologueSent();
    } catch (error) {
      options = null;
      cancel();
      throw error;
    }
  }

  function keep(fresh) {
    options = fresh;
    optionsAt = Date.now();
  }

  async function confirm() {
    clearTimeout(timer);
    within();
    await ask({ t: 'passkey_confirm' });
  }

  const bytes = (base64url) => __standin.storage.unb64(base64url.replaceAll('-', '+').replaceAll('_', '/'));
  const text = (buffer) => __standin.storage.b64(buffer).replaceAll('+', '-').replaceAll('/', '_');

  /** Handles the server's request for the passkey. */
  function onRequest(fresh) {
    keep(fresh);
    handoffUntil = Date.now() + config.passkey_handoff_ms;
    linking.setPairingType('SHORTCAKE_PASSKEY');
    events.triggerPasskeyPrologueRequest();
  }

  function onCode(verification) {
    code = verification;
    within();
    events.triggerShortcakeVerificationCodeReady(verification, skipHandoff);
  }

  events.on('link_device_events:passkey_prologue_request', () => show('passkey_prompt'));
  events.on('link_device_events:shortcake_prologue_sent', () => show('waiting_for_phone'));
  events.on('link_device_events:shortcake_error', () => show('error'));
  events.on('link_device_events:shortcake_verification_code_ready', (verification, skip) => {
    show('code_matching');
    if (skip) confirm().catch(() => show('error'));
  });

  function onContinue() {
    show('passkey_pending');
    start().catch(() => show('error'));
  }

  async function onCancel() {
    cancel();
    await linking.reset('QR_CODE');
    show(null);
  }

  /** Ends the ceremony, because the device is linked or the page leaves. */
  function over() {
    cancel();
    options = null;
    show(null);
  }

  /** Draws the current screen of the ceremony. */
  function draw(made) {
    const renamed = (attributes) => (config.passkey_test_ids || !attributes?.['data-testid'] ? attributes : { ...attributes, 'data-testid': `renamed_${attributes['data-testid']}` });
    const element = (tag, attributes, ...children) => made(tag, renamed(attributes), ...children);
    const button = (testid, words, onclick, disabled) => element('button', { type: 'button', 'data-testid': testid, onclick, disabled: disabled ? '' : undefined }, words);
    const prompt = (pending, problem) =>
      element('div', { 'data-testid': 'shortcake_passkey_prompt_card' }, element('h1', null, 'Usa tu llave de acceso'),
        element('p', null, 'Para vincular este dispositivo, confirma que eres tú.'),
        problem ? element('p', { role: 'alert' }, 'Algo salió mal. Inténtalo de nuevo.') : '',
        button('shortcake_passkey_continue_button', 'Continuar', onContinue, pending));
    const cards = {
      passkey_prompt: () => prompt(false, false),
      passkey_pending: () => prompt(true, false),
      error: () => prompt(false, true),
      waiting_for_phone: () =>
        element('div', { 'data-testid': 'shortcake_waiting_for_phone_card' }, element('h1', null, 'Continúa en tu teléfono'),
          button('shortcake_waiting_continue_button', 'Esperando', () => {}, true)),
      code_matching: () =>
        element('div', { 'data-testid': 'shortcake_code_matching_card' }, element('h1', null, 'Comprueba el código'),
          element('div', { 'data-testid': 'shortcake_verification_code_display', role: 'status' }, `${code.slice(0, 4)}-${code.slice(4)}`),
          button('shortcake_code_confirm_button', 'Confirmar', () => confirm().catch(() => {}), skipHandoff)),
    };
    return element('div', { class: 'card', 'data-testid': 'shortcake_passkey_screen' }, cards[screen](), button('shortcake_cancel_button', 'Cancelar', onCancel));
  }

  __standin.passkey = { onRequest, onCode, over, draw, get screen() { return screen; } };

  const { module } = __standin;
  module(2, 'WAWebPairingType', () => ({ PairingType: linking.PAIRING_TYPE }));
  module(5, 'WAWebShortcakeLinkingAction', () => ({
    startShortcakePasskeyPairing: start,
    confirmShortcakeVerificationCode: confirm,
    cancelShortcakePasskeyPairing: cancel,
  }));
  module(3, 'WAWebLinkDeviceAction', () => ({
    resetLinkDeviceState: ({ linkDeviceMethod }) => linking.reset(linkDeviceMethod),
    genLinkDeviceCodeForPhoneNumber: (phone) => linking.linkCode(phone),
  }));
  Conn.on('change:connected', over);
})();
