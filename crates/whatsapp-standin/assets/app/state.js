'use strict';
// The models of the connection: Socket, Stream, Conn, Cmd and NetworkStatus.
(() => {
  const { BaseModel, EventEmitter, config } = __standin;
  const mirror = (...names) => Object.fromEntries(names.map((name) => [name, name]));

  const SOCKET_STATE = mirror(
    'OPENING', 'PAIRING', 'UNPAIRED', 'UNPAIRED_IDLE', 'CONNECTED', 'TIMEOUT', 'CONFLICT',
    'UNLAUNCHED', 'PROXYBLOCK', 'TOS_BLOCK', 'SMB_TOS_BLOCK', 'DEPRECATED_VERSION',
  );
  const SOCKET_STREAM = mirror('DISCONNECTED', 'SYNCING', 'RESUMING', 'CONNECTED');

  class SocketModel extends BaseModel {
    static defaults = {
      state: 'UNLAUNCHED', stream: 'DISCONNECTED', hasSynced: false, canSend: false, launched: false,
    };

    initConn() {}
    poke() { __standin.linking.refresh(); }
    takeover() { __standin.connection.takeover(); }
    logout() { return __standin.logout.byPage(); }
    setPokeable() {}
  }

  class StreamModel extends BaseModel {
    static defaults = { mode: config.wa_js_ready_ms ? undefined : 'QR', info: 'OPENING', needsUpdate: false, available: false, uiActive: true };
    // Set through the property: clients pin it to keep the page in one of the two states.
    markAvailable() { this.available = true; }
    markUnavailable() { this.available = false; }
    sendAvailability() {}
    unobscure() {}
  }

  class ConnModel extends BaseModel {
    static defaults = { id: 'me', ref: undefined, refTTL: undefined, wid: undefined, connected: false, platform: undefined, pushname: undefined };
    canSetMyPushname() { return true; }
  }

  class NetworkStatusModel extends BaseModel {
    static defaults = { online: true };
    async checkOnline() { return true; }
    async waitIfOffline() {}
  }

  class CmdImpl extends EventEmitter {
    constructor() {
      super();
      this.isMainLoaded = false;
      this.isOfflineDeliveryEnd = false;
      this.uiBusy = 0;
    }

    logout() { this.trigger('logout'); }
    onTemporaryBanFromBridge(ban) { this.trigger('account_temporarily_banned_from_bridge', ban); }
    onServiceUnavailableFromBridge() { this.trigger('service_unavailable_503_from_bridge'); }
    onUnexpectedLogoutModalFromBridge(reason) { this.trigger('unexpected_logout_modal_from_bridge', reason); }
    mainLoaded() {
      this.isMainLoaded = true;
      this.trigger('main_loaded');
    }
    onOfflineDeliveryEndFromBridge() {
      this.isOfflineDeliveryEnd = true;
      this.trigger('offline_delivery_end_from_bridge');
    }
    onOfflineDeliveryStateResetFromBridge() {
      this.isOfflineDeliveryEnd = false;
      this.trigger('offline_delivery_state_reset_from_bridge');
    }
  }
  // Commands of the user interface, most of which do nothing here.
  for (const name of ['openChatAt', 'openChatFromUnread', 'openChatBottom', 'closeChat', 'openModal', 'closeModal', 'openToast', 'closeToast', 'sendDeleteMsgs', 'sendStarMsgs', 'setActiveFilter']) {
    CmdImpl.prototype[name] = async function () {
      return true;
    };
  }
  if (config.cmd_refresh_qr) {
    CmdImpl.prototype.refreshQR = () => __standin.linking.refresh();
  }

  const Socket = new SocketModel();
  const Stream = new StreamModel();
  if (config.wa_js_ready_ms) setTimeout(() => Stream.mode ?? Stream.set({ mode: 'QR' }), config.wa_js_ready_ms);
  const Conn = new ConnModel();
  const Cmd = new CmdImpl();
  const NetworkStatus = new NetworkStatusModel();

  const BackendEvent = {
    LOGOUT: 'logout', REFRESH_QR: 'refresh_qr', STARTING_LOGOUT: 'starting_logout',
    SET_SOCKET_STATE: 'set_socket_state', OPEN_SOCKET_STREAM: 'open_socket_stream',
    SOCKET_STREAM_DISCONNECTED: 'socket_stream_disconnected', OFFLINE_DELIVERY_END: 'offline_delivery_end',
    OFFLINE_DELIVERY_STATE_RESET: 'offline_delivery_state_reset',
    ACCOUNT_TEMPORARILY_BANNED: 'account_temporarily_banned', SERVICE_UNAVAILABLE_503: 'service_unavailable_503',
    UNEXPECTED_LOGOUT_MODAL: 'unexpected_logout_modal',
    MAIN_STREAM_MODE_READY: 'main_stream_mode_ready', ON_INITIAL_CHAT_SYNCED: 'on_initial_chat_synced',
  };
  class BackendEventBusImpl extends EventEmitter {
    constructor() {
      super();
      this.isOfflineDeliveryEnd = false;
    }

    onOfflineDeliveryEnd(listener) { return this.on('offline_delivery_end', listener); }
    onceOfflineDeliveryEnd(listener) { return this.once('offline_delivery_end', listener); }
    triggerOfflineDeliveryEnd() {
      this.isOfflineDeliveryEnd = true;
      this.trigger('offline_delivery_end');
      Cmd.onOfflineDeliveryEndFromBridge();
    }
    triggerOfflineDeliveryStateReset() {
      this.isOfflineDeliveryEnd = false;
      this.trigger('offline_delivery_state_reset');
      Cmd.onOfflineDeliveryStateResetFromBridge();
    }
  }
  const BackendEventBus = new BackendEventBusImpl();

  /** Resolves at the end of the offline delivery, or when the page has waited long enough. */
  async function waitForOfflineDeliveryEnd() {
    if (BackendEventBus.isOfflineDeliveryEnd) return;
    await new Promise((resolve) => {
      BackendEventBus.onceOfflineDeliveryEnd(resolve);
      setTimeout(resolve, config.offline_hold_ms);
    });
  }
  Socket.on('change:state', (_, state) => BackendEventBus.trigger('set_socket_state', state));

  Object.assign(__standin, { Socket, Stream, Conn, Cmd, NetworkStatus, BackendEventBus, waitForOfflineDeliveryEnd });

  const { module } = __standin;
  module(0, 'WAWebBuildConstants', () => {
    const [primary, secondary, tertiary] = config.version.split('.');
    return {
      VERSION_STR: config.version, VERSION_BASE: config.version, SANITIZED_VERSION_STR: config.version,
      VERSION_PRIMARY: primary, VERSION_SECONDARY: secondary, VERSION_TERTIARY: tertiary, WINDOWS_BUILD: null,
    };
  });
  module(1, 'WAWebSocketConstants', () => ({ SOCKET_STATE, SOCKET_STREAM, WATCHED_SOCKET_STATE: mirror('OPEN', 'CLOSED') }));
  module(2, 'WAWebSocketModel', () => ({ Socket }));
  module(2, 'WAWebStreamModel', () => ({ Stream }));
  module(2, 'WAWebConnModel', () => ({ Conn }));
  module(2, 'WAWebCmd', () => ({ Cmd, CmdImpl }));
  module(2, 'WAWebNetworkStatus', () => ({ default: NetworkStatus }));
  module(2, 'WAWebEventsWaitForOfflineDeliveryEnd', () => ({
    initWaitForOfflineDeliveryEnd() {}, isOfflineDeliveryEnd: () => BackendEventBus.isOfflineDeliveryEnd, waitForOfflineDeliveryEnd,
  }));
  module(2, 'WAWebBackendEventBus', () => ({ BackendEvent, BackendEventBus }));
})();
