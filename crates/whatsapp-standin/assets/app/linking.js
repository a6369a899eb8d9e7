'use strict';
// Holds the codes to scan, the pairing codes, and the identity of this device.
(() => {
  const { Socket, Conn, EventEmitter, WidFactory, storage, config, createWid } = __standin;

  // Filled at boot, before anything can read it.
  const identity = { keys: null, device: null };

  // After a new connection, a pairing code from before is no longer valid.
  function refresh() {
    if (identity.device) return;
    linking.shownLinkCode = null;
    __standin.connection.say({ t: 'refresh_codes' });
  }

  const PAIRING_TYPE = { QR_CODE: 'QR_CODE', ALT_DEVICE_LINKING: 'ALT_DEVICE_LINKING', SHORTCAKE_PASSKEY: 'SHORTCAKE_PASSKEY' };
  let pairingType = PAIRING_TYPE.QR_CODE;
  const setPairingType = (type) => {
    pairingType = type;
  };

  class LinkDeviceEvents extends EventEmitter {
    triggerRefreshAltLinkingCode() { this.trigger('link_device_events:refresh_alt_linking_code'); }
    triggerErrorAltLinking() { this.trigger('link_device_events:error_alt_linking'); }
    triggerPrimaryHelloReceived() { this.trigger('link_device_events:primary_hello_received'); }
    triggerPasskeyPrologueRequest() { this.trigger('link_device_events:passkey_prologue_request'); }
    triggerShortcakePrologueSent() { this.trigger('link_device_events:shortcake_prologue_sent'); }
    triggerShortcakeVerificationCodeReady(code, skip) { this.trigger('link_device_events:shortcake_verification_code_ready', code, skip); }
    triggerShortcakeError(reason) { this.trigger('link_device_events:shortcake_error', reason); }
  }
  const events = new LinkDeviceEvents();

  async function initializeQRLinking() {
    linking.shownLinkCode = null;
    setPairingType(PAIRING_TYPE.QR_CODE);
    __standin.ui?.draw();
  }

  async function initializeAltDeviceLinking() {
    setPairingType(PAIRING_TYPE.ALT_DEVICE_LINKING);
  }

  /** Starts over with new codes of this type. */
  async function reset(type) {
    refresh();
    await (type === PAIRING_TYPE.ALT_DEVICE_LINKING ? initializeAltDeviceLinking() : initializeQRLinking());
  }

  async function linkCode(phone) {
    const answer = await __standin.connection.ask({ t: 'link_code', phone: String(phone) });
    linking.shownLinkCode = answer.code;
    __standin.ui?.draw();
    return answer.code.replace('-', '');
  }

  const linking = { identity, refresh, reset, linkCode, events, PAIRING_TYPE, setPairingType, code: null, shownLinkCode: null };

  const registered = () => Boolean(identity.device);
  const wid = (user, server, device) => createWid(device ? `${user}:12@${server}` : `${user}@${server}`);
  const phone = (device) => (registered() ? wid(identity.device.user, 'c.us', device) : undefined);
  const lid = (device) => (registered() ? wid(identity.device.lid, 'lid', device) : undefined);
  const orThrow = (get) => () => {
    const found = get();
    if (!found) throw new Error('not logged in');
    return found;
  };

  __standin.linking = linking;
  __standin.me = (asLid) => (asLid ? lid() : phone());

  const { module } = __standin;
  module(2, 'WAWebUserPrefsMeUser', () => ({
    getMaybeMePnUser: () => phone(),
    getMaybeMeUser: () => phone(),
    getMaybeMeLidUser: () => lid(),
    getMaybeMeDevicePn: () => phone(true),
    getMaybeMeDeviceLid: () => lid(true),
    getMePnUserOrThrow: orThrow(() => phone()),
    getMeUserOrThrow: orThrow(() => phone()),
    getMeLidUserOrThrow: orThrow(() => lid()),
    getMeDevicePnOrThrow: orThrow(() => phone(true)),
    getMeDeviceLidOrThrow: orThrow(() => lid(true)),
    getMaybeMeDisplayName: () => identity.device?.pushname,
    getMe: () => phone(true),
    isMeAccount: (who) => [phone()?.user, lid()?.user].includes(WidFactory.toUserWid(who).user),
    isMeUser: (who) => [phone()?.user, lid()?.user].includes(WidFactory.toUserWid(who).user),
    isMeDevice: (who) => String(who) === String(phone(true)),
  }));
  module(2, 'WAWebUserPrefsLoginState', () => ({ isRegistered: registered, isLoggedIn: registered }));
  module(2, 'WAWebUserPrefsMultiDevice', () => ({
    getADVSecretKey: () => identity.keys?.adv_key,
    setADVSignedIdentity() {},
    clearADVSecretKey() {},
  }));
  module(2, 'WAWebAdvSignatureApi', () => ({ generateADVSecretKey: () => identity.keys?.adv_key }));
  module(2, 'WAWebCompanionRegClientUtils', () => ({ DEVICE_PLATFORM: identity.keys?.platform ?? '1' }));
  module(2, 'WAWebUserPrefsInfoStore', () => ({
    waNoiseInfo: {
      get: async () => ({ staticKeyPair: { pubKey: storage.unb64((await keys()).static_key), privKey: new ArrayBuffer(32) }, recoveryToken: new ArrayBuffer(16) }),
      set: async () => {},
    },
  }));
  module(2, 'WAWebSignalStoreApi', () => ({
    waSignalStore: {
      getRegistrationInfo: async () => ({ registrationId: 1, identityKeyPair: { pubKey: storage.unb64((await keys()).identity_key), privKey: new ArrayBuffer(32) } }),
    },
  }));
  module(2, 'WABase64', () => ({
    encodeB64: storage.b64,
    decodeB64: storage.unb64,
    encodeB64UrlSafe: (bytes) => storage.b64(bytes).replaceAll('+', '-').replaceAll('/', '_'),
    decodeB64UrlSafe: (text) => storage.unb64(text.replaceAll('-', '+').replaceAll('_', '/')),
  }));

  async function keys() {
    return identity.keys ?? storage.keys();
  }

  module(2, 'WAWebLaunchSocketUtils', () => (config.launch_refresh_qr ? { refreshQR: refresh } : {}));
  module(2, 'WAWebAltDeviceLinkingApi', () => ({
    getPairingType: () => pairingType,
    setPairingType,
    initializeAltDeviceLinking,
    initializeQRLinking,
    startAltLinkingFlow: (number) => linkCode(number),
    genLinkDeviceCodeForPhoneNumber: (number) => linkCode(number),
  }));
  module(2, 'WAWebLinkDeviceEvents', () => ({ WAWebLinkDeviceEvents: events }));
  module(2, 'WAWebNativeCameraQRLinkedDeviceUtils', () => ({ isNativeCameraQRLinkedDeviceTest: () => config.code_as_url }));
  // The server's switches, by number.
  module(2, 'justknobx', () => ({ _: (number) => number === '770' && config.code_with_help }));

  linking.onCode = ({ reference, text, drawing }) => {
    linking.code = { text, drawing };
    Conn.set({ ref: reference });
    Socket.set({ state: 'UNPAIRED' });
  };

  // The reference stays in the page: from here on it is stale, not empty.
  linking.onIdle = () => {
    linking.code = null;
    Socket.set({ state: 'UNPAIRED_IDLE' });
  };
})();
