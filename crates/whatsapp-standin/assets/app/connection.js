'use strict';
// Manages the one connection to the server, and the states that follow from it.
(() => {
  const { Socket, Stream, Conn, Cmd, NetworkStatus, BackendEventBus, linking, messages, logout, storage, config, createWid, limits, history, onContacts } = __standin;
  const { identity } = linking;

  let ws = null;
  let ended = false;
  let blocked = false;
  let restarting = false;
  let pause = config.reconnect_ms;
  let lostAt = 0;
  let nextTag = 1;
  const asked = new Map();

  function say(line) {
    if (ws?.readyState !== WebSocket.OPEN) return false;
    ws.send(JSON.stringify(line));
    return true;
  }

  /** Sends a line that the server answers. The answer is lost with the connection. */
  function ask(line) {
    const tag = nextTag++;
    return new Promise((resolve, reject) => {
      if (!say({ ...line, tag })) return reject(new Error('not connected'));
      asked.set(tag, { resolve, reject });
    });
  }

  function answer(line) {
    const waiting = asked.get(line.tag);
    asked.delete(line.tag);
    if (line.t === 'failed') waiting?.reject(new Error(line.code));
    else waiting?.resolve(line);
  }

  function connect() {
    if (ended) return;
    ws = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws/chat`);
    const mine = ws;
    ws.onopen = () => {
      lostAt = 0;
      pause = config.reconnect_ms;
      NetworkStatus.set({ online: true });
      const { device, keys } = identity;
      say({ t: 'hello', device: device && { id: device.id, token: device.token }, keys });
    };
    ws.onmessage = ({ data }) => hear(JSON.parse(data));
    ws.onclose = () => {
      if (mine === ws) lost();
    };
  }

  function lost() {
    for (const { reject } of asked.values()) reject(new Error('connection lost'));
    asked.clear();
    if (ended) return;
    if (restarting) {
      // The page asked for the restart: log in again at once, without a navigation.
      restarting = false;
      return connect();
    }
    lostAt ||= Date.now();
    if (!blocked) {
      Socket.set({ stream: 'DISCONNECTED' });
      const late = Date.now() - lostAt >= config.page_timeout_ms;
      Socket.set({ state: late ? 'TIMEOUT' : 'OPENING' });
      if (late) {
        NetworkStatus.set({ online: false });
        Stream.set({ mode: Socket.hasSynced ? 'OFFLINE' : Stream.mode, info: 'OFFLINE' });
      }
    }
    BackendEventBus.trigger('socket_stream_disconnected');
    setTimeout(connect, pause);
    pause = Math.min(pause * 2, 2000);
  }

  const hearing = {
    code(line) {
      linking.onCode(line);
      // Without a mode it gets its first one later (`wa_js_ready_ms`).
      Stream.set({ mode: Stream.mode && 'QR', info: 'NORMAL' });
    },
    idle: () => linking.onIdle(),
    passkey_request: ({ options }) => __standin.passkey.onRequest(options),
    passkey_code: ({ code }) => __standin.passkey.onCode(code),
    passkey_options: answer,
    passkey_taken: answer,

    async pair({ device }) {
      Socket.set({ state: 'PAIRING' });
      Stream.set({ info: 'PAIRING' });
      identity.device = device;
      await storage.saveDevice(device);
      say({ t: 'paired' });
    },

    restart() {
      if (config.navigate_after_link) {
        end();
        return location.reload();
      }
      restarting = true;
    },

    /** The server rejects the login and closes the connection. */
    failure({ reason, code, expire }) {
      if (reason === 402) {
        BackendEventBus.trigger('account_temporarily_banned');
        Cmd.onTemporaryBanFromBridge({ banned: true, code, expire });
      } else if (reason === 503) {
        BackendEventBus.trigger('service_unavailable_503');
        Cmd.onServiceUnavailableFromBridge();
      }
    },

    welcome({ me }) {
      Cmd.onTemporaryBanFromBridge({ banned: false });
      Conn.set({ wid: createWid(`${me.user}@c.us`), pushname: me.pushname, platform: 'android', connected: true });
      Socket.set({ state: 'CONNECTED' });
      const back = Socket.hasSynced;
      if (back) BackendEventBus.triggerOfflineDeliveryStateReset();
      Socket.set({ stream: back ? 'RESUMING' : 'SYNCING' });
      Stream.set({ mode: back ? 'MAIN' : 'SYNCING', info: back ? 'RESUMING' : 'SYNCING' });
      if (!Cmd.isMainLoaded) Cmd.mainLoaded();
    },

    async sync({ percent, messages: list }) {
      history.reach(Math.min(percent, 99));
      Cmd.trigger('offline_progress_update_from_bridge');
      if (list.length) await messages.receive(list, true);
    },

    sync_done() {
      Socket.set({ hasSynced: true, canSend: true });
      Socket.set({ stream: 'CONNECTED' });
      Stream.set({ mode: 'MAIN', info: 'NORMAL' });
      Cmd.trigger('main_ready');
      __standin.onboarding.mainShown();
      // A visible and focused page shows the account as online.
      if (document.visibilityState === 'visible') Stream.markAvailable();
    },

    async offline({ messages: list }) {
      __standin.offlineProgress = 50;
      Cmd.trigger('offline_progress_update_from_bridge');
      await messages.receive(list, true);
    },

    offline_end() {
      __standin.offlineProgress = 100;
      if (config.refresh_window && !sessionStorage.getItem('refreshed')) {
        // With many messages waiting, the page reloads instead.
        sessionStorage.setItem('refreshed', '1');
        end();
        return location.reload();
      }
      BackendEventBus.triggerOfflineDeliveryEnd();
      messages.transmitUnsent();
    },

    message: ({ message }) => messages.receive([message], false),
    reveal: (line) => messages.onReveal(line),
    ack: (line) => messages.onAck(line),
    refused: (line) => messages.onRefused(line),
    contacts: onContacts,
    limits: (line) => limits.take(line),
    history: ({ percent }) => history.reach(percent),
    limits_now: answer,
    exists: answer,
    profile: answer,
    link_code: answer,
    failed: answer,
    logged_out: answer,
    unlinked: ({ reason }) => logout.leave(true, reason),

    conflict() {
      Socket.set({ stream: 'DISCONNECTED' });
      Socket.set({ state: 'CONFLICT' });
      Stream.set({ mode: 'CONFLICT' });
    },

    block({ state }) {
      blocked = true;
      Socket.set({ stream: 'DISCONNECTED' });
      Socket.set({ state });
      Stream.set({ mode: state });
    },

    unblock() {
      if (!blocked) return;
      blocked = false;
      restarting = true;
      Socket.set({ state: 'OPENING' });
      ws.close();
    },

    unexpected_logout: ({ reason }) => Cmd.onUnexpectedLogoutModalFromBridge(reason),
    store: (what) => messages.storeUntold(what),
    forget: ({ key }) => storage.forget(key).then(() => say({ t: 'stored' })),
    link_code_event({ name }) {
      linking.events.trigger(`link_device_events:${name}`);
    },

    drop_events({ ms }) {
      __standin.silentUntil = Date.now() + ms;
    },

    hang({ ms }) {
      const until = Date.now() + ms;
      while (Date.now() < until);
    },
  };

  // Handle one line after another, since handling a line may involve waiting for the profile.
  let turn = Promise.resolve();
  function hear(line) {
    if (blocked && !['block', 'unblock', 'hang', 'drop_events', 'unlinked'].includes(line.t)) return;
    const act = hearing[line.t];
    const ordered = ['sync', 'sync_done', 'offline', 'offline_end', 'message', 'reveal'].includes(line.t);
    if (ordered) turn = turn.then(() => act(line)).catch((error) => console.error(error));
    else Promise.resolve(act(line)).catch((error) => console.error(error));
    __standin.ui?.draw();
  }

  function end() {
    ended = true;
    ws?.close();
  }

  function takeover() {
    Socket.set({ state: 'OPENING' });
    say({ t: 'takeover' });
  }

  /** Reports the page's long tasks, for the phone's API. */
  function watchTasks() {
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) {
        say({ t: 'long_task', at: performance.timeOrigin + startTime, ms: duration });
      }
    }).observe({ type: 'longtask' });
  }

  async function launch() {
    watchTasks();
    identity.keys = await storage.keys();
    identity.device = (await storage.device()) ?? null;
    if (identity.device) await messages.remember();
    Socket.set({ state: 'OPENING', launched: true });
    connect();
    // Describe the browser once there is time for it.
    setTimeout(() => __standin.browser.describe(), 1000);
  }

  Stream.on('change:available', () => say({ t: 'presence', available: Boolean(Stream.available) }));

  __standin.connection = { say, ask, end, takeover, launch };
})();
